"""The container of a screen: one form, everything else is refused with a reason."""

from typing import Any

import cbor2
import pytest

from dosebook_protocol.screen import ScreenError, pack, pending_item, pending_of, unpack
from tests.support.screens import evidence, png, value


def test_what_was_packed_comes_out_again() -> None:
    """Frame, crops and report survive the container unchanged."""
    screen = evidence(value("SCREEN/dlp[1]", "816.10"))
    assert unpack(pack(screen)) == screen


@pytest.mark.parametrize(
    ("damage", "reason"),
    [
        (lambda data: data[:-7], "not CBOR"),
        (lambda data: data + b"\0", "bytes follow"),
        (lambda _: b"", "not CBOR"),
        (lambda _: cbor2.dumps({"frame": b""}), "not a map of frame"),
    ],
)
def test_a_damaged_container_is_refused(damage: object, reason: str) -> None:
    """Cut, longer or foreign bytes never open."""
    data = pack(evidence(value("SCREEN/dlp[1]", "816.10")))
    with pytest.raises(ScreenError, match=reason):
        unpack(damage(data))  # type: ignore[operator]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"frame": b"<svg onload=alert(1)>"}, "frame: not a PNG"),
        ({"frame": png(10, 10)}, "another size"),
        ({"crops": {}}, "has no crop"),
        ({"crops": {"SCREEN/dlp[1]": b"GIF89a"}}, "not a PNG"),
        ({"crops": {"SCREEN/dlp[1]": png(9, 9), "SCREEN/x": png(9, 9)}}, "no value"),
        ({"reading": {"version": 2}}, "version"),
        ({"reading": b"\0"}, "reading"),
    ],
)
def test_a_container_of_another_form_is_refused(changes: dict[str, object], reason: str) -> None:
    """Only grey PNGs and a report that a box writes are ever shown to a person."""
    tree = cbor2.loads(pack(evidence(value("SCREEN/dlp[1]", "816.10"))))
    with pytest.raises(ScreenError, match=reason):
        unpack(cbor2.dumps(tree | changes))


@pytest.mark.parametrize(
    "changes",
    [{"unit": "mGy"}, {"quantity": "dose"}, {"path": "SCREEN/../x"}, {"confidence": 1.1}],
)
def test_a_value_that_means_nothing_is_refused(changes: dict[str, Any]) -> None:
    """A unit that does not measure the quantity is no value (P1)."""
    with pytest.raises(ValueError, match="validation error"):
        value(**({"path": "SCREEN/dlp[1]", "text": "816.10"} | changes))


def test_a_pending_value_names_itself_on_the_wire() -> None:
    """What waits for a person is an item, never a dose value."""
    pending = pending_of(pending_item(value("SCREEN/dlp[1]", "816.10")))
    assert pending is not None
    assert (pending.path, pending.quantity, pending.text) == (
        "SCREEN/dlp[1]",
        "dlp",
        "816.10 mGy.cm",
    )
