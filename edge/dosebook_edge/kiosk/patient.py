"""How much of a patient the kiosk shows: as far as the site's policy goes, and no identifier."""

from typing import Final, Literal

from dosebook_protocol.reading import Patient

Policy = Literal["nothing", "initials", "name"]

UNKNOWN: Final = "no name is known"


def patient_text(patient: Patient, policy: Policy) -> str:
    """Initials or name with the year of birth; "" where nothing may be shown.

    Of a name in several writings (PS3.5 section 6.2.1) the first is taken.
    """
    if policy == "nothing":
        return ""
    parts = [one for one in patient.name.partition("=")[0].split("^")[:2] if one.strip()]
    if policy == "initials":
        parts = [f"{one.strip()[0]}." for one in parts]
    year = patient.birth_date[:4]
    shown = " ".join(one.strip() for one in parts)
    return ", ".join(one for one in (shown, year) if one) or UNKNOWN
