"""What a box keeps of a record becomes, when it is sent, the very record that was captured."""

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.uid import UID

from dosebook_edge.simulate import carm, ct
from dosebook_edge.simulate.scene import to_bytes
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import (
    Code,
    CodedItem,
    Deviation,
    DoseValue,
    Equipment,
    EventKind,
    IrradiationEvent,
    Moment,
    Outcome,
    Patient,
    Plane,
    ProcedureStep,
    Reading,
    Study,
    Total,
)
from dosebook_protocol.record import Clock, EvidenceRef, Record, SourceKind
from dosebook_protocol.wire import (
    decode_record,
    encode_kept_record,
    encode_record,
    record_to_json,
)

words = st.text(max_size=30) | st.sampled_from(["", "撮影", "ä" * 200, "a" * 23, "a" * 24])
words |= st.sampled_from(["a" * 255, "a" * 256, "é" * 40000, UID("1.2.3")])
numbers = st.decimals(allow_nan=False, allow_infinity=False)
codes = st.builds(Code, words, words, words)
values = st.builds(DoseValue, words, numbers, words, words, words, words)
items = st.builds(CodedItem, words, st.none() | codes, words, words)
moments = st.builds(Moment, words, words, words)
planes = st.none() | st.sampled_from(Plane)
phantoms = st.sampled_from([None, "16cm", "32cm"])
sides = st.sampled_from([None, "left", "right", "both"])


def many(strategy, most=3):
    """A tuple of them."""
    return st.lists(strategy, max_size=most).map(tuple)


events = st.builds(
    IrradiationEvent,
    uid=words,
    kind=st.sampled_from(EventKind),
    uid_is_synthesised=st.booleans(),
    started=st.none() | moments,
    event_type=st.none() | codes,
    protocol=words,
    target_region=st.none() | codes,
    laterality=st.none() | codes,
    side=sides,
    view=st.none() | codes,
    plane=planes,
    phantom=phantoms,
    is_repeated=st.none() | st.booleans(),
    values=many(values),
    items=many(items),
    image_uids=many(words),
)
readings = st.builds(
    Reading,
    outcome=st.sampled_from(Outcome),
    kind=words,
    reader=words,
    reason=words,
    modality=words,
    root_concept=st.none() | codes,
    created=st.none() | moments,
    patient=st.builds(
        Patient,
        id=words,
        name=words,
        size_m=st.none() | numbers,
        other_ids=many(st.tuples(words, words)),
    ),
    study=st.builds(Study, uid=words, procedure_codes=many(codes)),
    equipment=st.builds(Equipment, manufacturer=words, device_uid=words),
    step=st.none()
    | st.builds(ProcedureStep, words, st.just("COMPLETED"), st.none() | moments, moments),
    events=many(events),
    totals=many(st.builds(Total, values, planes, sides, phantoms)),
    items=many(items),
    deviations=many(st.builds(Deviation, words, words, words)),
)


def record_of(reading, **changes):
    """A record that holds a reading."""
    fields = {
        "record_id": "0" * 32,
        "box_id": "box-1",
        "sequence": 1,
        "source": "ct",
        "source_kind": SourceKind.DICOM_STORE,
        "captured_at": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "box_version": "1",
        "evidence": EvidenceRef(sha256="0" * 64, media_type="application/dicom", size=0),
        "reader_version": "1",
        "reading": reading,
    }
    return Record(**fields | changes)


def assert_sent_as_captured(record):
    """Kept without its number, it is encoded as if it had never been kept, and read as meant."""
    kept = record_to_json(record.model_copy(update={"sequence": 1}))
    sent = encode_kept_record(kept, record.sequence)
    assert sent == encode_record(record)
    assert decode_record(sent) == record


@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
@given(readings)
def test_any_reading_is_sent_as_it_was_captured(reading):
    """Every field of every class, texts of all lengths and scripts, byte for byte."""
    assert_sent_as_captured(record_of(reading))


@pytest.mark.parametrize(
    "changes",
    [
        {"sequence": sequence}
        for sequence in (1, 23, 24, 255, 256, 65535, 65536, 2**32 - 1, 2**32, 2**62)
    ]
    + [
        {"transport": {"calling_ae_title": "CT1", "peer": "10.0.0.1"}},
        {"clock": Clock(quality="synchronised", uncertainty_s=0.125, monotonic_s=12.5)},
        {"clock": Clock()},
        {"clock": Clock(uncertainty_s=0.0, boot_id="b")},
    ],
    ids=str,
)
def test_what_is_around_a_reading_is_sent_as_it_was(changes):
    """Numbers of every width, the clock and the transport, byte for byte."""
    assert_sent_as_captured(record_of(Reading(Outcome.NO_DOSE, "other", "test"), **changes))


@pytest.mark.parametrize(
    "report",
    [
        lambda: ct.ct_rdsr(Random(3), "siemens-ct", events=4)[0],
        lambda: carm.carm_rdsr(Random(3), "siemens-artis", events=30)[0],
    ],
)
def test_whole_reports_are_sent_as_they_were_read(report):
    """Dose reports as a box reads them, byte for byte."""
    assert_sent_as_captured(record_of(read_object(to_bytes(report()))))
