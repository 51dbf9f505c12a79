"""A box in words: what state it is in, why, and what to do."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from dosebook_central.store.queries.boxes import BoxState
from dosebook_central.web.numbers import THIN, parse_moment, since_text, span_text
from dosebook_protocol.language import ngettext

SILENT_AFTER: Final = timedelta(minutes=5)  # health comes every minute
_REUSE_SHOWN_FOR: Final = timedelta(days=7)
_CERTIFICATE_WARNING_DAYS: Final = 30
_DISK_WARNING_PERCENT: Final = 80
IMPORTS: Final = "registry"
"""The registry's own imports stand in the ledger under this box id."""


@dataclass(frozen=True, slots=True)
class SourceState:
    """One source of a box."""

    name: str
    kind: str
    state: str
    detail: str
    last: str
    refused: int


@dataclass(frozen=True, slots=True)
class BoxWords:
    """One box as its row shows it; `level` is ok, info, warn or alert."""

    box: BoxState
    level: str
    word: str
    advice: tuple[str, ...]
    last_seen: str
    last_dose: str
    waiting: int | None
    lag: str
    clock: str
    disk_percent: int | None
    certificate_days: int | None
    missing: int
    sources: tuple[SourceState, ...]
    version: str

    @property
    def is_registry(self) -> bool:
        """Whether this is no box, but what the registry imports itself."""
        return self.box.id == IMPORTS


def describe(box: BoxState, now: datetime) -> BoxWords:
    """Put a box in words; the gravest state names the row, all of them give advice."""
    health: dict[str, Any] = box.health or {}
    troubles = list(_troubles(box, health, now))
    level, word = (troubles[0][0], troubles[0][1]) if troubles else ("ok", "online")
    if box.id == IMPORTS and not troubles:
        word = "this registry"
    oldest = parse_moment(health.get("outbox_oldest_at"))
    return BoxWords(
        box=box,
        level=level,
        word=word,
        advice=tuple(advice for _, _, advice in troubles if advice),
        last_seen=since_text(box.last_seen_at, now),
        last_dose=since_text(box.last_record_at, now),
        waiting=health.get("outbox_waiting"),
        lag=span_text(now - oldest) if oldest and oldest <= now else "",
        clock=_clock(health),
        disk_percent=round(health["disk_used_percent"]) if "disk_used_percent" in health else None,
        certificate_days=_certificate_days(box, now),
        missing=sum(gap.count for gap in box.gaps),
        sources=tuple(_source(one, now) for one in health.get("sources", ())),
        version=health.get("box_version", ""),
    )


def _troubles(box: BoxState, health: dict[str, Any], now: datetime) -> list[tuple[str, str, str]]:
    if box.status == "revoked":
        return [("info", "revoked", f"Revoked: {box.revoked_reason or 'no reason given'}.")]
    found: list[tuple[int, str, str, str]] = []
    if box.id != IMPORTS:
        found += _silence(box, now)
    found += _ledger_troubles(box, now)
    failed = [one["name"] for one in health.get("sources", ()) if one.get("state") == "failed"]
    if failed:
        names = ", ".join(failed)
        found.append(
            (
                0,
                "alert",
                "source failed",
                f"{names} cannot capture: run dosebook-box check {failed[0]} in the room.",
            )
        )
    disk = health.get("disk_used_percent", 0)
    if disk >= _DISK_WARNING_PERCENT:
        found.append(
            (
                1,
                "warn",
                "disk filling",
                (
                    f"Its disk is {disk:.0f}{THIN}% full: restore its "
                    "link so that it can hand over and clear what is confirmed."
                ),
            )
        )
    days = _certificate_days(box, now)
    if days is not None and days < _CERTIFICATE_WARNING_DAYS:
        word = "certificate ended" if days < 0 else "certificate ends"
        when = "has ended" if days < 0 else f"ends in {days}{THIN}d"
        found.append(
            (
                0 if days < 0 else 2,
                "alert" if days < 0 else "warn",
                word,
                f"Its certificate {when}: renew it with dosebook-registry box renew.",
            )
        )
    return [(level, word, advice) for _, level, word, advice in sorted(found)]


def _ledger_troubles(box: BoxState, now: datetime) -> list[tuple[int, str, str, str]]:
    found: list[tuple[int, str, str, str]] = []
    if box.gaps:
        missing = sum(gap.count for gap in box.gaps)
        are = ngettext("%(num)d record is", "%(num)d records are", missing)
        advice = (
            f"{are} missing from its sequence; the registry asks for them, and the box sends again "
            "by itself what it still keeps. Of what stays missing, let the modality or the PACS "
            "send those days again."
        )
        found.append((1, "warn", "records missing", advice))
    if box.reused_at is not None and now - box.reused_at < _REUSE_SHOWN_FOR:
        came = ngettext("%(num)d record came", "%(num)d records came", box.reused)
        advice = (
            f"{came} under numbers that it had given before: its outbox was "
            "lost or restored from a copy, or a second box runs with its key. Every dose counts. "
            "Give a box that was copied or set up anew an id of its own."
        )
        found.append((2, "warn", "numbers given twice", advice))
    return found


def _silence(box: BoxState, now: datetime) -> list[tuple[int, str, str, str]]:
    if box.last_seen_at is None:
        return [(2, "info", "waiting for it", "Added, not heard of yet: start it in its room.")]
    if now - box.last_seen_at <= SILENT_AFTER:
        return []
    return [
        (
            0,
            "alert",
            "silent",
            (
                f"Not heard of for {span_text(now - box.last_seen_at)}: check its "
                "power and link. It keeps capturing and loses nothing."
            ),
        )
    ]


def _certificate_days(box: BoxState, now: datetime) -> int | None:
    if box.certificate_expires_at is None:
        return None
    return (box.certificate_expires_at - now).days


def _clock(health: dict[str, Any]) -> str:
    clock = health.get("clock") or {}
    quality = clock.get("quality", "") if health else ""
    doubt = clock.get("uncertainty_s")
    if doubt is None:
        return quality
    span = f"{doubt * 1000:.0f}{THIN}ms" if doubt < 1 else f"{doubt:.0f}{THIN}s"
    return f"{quality} ±{span}"


def _source(source: dict[str, Any], now: datetime) -> SourceState:
    last = parse_moment(source.get("last_record_at"))
    return SourceState(
        name=source.get("name", ""),
        kind=source.get("kind", ""),
        state=source.get("state", ""),
        detail=source.get("detail", ""),
        last=since_text(last, now) if last else "no dose yet",
        refused=source.get("refused", 0),
    )
