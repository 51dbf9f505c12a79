"""Simulated objects are repeatable, well formed and as large as asked for."""

import hashlib
import os
import subprocess
import sys
from decimal import Decimal
from io import BytesIO
from random import Random

import pytest
from pydicom import dcmread

from dosebook_edge.simulate import carm, ct, dx, hospital, mammo, petct
from dosebook_edge.simulate.scene import to_bytes
from dosebook_edge.simulate.values import Measured, ds
from dosebook_edge.simulate.vendors import VENDORS, vendors_of

DIGEST = """
import hashlib
from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.scene import to_bytes
whole = hashlib.sha256()
for exam in hospital.morning(5, 7):
    whole.update(repr(exam.truth).encode())
    for item in exam.objects:
        if item.kind == "store":
            whole.update(to_bytes(item.dataset))
print(whole.hexdigest())
"""


def reports(vendor, seed=3, events=None):
    """Every dose report of one simulated exam in a maker's manner."""
    rng = Random(seed)
    makers = {"CT": ct.ct_rdsr, "XA": carm.carm_rdsr, "DX": dx.dx_rdsr, "MG": mammo.mammo_rdsr}
    if vendor.modality == "PT":
        return petct.petct_rdsr(rng, vendor.key)
    return [makers[vendor.modality](rng, vendor.key, events=events)]


def read_back(dataset):
    """The data set as it comes out of its own bytes."""
    return dcmread(BytesIO(to_bytes(dataset)))


def walk(dataset):
    """Every element of a data set, sequences included."""
    for element in dataset:
        yield element
        if element.VR == "SQ":
            for item in element.value:
                yield from walk(item)


def _digest(hash_seed):
    done = subprocess.run(
        [sys.executable, "-c", DIGEST],
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        check=True,
        timeout=50,
    )
    return done.stdout.strip()


def test_same_seed_gives_same_bytes_in_another_process():
    """A seed fixes every byte and every truth, whatever the process hashes."""
    assert _digest("1") == _digest("2")


def test_other_seed_gives_other_exams():
    """Two seeds share no study, no object and no event."""
    first, second = (
        {
            uid
            for exam in hospital.morning(seed, 6)
            for uid in (
                exam.truth.study_instance_uid,
                *exam.truth.event_uids,
                *(item.sop_instance_uid for item in exam.objects),
            )
        }
        for seed in (1, 2)
    )
    assert not first & second


@pytest.mark.parametrize("key", VENDORS)
def test_reports_survive_their_own_bytes(key):
    """A written report reads back with valid UIDs and numbers of 16 characters at most."""
    for dataset, truth in reports(VENDORS[key]):
        copy = read_back(dataset)
        assert copy.SOPInstanceUID == truth.sop_instance_uid
        for element in walk(copy):
            if element.VR == "DS" and element.value not in (None, ""):
                assert len(str(element.value)) <= 16
            if element.VR == "UI" and str(element.value).startswith("2.25."):
                assert element.value.is_valid


@pytest.mark.parametrize("events", [1, 24, 300])
def test_reports_hold_as_many_events_as_asked_for(events):
    """`events` fixes the number of irradiation events of a report."""
    for make in (ct.ct_rdsr, carm.carm_rdsr):
        dataset, truth = make(Random(1), events=events)
        assert len(truth.events) == events
        concepts = [item.ConceptNameCodeSequence[0].CodeValue for item in dataset.ContentSequence]
        assert sum(value in {"113819", "113706"} for value in concepts) == events


def test_ct_report_is_of_usual_size():
    """A CT report of five events has the 20 to 35 KB of a real one."""
    dataset, _ = ct.ct_rdsr(Random(1), events=5)
    assert 20_000 < len(to_bytes(dataset)) < 35_000


def test_biplane_room_states_each_plane_apart():
    """P16: a biplane report has one accumulated container per plane, each with its own totals."""
    vendor = vendors_of("XA")[1]
    assert vendor.biplane
    ((dataset, truth),) = reports(vendor)
    planes = [
        item.ContentSequence[0].ConceptCodeSequence[0].CodeValue
        for item in dataset.ContentSequence
        if item.ConceptNameCodeSequence[0].CodeValue == "113702"
    ]
    assert planes == ["113620", "113621"]
    assert {value.plane for value in truth.totals} == {"a", "b"}


def test_makers_differ_in_units_codes_and_encoding():
    """P1, P39: rows cover both DAP units, code schemes, VR encodings, and no template id."""
    rows = list(VENDORS.values())
    assert {row.dap_unit for row in rows} == {"Gy.m2", "dGy.cm2"}
    assert {row.dose_unit for row in rows} == {"Gy", "mGy"}
    assert {row.agd_unit for row in rows} == {"mGy", "dGy"}
    for switch in ("srt", "dotted_units", "template_id", "implicit_vr", "localizer_dose"):
        assert {getattr(row, switch) for row in rows} == {True, False}


@pytest.mark.parametrize(
    ("number", "unit", "stored"),
    [
        ("0.000262", "Gy.m2", "2.62"),
        ("26.2", "dGy.cm2", "2.62"),
        ("262", "cGy.cm2", "2.62"),
        ("262", "uGy.m2", "2.62"),
        ("2620", "mGy.cm2", "2.62"),
        ("0.016962", "Gy", "16.962"),
        ("0.0123", "dGy", "1.23"),
        ("0", "Gy.m2", "0"),
    ],
)
def test_p01_truth_converts_units_exactly(number, unit, stored):
    """P1, P3: the ground truth knows the storage value of every unit that a maker sends."""
    assert f"{Measured(Decimal(number), unit).stored:f}" == stored


@pytest.mark.parametrize(
    ("number", "style", "text"),
    [
        ("0.0000012", "long-exponent", "1.2e-006"),
        ("0.0000012", "exponent", "1.2E-06"),
        ("0.0000012", "plain", "0.0000012"),
        ("12.50", "long-exponent", "12.50"),
        ("0", "exponent", "0"),
    ],
)
def test_decimal_strings_follow_the_makers_habit(number, style, text):
    """A small number is written plainly, or with a two or three digit exponent."""
    assert ds(Decimal(number), style) == text
    assert Decimal(text) == Decimal(number)


def test_decimal_string_never_exceeds_sixteen_characters():
    """A number that does not fit is an error of the simulator, not a silent cut."""
    with pytest.raises(ValueError, match="16 characters"):
        ds(Decimal("0.12345678901234567"))


def test_digest_of_a_morning_changes_with_the_day():
    """The day that a morning takes place on is part of what is sent."""
    digests = set()
    for day in (hospital.DAY, hospital.DAY.replace(day=19)):
        exam = next(hospital.morning(1, 1, day))
        digests.add(hashlib.sha256(to_bytes(exam.objects[0].dataset)).hexdigest())
    assert len(digests) == 2
