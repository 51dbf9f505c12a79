"""Structured logs of both sides: one JSON object a line, an event and keys, nobody's name."""

import json
import logging
import sys
import warnings
from collections.abc import Iterable
from datetime import UTC, datetime
from types import TracebackType
from typing import Final, TextIO

_ATTRIBUTE: Final = "dosebook_keys"
# Libraries whose messages can quote values of data elements; our own code logs what matters.
_QUOTING: Final = ("pynetdicom", "pydicom", "dosebook_protocol")


class JsonFormatter(logging.Formatter):
    """Formats a record as one line of JSON. Tracebacks name code, never the exception's text."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
        }
        line |= getattr(record, _ATTRIBUTE, {})
        if record.exc_info and record.exc_info[0] is not None:
            line["error_type"] = record.exc_info[0].__name__
            line["error_at"] = places(record.exc_info[2])
        return json.dumps(line, ensure_ascii=False, default=str)


def places(traceback: TracebackType | None) -> list[str]:
    """Return where an error came through: file, line and function of each frame."""
    found = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        found.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return found


def log(
    logger: logging.Logger,
    level: int,
    event: str,
    *,
    error: BaseException | None = None,
    **keys: object,
) -> None:
    """Log one event with its keys, and of an error its type and where it came through."""
    logger.log(level, event, exc_info=error, extra={_ATTRIBUTE: keys})


def set_up(
    level: str = "info", stream: TextIO | None = None, *, only_warnings: Iterable[str] = ()
) -> None:
    """Send every log of this process to one stream as JSON; of some libraries only warnings."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    for name in only_warnings:
        logging.getLogger(name).setLevel(max(root.level, logging.WARNING))
    hush_quoting_libraries()


def hush_quoting_libraries() -> None:
    """Silence what could quote patient data, and what costs time for each PDU."""
    warnings.filterwarnings("ignore", module=r"pydicom|pynetdicom")
    for name in _QUOTING:
        quoting = logging.getLogger(name)
        quoting.setLevel(logging.CRITICAL + 1)
        quoting.propagate = False
