"""One procedure that reaches a registry under two studies: a report, and what repeats it."""

from dataclasses import replace
from typing import Any

from dosebook_central.same_exams.look import observe
from dosebook_protocol.reading import Equipment, EventKind, Patient, Reading
from tests.support.derivation import derive_all
from tests.support.readings import PATIENT, event, reading, total
from tests.support.registry import RegistryUnderTest, SigningBox

ROOM = Equipment(manufacturer="Siemens", model="AXIOM-Artis", station_name="ANGIO1")
SHOTS = (("10:02:11", "1.204"), ("10:05:40", "0.377"), ("10:19:02", "2.655"))


def xray(
    study: str = "1.9", *, shots: Any = SHOTS, patient: Patient = PATIENT, **fields: Any
) -> Reading:
    """A projection dose report: events with moment and KAP, and their total."""
    made = reading(
        "rdsr-projection",
        uid=fields.pop("uid", f"{study}.1"),
        events=[
            event(f"{study}.1.{place}", EventKind.PROJECTION, at=f"2026-03-02T{at}",
                  dose_area_product=dose)
            for place, (at, dose) in enumerate(shots)
        ],
        totals=[total("dose_area_product", str(sum(float(dose) for _, dose in shots)))],
        patient=patient,
        equipment=fields.pop("equipment", ROOM),
        modality="XA",
        **fields,
    )  # fmt: skip
    return in_study(made, study)


def screen(study: str = "1.8", dose: str = "4.24", **fields: Any) -> Reading:
    """A dose screen that was sent as a secondary capture under a study of its own."""
    made = reading(
        "dose-sc-header",
        uid=f"{study}.1",
        created="2026-03-02T10:24:00",
        totals=[total("dose_area_product", dose)],
        equipment=fields.pop("equipment", ROOM),
        modality="XA",
        **fields,
    )
    return in_study(made, study)


def in_study(made: Reading, study: str, time: str = "100100") -> Reading:
    """The same reading under another study."""
    known = replace(made.study, uid=study, time=time, description="Coronary angiography")
    return replace(made, study=known, scope_uid=study)


def take_in(registry: RegistryUnderTest, box: SigningBox, *readings: Reading) -> None:
    """Take readings in, one record each, derive what follows, and look for exams that are one."""
    for one in readings:
        (status,) = registry.statuses(box.message(repr(one).encode(), one))
        assert status == "stored", status
    derive_all(registry, observers=[observe])
