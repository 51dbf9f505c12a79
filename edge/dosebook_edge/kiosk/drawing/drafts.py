"""Drafts of profiles on the box: each a folder of sealed files, gone with its pictures.

A picture may show a patient: nothing of a draft is readable without the key of the outbox, and
what nobody touches for a month is deleted.
"""

import json
import secrets
import shutil
import threading
from collections.abc import Callable
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from dosebook_edge.outbox.vault import Vault
from dosebook_protocol.durable import write_durably
from dosebook_protocol.screen_drawing.drawn import MOST_PICTURES, Draft, Drawn, PictureSize, sized
from dosebook_protocol.screen_drawing.form import Tree
from dosebook_protocol.screen_drawing.upload import Upload

MOST_DRAFTS: Final = 4
KEPT_FOR: Final = timedelta(days=30)
_BODY: Final = "draft"
_MODE: Final = 0o600


class DraftError(Exception):
    """What is asked of a draft cannot be done; the text says why, and what to do."""


class Drafts:
    """The drafts of one box. Thread-safe."""

    def __init__(
        self,
        folder: Path,
        vault: Vault,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._folder = folder
        self._vault = vault
        self._now = now
        self._lock = threading.RLock()

    def all(self) -> list[Draft]:
        """Every draft, the latest first; what nobody touched for long is deleted."""
        found = []
        with self._lock:
            for path in self._folder.glob("*/"):
                draft = self.get(path.name)
                if draft is None or self._now() - draft.changed_at > KEPT_FOR:
                    shutil.rmtree(path)
                else:
                    found.append(draft)
        return sorted(found, key=lambda one: one.changed_at, reverse=True)

    def begin(self, tree: Tree, who: str) -> Draft:
        """An empty draft, or of a profile; raises `DraftError`."""
        with self._lock:
            if len(self.all()) >= MOST_DRAFTS:
                raise DraftError(f"There are {MOST_DRAFTS} drafts: delete one that is done.")
            return self._write(Draft(secrets.token_hex(8), 0, Drawn(tree), who, self._now()), who)

    def get(self, draft_id: str) -> Draft | None:
        """One draft, or None."""
        data = self._unsealed(draft_id, _BODY)
        if data is None:
            return None
        said = json.loads(data)
        return Draft(
            draft_id,
            said["version"],
            Drawn(**said["drawn"]),
            said["changed_by"],
            datetime.fromisoformat(said["changed_at"]),
            tuple(PictureSize(**one) for one in said["pictures"]),
        )

    def keep(self, draft: Draft, version: int, drawn: Drawn, who: str) -> Draft | None:
        """The draft with what was drawn; None where it is another version by now, or gone."""
        with self._lock:
            stands = self.get(draft.id)
            if stands is None or stands.version != version:
                return None
            return (
                stands if stands.drawn == drawn else self._write(replace(stands, drawn=drawn), who)
            )

    def add_picture(self, draft_id: str, picture: Upload, who: str, *, grabbed: bool) -> None:
        """Add a picture; the first one says how large the screen is. Raises `DraftError`."""
        with self._lock:
            draft = self._wanted(draft_id)
            if len(draft.pictures) >= MOST_PICTURES:
                raise DraftError(f"{MOST_PICTURES} pictures at most: delete one first.")
            number = max((one.number for one in draft.pictures), default=0) + 1
            self._seal(draft_id, f"picture-{number}", picture.png)
            size = PictureSize(number, picture.width, picture.height)
            drawn = replace(
                draft.drawn,
                profile=sized(draft.drawn.profile, picture.width, picture.height),
                grabbed=draft.drawn.grabbed or grabbed,
            )
            self._write(replace(draft, drawn=drawn, pictures=(*draft.pictures, size)), who)

    def picture(self, draft_id: str, number: int) -> bytes | None:
        """A picture as PNG, or None."""
        return self._unsealed(draft_id, f"picture-{number}")

    def remove_picture(self, draft_id: str, number: int, who: str) -> None:
        """Delete a picture; raises `DraftError`."""
        with self._lock:
            draft = self._wanted(draft_id)
            left = tuple(one for one in draft.pictures if one.number != number)
            self._write(replace(draft, pictures=left), who)
            self._path(draft_id, f"picture-{number}").unlink(missing_ok=True)

    def delete(self, draft_id: str) -> None:
        """Delete a draft with its pictures."""
        with self._lock:
            path = self._path(draft_id, _BODY)
            if path.is_file():
                path.unlink()
                shutil.rmtree(path.parent)

    def _wanted(self, draft_id: str) -> Draft:
        draft = self.get(draft_id)
        if draft is None:
            raise DraftError("That draft is gone: somebody deleted it.")
        return draft

    def _write(self, draft: Draft, who: str) -> Draft:
        kept = replace(draft, version=draft.version + 1, changed_by=who, changed_at=self._now())
        said = {
            "version": kept.version,
            "drawn": kept.drawn.body(),
            "changed_by": kept.changed_by,
            "changed_at": kept.changed_at.isoformat(),
            "pictures": [asdict(one) for one in kept.pictures],
        }
        self._seal(kept.id, _BODY, json.dumps(said).encode())
        return kept

    def _seal(self, draft_id: str, name: str, data: bytes) -> None:
        sealed = self._vault.seal(f"screen-draft|{draft_id}|{name}", data)
        try:
            write_durably(self._path(draft_id, name), sealed, _MODE)
        except OSError as error:
            raise DraftError(f"It is not kept: {error.strerror}. Free space on the box.") from None

    def _unsealed(self, draft_id: str, name: str) -> bytes | None:
        try:
            sealed = self._path(draft_id, name).read_bytes()
        except FileNotFoundError:
            return None
        return self._vault.unseal(f"screen-draft|{draft_id}|{name}", sealed)

    def _path(self, draft_id: str, name: str) -> Path:
        if not draft_id.isalnum():
            raise DraftError("That is no draft.")
        return self._folder / draft_id / name
