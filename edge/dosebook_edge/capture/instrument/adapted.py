"""A profile with the few settings that its maker leaves to the site."""

from collections.abc import Mapping

from dosebook_edge.capture.instrument.loader import ADAPTER, ProfileError
from dosebook_edge.capture.instrument.profile import ModbusProfile, Profile

LINE_KEYS = ("baudrate", "bytesize", "parity", "stopbits", "rtscts")


def adapted(profile: Profile, settings: Mapping[str, int | str | bool]) -> Profile:
    """The profile with settings of the line, or the `unit_id` of a Modbus instrument, replaced.

    Raises:
        ProfileError: the profile does not leave that to the site (`transport.site_sets`), or the
            value is none.
    """
    if not settings:
        return profile
    transport: dict[str, object] = {}
    changes: dict[str, object] = {}
    for key, value in settings.items():
        if key not in profile.transport.site_sets:
            free = ", ".join(profile.transport.site_sets) or "nothing"
            raise ProfileError(f"{profile.id}: {key} is not the site's to set, only {free}")
        if key in LINE_KEYS:
            transport[key] = value
        elif key == "unit_id" and isinstance(profile, ModbusProfile):
            questions = [one.model_dump() | {"unit_id": value} for one in profile.question]
            changes["question"] = questions
        else:
            raise ProfileError(f"{profile.id}: write a copy of the profile to set {key}")
    tree = profile.model_dump(mode="json", exclude_none=True) | changes
    tree["transport"] |= transport
    try:
        return ADAPTER.validate_python(tree, strict=False)
    except ValueError as error:
        raise ProfileError(f"{profile.id}: {error}") from None
