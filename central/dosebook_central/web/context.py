"""What the pages need from the rest of the registry, as seams that the composition root fills."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

from flask import current_app
from sqlalchemy import Engine


class EvidenceReader(Protocol):
    """The evidence store, as pages use it."""

    def get(self, sha256: str) -> bytes:
        """Return the bytes of a hash; raises KeyError or OSError when they are not there."""
        ...


class Replayer(Protocol):
    """Feed a quarantined message to ingest once more."""

    def replay(self, item_id: str) -> tuple[bool, str]:
        """Return whether it is accepted now, and what happened in one sentence."""
        ...


class Importer(Protocol):
    """Import files in the background."""

    def start(self, folder: Path, created_by: str) -> str:
        """Import everything in a folder, delete the folder when done; returns the job's id."""
        ...


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class WebContext:
    """Everything that pages reach; `secret_key` signs sessions and must survive a restart."""

    engine: Engine
    evidence: EvidenceReader
    secret_key: bytes
    version: str
    replayer: Replayer | None = None
    importer: Importer | None = None
    secure_cookies: bool = True
    idle_time: timedelta = timedelta(minutes=60)
    upload_limit_bytes: int = 2 * 1024**3
    upload_folder: Path | None = None
    organisation: str = ""
    screen_reader: str = "dosebook-box"  # program that reads pictures back; "" for none
    country: str = ""  # ISO 3166 alpha-2: whose reference levels come first
    subdivision: str = ""  # ISO 3166-2: whose exemptions hold, where they are not the country's
    intake_trouble: Callable[[], str] = field(default=lambda: "")  # why doses are not taken in
    now: Callable[[], datetime] = _now

    @property
    def place(self) -> str:
        """Where this registry is, as rules of a place name it."""
        return self.subdivision or self.country


def context() -> WebContext:
    """The context of the application that serves this request."""
    found: WebContext = current_app.extensions["dosebook"]
    return found
