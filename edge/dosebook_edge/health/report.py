"""Health for the registry and status for people, from the same facts."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

from dosebook_edge import __version__
from dosebook_edge.capture.source import SourceStatus
from dosebook_edge.outbox import OutboxStatus
from dosebook_protocol.reading import READER_VERSION
from dosebook_protocol.record import Clock, Health, SourceHealth

_AT_LEAST_EVERY_S: Final = 60.0


class UplinkView(Protocol):
    """What the report needs of the uplink."""

    @property
    def state(self) -> str:
        """Name of its state."""
        ...

    @property
    def detail(self) -> str:
        """Why it is in that state."""
        ...


@dataclass(frozen=True, slots=True)
class Facts:
    """Where the report looks."""

    box_id: str
    room: str
    started_at: datetime
    clock: Callable[[], Clock]
    outbox: Callable[[], OutboxStatus]
    sources: Callable[[], Sequence[SourceStatus]]
    uplink: Callable[[], UplinkView | None]
    certificate_days_left: Callable[[], int | None]


def health_of(facts: Facts) -> Health:
    """The message to the registry."""
    outbox = facts.outbox()
    uplink = facts.uplink()
    return Health(
        box_id=facts.box_id,
        at=datetime.now(UTC),
        box_version=__version__,
        reader_version=READER_VERSION,
        started_at=facts.started_at,
        clock=facts.clock(),
        outbox_waiting=outbox.waiting,
        outbox_oldest_at=outbox.oldest_waiting_at,
        outbox_last_sequence=outbox.last_sequence,
        outbox_acknowledged_sequence=outbox.acknowledged_sequence,
        disk_used_percent=round(outbox.disk_used_percent, 1),
        disk_free_bytes=outbox.disk_free_bytes,
        certificate_days_left=facts.certificate_days_left() or 0,
        uplink_state=uplink.state if uplink else "disabled",
        sources=tuple(
            SourceHealth(
                name=one.name,
                kind=one.kind,
                state=one.state,
                detail=one.detail,
                last_record_at=one.last_record_at,
                refused=one.refused,
            )
            for one in facts.sources()
        ),
    )


def status_of(facts: Facts, problems: Sequence[str]) -> dict[str, Any]:
    """What `dosebook-box status` shows, as plain values."""
    uplink = facts.uplink()
    health = health_of(facts).model_dump(mode="json")
    ports = {one.name: one.port for one in facts.sources()}
    for source in health["sources"]:
        source["port"] = ports[source["name"]]
    outbox = facts.outbox()
    return health | {
        "room": facts.room,
        "outbox_level": outbox.level,
        "outbox_used_percent": round(outbox.used_percent, 1),
        "uplink_detail": uplink.detail if uplink else "",
        "certificate_days_left": facts.certificate_days_left(),
        "config_problems": list(problems),
    }


class StatusFile:
    """The status beside the outbox, written only when something changed or a minute has passed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._last: tuple[str, float] = ("", 0.0)

    def write(self, status: dict[str, Any], monotonic_s: float) -> bool:
        """Replace the file where it is due; whether it was."""
        stable = {name: value for name, value in status.items() if name not in ("at", "clock")}
        # Free space moves all the time; a whole percent is a change, a block is not.
        stable["disk_free_bytes"] = round(status["disk_used_percent"])
        stable["clock"] = status["clock"]["quality"]
        content = json.dumps(stable, sort_keys=True)
        last, written_at = self._last
        if content == last and monotonic_s - written_at < _AT_LEAST_EVERY_S:
            return False
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(status, indent=2) + "\n", encoding="utf-8")
        new.replace(self._path)
        self._last = (content, monotonic_s)
        return True
