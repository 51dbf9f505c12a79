"""A profile with what the site sets otherwise on its line."""

from dosebook_edge.capture.instrument.profile.model import ModbusProfile, Profile, Serial


class SiteError(ValueError):
    """The site may not set this; the text says what it may."""


def with_site(profile: Profile, *, baudrate: int | None, unit_id: int | None) -> Profile:
    """The profile with the site's baud rate and Modbus unit; raises `SiteError`."""
    for key, value in (("baudrate", baudrate), ("unit_id", unit_id)):
        if value is not None and key not in profile.transport.site_sets:
            allowed = ", ".join(profile.transport.site_sets) or "nothing"
            raise SiteError(
                f"the profile {profile.id} does not let a site set {key} (it lets it set: "
                f"{allowed}): copy the profile and change it there"
            )
    if baudrate is not None and isinstance(profile.transport, Serial):
        transport = profile.transport.model_copy(update={"baudrate": baudrate})
        profile = profile.model_copy(update={"transport": transport})
    if unit_id is not None and isinstance(profile, ModbusProfile):
        asked = tuple(one.model_copy(update={"unit_id": unit_id}) for one in profile.question)
        profile = profile.model_copy(update={"question": asked})
    return profile
