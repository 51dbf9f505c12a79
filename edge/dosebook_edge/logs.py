"""Structured logs: one JSON object a line, an event name and keys, nothing about a patient."""

import json
import logging
import sys
import warnings
from datetime import UTC, datetime
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
            line["error_at"] = _where(record)
        return json.dumps(line, ensure_ascii=False, default=str)


def _where(record: logging.LogRecord) -> list[str]:
    traceback = record.exc_info[2] if record.exc_info else None
    places = []
    while traceback is not None:
        code = traceback.tb_frame.f_code
        places.append(f"{code.co_filename.rpartition('/')[2]}:{traceback.tb_lineno} {code.co_name}")
        traceback = traceback.tb_next
    return places


def log(logger: logging.Logger, level: int, event: str, **keys: object) -> None:
    """Log one event with its keys."""
    logger.log(level, event, extra={_ATTRIBUTE: keys})


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log of this process to one stream as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    hush_quoting_libraries()
    warnings.filterwarnings("ignore", module=r"pydicom|pynetdicom")


def hush_quoting_libraries() -> None:
    """Silence what could quote patient data, and what costs time for each PDU."""
    for name in _QUOTING:
        quoting = logging.getLogger(name)
        quoting.setLevel(logging.CRITICAL + 1)
        quoting.propagate = False
