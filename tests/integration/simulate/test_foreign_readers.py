"""What the simulators write is valid to DCMTK, and means to the readers what the truth says."""

import subprocess
from decimal import Decimal

from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.scene import to_bytes
from dosebook_protocol.dicom.read import read_object
from tests.support.programs import need_program

SEED = 21


def stored():
    """Every stored object of one round of scenarios with its truth."""
    for exam in hospital.morning(SEED, 32):
        truths = {truth.sop_instance_uid: truth for truth in exam.truth.objects}
        for item in exam.objects:
            if item.kind == "store":
                yield exam.truth, truths[item.sop_instance_uid], to_bytes(item.dataset)


def test_every_report_is_valid_to_dcmtk(tmp_path):
    """DCMTK's dsrdump reads every simulated structured report without an error."""
    dsrdump = need_program("dsrdump", "dcmtk")
    complaints, reports = [], 0
    for _, truth, data in stored():
        if truth.kind == "image-header":
            continue
        reports += 1
        file = tmp_path / "report.dcm"
        file.write_bytes(data)
        done = subprocess.run([dsrdump, file], capture_output=True, timeout=30, check=False)
        # Warnings are about dsrdump's own limits (character sets) and one maker's PARTIAL flag.
        errors = [line for line in done.stderr.splitlines() if line.startswith((b"E:", b"F:"))]
        if done.returncode or errors:
            complaints.append((truth.vendor, truth.kind, errors))
    assert reports > 30
    assert not complaints


def _numbers(values):
    return {(value.quantity, Decimal(value.value)) for value in values}


def test_readers_find_what_the_truth_says():
    """Readers and simulators share no code, and agree on identity, events, values and totals."""
    for exam, truth, data in stored():
        reading = read_object(data)
        assert reading.outcome == "read", reading.reason
        person = reading.patient
        assert (person.id, person.issuer, person.name) == (
            exam.patient.id,
            exam.patient.issuer,
            exam.patient.name,
        )
        assert reading.study.uid == exam.study_instance_uid
        assert [event.uid for event in reading.events] == [event.uid for event in truth.events]
        for seen, told in zip(reading.events, truth.events, strict=True):
            assert _numbers(told.values) <= _numbers(seen.values)
            assert told.phantom is None or seen.phantom == told.phantom
            assert told.plane is None or seen.plane == told.plane
            assert told.side is None or seen.side == told.side
        totals = {
            (total.value.quantity, total.value.value, total.plane, total.side)
            for total in reading.totals
        }
        for value in truth.totals:
            wanted = (value.quantity, Decimal(value.value), value.plane, value.side)
            assert wanted in totals
