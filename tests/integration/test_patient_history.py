"""One dose history of a patient across boxes, sites and priors, on both engines."""

import pytest

from dosebook_central.store.models import Patient
from dosebook_central.store.queries.cumulative import get_doses
from dosebook_central.store.queries.history import get_history
from dosebook_protocol.codes import Key
from dosebook_protocol.reading import Code, Equipment, EventKind
from tests.support.derivation import derive_all
from tests.support.readings import event, reading, total
from tests.support.registry import SigningBox

SITES = {"ct-1": "CHU", "ct-2": "CHU", "rf-9": "Clinic South"}
HEAD: Key = ("69536005", "SCT")
CHEST: Key = ("816094009", "SCT")


@pytest.fixture
def registry(registry):
    """A registry on each engine that knows three boxes of two sites."""
    registry.boxes = {name: registry.add(SigningBox(name)) for name in SITES}
    return registry


def send(registry, box, day, region=HEAD, dlp=None, kap=None):
    """Commit one exam of the patient at a box."""
    uid = f"2.25.{day.replace('-', '')}"
    kind = EventKind.CT if dlp else EventKind.PROJECTION
    doses = {"dlp": dlp, "ctdi_vol": 20} if dlp else {"dose_area_product": kap}
    place = Code(*region, "a region")
    shot = event(f"{uid}.1", kind, f"{day}T08:30:00", target_region=place, phantom="16cm", **doses)
    sums = [total("dlp", dlp, phantom="16cm")] if dlp else [total("dose_area_product", kap)]
    read = reading(
        "rdsr-ct" if dlp else "rdsr-projection", uid=f"{uid}.9", study=uid, accession=day,
        events=[shot], totals=sums, modality="CT" if dlp else "RF",
        equipment=Equipment(station_name=box, institution=SITES[box]),
    )  # fmt: skip
    assert registry.statuses(registry.boxes[box].message(uid.encode(), read)) == ["stored"]


def patient(registry):
    """The only patient there is."""
    ((found,),) = registry.rows(Patient.id)
    return found


def test_r12_r30_exams_of_three_boxes_and_two_sites_are_one_history_in_order(registry):
    """R12, R30: newest first whatever came first; priors that are sent later take their place."""
    send(registry, "ct-2", "2026-03-01", dlp=900)
    send(registry, "rf-9", "2025-07-14", CHEST, kap="3.5")
    send(registry, "ct-1", "2019-11-30", dlp=800)
    with registry.engine.connect() as connection:
        history = get_history(connection, patient(registry))
    assert [(one.started[:10], one.institution, one.station) for one in history.exams] == [
        ("2026-03-01", "CHU", "ct-2"),
        ("2025-07-14", "Clinic South", "rf-9"),
        ("2019-11-30", "CHU", "ct-1"),
    ]


def test_r67_priors_count_in_the_dose_of_their_region_as_if_they_had_come_first(registry):
    """R67, R31: the sum of a region is that of the exams listed for it, priors included."""
    send(registry, "ct-2", "2026-03-01", dlp=900)
    derive_all(registry)
    send(registry, "ct-1", "2019-11-30", dlp=800)
    send(registry, "ct-1", "2018-01-02", CHEST, dlp=300)
    derive_all(registry)
    with registry.engine.connect() as connection:
        doses = get_doses(connection, patient(registry))
    by_region: dict[str, list[int]] = {}
    for exam in doses.exams:
        for share in doses.shares[exam.id]:
            if share.quantity == "dlp":
                by_region.setdefault(share.region, []).append(int(share.value))
    assert by_region == {"chest": [300], "head": [800, 900]}
