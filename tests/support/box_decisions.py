"""Decisions of persons at a box on values of its screens, for tests of whoever takes them."""

from hashlib import sha256
from typing import Any
from uuid import uuid4

from dosebook_protocol.screen import ScreenEvidence, pack
from dosebook_protocol.screen_decision import BoxDecision
from tests.support.registry import NOW


def decision_on(
    screen: ScreenEvidence, record_id: str, path: str, act: str, **changes: Any
) -> BoxDecision:
    """What a person decides who saw the crop of a value; `text` is what they confirm."""
    value = next(one for one in screen.report.values if one.path == path)
    fields: dict[str, Any] = {
        "id": uuid4().hex,
        "record_id": record_id,
        "evidence_sha256": sha256(pack(screen)).hexdigest(),
        "path": path,
        "crop_sha256": sha256(screen.crops[path]).hexdigest(),
        "shown": value.text,
        "act": act,
        "text": value.text if act == "accept" else "",
        "note": "cannot be read in the crop" if act == "reject" else "",
        "by": "R. Graf",
        "at": NOW,
    }
    return BoxDecision(**(fields | changes))
