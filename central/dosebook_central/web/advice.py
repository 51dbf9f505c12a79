"""What to do about a quarantined object, by the stable code of its reason."""

from typing import Final

_ADVICE: Final = {
    "signature": "The record was not signed by this box's key. If the box was replaced, enrol the "
    "new one and replay; else have its room visited.",
    "box-unknown": "No box of this name is enrolled. Enrol it with dosebook-registry box add, then "
    "replay.",
    "box-revoked": "The box was revoked. If that was a mistake, enrol it again and replay.",
    "evidence": "The object's bytes are not those that were signed. Ask for the object to be sent "
    "again; this one stays as it came.",
    "message": "The message cannot be taken apart. Compare the versions of box and registry: "
    "dosebook-box status, dosebook-registry --version.",
    "topic": "Something other than a box writes to the broker. Check who may publish there.",
    "other-box": "One box sent what another one signed. No two boxes may share a disk image.",
    "ledger": "The box used one number of its ledger twice, as after a restored disk. Enrol it "
    "again so that it begins a new ledger.",
    "not-stored": "The database refused it. Update the registry, then replay.",
    "unreadable": "The reader does not understand this object yet. After an update with a newer "
    "reader, replay it; meanwhile the original is kept.",
    "unit": "A unit in the object is unknown, and units are never guessed. Have the modality's "
    "vendor correct it, or wait for a reader that knows the unit, then replay.",
    "estimates": "Nothing is lost: the exams that it speaks of count from their own reports. Leave "
    "it until a reader takes estimates in, or set it aside.",
    "damaged": "Send the object again from the modality or the archive, then set this one aside; "
    "it stays as it came.",
    "conflict": "The record contradicts one that is stored. Compare both before replaying.",
}
_DEFAULT: Final = (
    "The original is kept. Replay after an update or a correction, or set it aside with a note."
)


# An unreadable object says in its reason what is missing.
_BY_REASON: Final = (
    ("unknown unit", _ADVICE["unit"]),
    ("Patient Radiation Dose SR", _ADVICE["estimates"]),
    ("not a whole DICOM object", _ADVICE["damaged"]),
)


def what_to_do(code: str, reason: str = "") -> str:
    """Advice for a code; codes of one family share it: `unit-unknown` reads as `unit`."""
    if code == "unreadable":
        found = (advice for phrase, advice in _BY_REASON if phrase in reason)
        return next(found, _ADVICE[code])
    if code in _ADVICE:
        return _ADVICE[code]
    return next((text for key, text in _ADVICE.items() if code.startswith(key)), _DEFAULT)
