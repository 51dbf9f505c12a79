"""Damaged headers: whatever the bytes, the answer is a reading that can be reported."""

import json
from importlib.resources import files

from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome
from dosebook_protocol.report import report, to_json
from tests.support.dicom_bytes import Elements, file_bytes

SCHEMA = json.loads(
    (files("dosebook_protocol") / "schemas/v1/read.schema.json").read_text(encoding="utf-8")
)
DX_IMAGE: Elements = {
    0x00080008: ("CS", "ORIGINAL\\PRIMARY"),
    0x00080016: ("UI", "1.2.840.10008.5.1.4.1.1.1.1"),
    0x00080018: ("UI", "1.2.3.9.1"),
    0x00080022: ("DA", "20260103"),
    0x00080032: ("TM", "080100"),
    0x00080060: ("CS", "DX"),
    0x00100010: ("PN", "Doe^Jane"),
    0x00180060: ("DS", "70"),
    0x0018115E: ("DS", "4.72"),
    0x0020000D: ("UI", "1.2.3"),
    0x0040030E: ("SQ", [{0x00180060: ("DS", "70"), 0x00189345: ("FD", 9.5)}]),
    0x00400302: ("US", 3),
    0x00540220: ("SQ", [{0x00080100: ("SH", "399348003"), 0x00080102: ("SH", "SCT")}]),
}
IMAGE = file_bytes(DX_IMAGE)
TEXT = st.text(st.characters(codec="ascii", exclude_characters="\\"), max_size=16)


def assert_reportable(content: bytes) -> None:
    """Read and report bytes; the report must be valid by its schema."""
    document = json.loads(to_json(report(read_object(content))))
    Draft202012Validator(SCHEMA).validate(document)
    assert document["outcome"] == "read" or document["reason"]


@given(
    st.lists(
        st.tuples(st.integers(132, len(IMAGE) - 1), st.integers(0, 255)), min_size=1, max_size=8
    )
)
def test_p39_changed_bytes_never_raise(changes: list[tuple[int, int]]) -> None:
    """A header with any bytes changed is read, empty of dose, or quarantined with a reason."""
    damaged = bytearray(IMAGE)
    for position, byte in changes:
        damaged[position] = byte
    assert_reportable(bytes(damaged))


@given(st.integers(0, len(IMAGE)))
def test_p39_truncated_objects_never_raise(length: int) -> None:
    """An object cut anywhere gives a reading."""
    assert_reportable(IMAGE[:length])


@given(TEXT, TEXT)
def test_p39_any_text_as_a_dose_is_a_value_or_a_deviation(dose: str, time: str) -> None:
    """Whatever stands where a number should: it is read, or kept as text and noted."""
    content = file_bytes({**DX_IMAGE, 0x0018115E: ("DS", dose), 0x00181150: ("IS", time)})
    reading = read_object(content)
    assert reading.outcome is Outcome.READ
    read = {value.quantity for value in reading.events[0].values}
    noted = {deviation.path for deviation in reading.deviations}
    for quantity, sent, path in (
        ("dose_area_product", dose, "(0018,115E)"),
        ("exposure_time", time, "(0018,1150)"),
    ):
        assert quantity in read or path in noted or not sent.strip(" \0\r\n\t")
