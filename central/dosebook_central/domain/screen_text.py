"""What a person's number for a value on a screen confirms, in storage units."""

from dosebook_central.domain.screen_review import Confirmed
from dosebook_protocol.quantities import QUANTITIES, plain, to_storage
from dosebook_protocol.reading import DoseValue
from dosebook_protocol.screen import ScreenValue
from dosebook_protocol.screen_text import number_in


def confirm(value: ScreenValue, text: str) -> Confirmed:
    """What a person confirms by this text, in storage units; raises `TypedError`, `UnitError`."""
    number = number_in(value, text).number
    stored = plain(to_storage(number, value.unit, value.quantity))
    unit = QUANTITIES[value.quantity].unit
    return Confirmed(
        DoseValue(value.quantity, stored, unit, text.strip(), value.unit, value.path),
        value.place.event_uid,
        value.place.plane,
        value.place.side,
        value.place.phantom,
    )
