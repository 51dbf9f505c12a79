"""Real projection, mammography and nuclear medicine files: every quantity a value or a reason."""

import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from dosebook_central.dosimetry.derive import derive
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.values import Derived
from dosebook_protocol.reading import EventKind, Plane
from tests.support.exams import read_exams

PLANES = {"Single Plane": None, "Plane A": Plane.A, "Plane B": Plane.B}
# Quantity, key of the expected totals, factor from its unit to the storage unit.
TOTALS = (
    ("dose_area_product", "dap_total_Gym2", 10_000),
    ("dose_rp", "dose_rp_total_Gy", 1000),
    ("fluoro_dose_area_product", "fluoro_dap_total_Gym2", 10_000),
    ("acquisition_dose_area_product", "acquisition_dap_total_Gym2", 10_000),
    ("fluoro_dose_rp", "fluoro_dose_rp_total_Gy", 1000),
    ("fluoro_time", "total_fluoro_time_s", 1),
)
PROMISED = {
    EventKind.PROJECTION: ("dose_area_product", "dose_rp", "effective_dose", "organ_dose"),
    EventKind.MAMMOGRAPHY: ("average_glandular_dose", "effective_dose"),
    EventKind.RADIOPHARMACEUTICAL: ("administered_activity", "effective_dose", "organ_dose"),
}


def files(corpus: Path, *kinds: str) -> Iterator[tuple[str, dict[str, Any], list[Derived]]]:
    """Name, what is expected, and what is derived of the exams of each file of some kinds."""
    expected = json.loads((corpus / "EXPECTED.json").read_text())
    for name, entry in expected.get("files", expected).items():
        is_of_x_rays = entry.get("modality") not in {"CT", "OT"}
        if entry["kind"] in kinds and is_of_x_rays:
            exams = read_exams(corpus / name)
            yield name, entry, [derive(one, shipped(), lambda _: ("", "")) for one in exams]


def close(value: Decimal, expected: float) -> bool:
    """Whether a value is the expected one, whose float was written with ten digits."""
    return float(value) == pytest.approx(expected, rel=1e-8)


def test_p16_kap_and_ka_r_of_each_plane_are_those_of_the_file(corpus):
    """P16: every total of every plane of the corpus's projection reports, in storage units."""
    checked = 0
    for name, entry, exams in files(corpus, "rdsr-projection"):
        (derived,) = exams
        for container in entry["accumulated"]:
            plane = PLANES[container["plane"]]
            for quantity, key, factor in TOTALS:
                if key in container:
                    found = [
                        one.value
                        for one in derived.values
                        if one.quantity == quantity
                        and one.place.plane == plane
                        and one.method.id == "stated"
                    ]
                    assert len(found) == 1, (name, quantity, plane)
                    assert close(found[0], container[key] * factor), (name, quantity, plane)
                    checked += 1
    assert checked > 60


def test_p03_agd_of_each_breast_is_that_of_the_file(corpus):
    """P3: accumulated doses per breast of the reports, and the dose of each header's exposure."""
    sides = {"Left breast": "left", "Right breast": "right"}
    for name, entry, exams in files(corpus, "rdsr-mg", "image-header"):
        (derived,) = exams
        agd = [one for one in derived.values if one.quantity == "average_glandular_dose"]
        for stated in entry.get("totals", {}).get("accumulated_agd_mGy", ()):
            side = sides[stated["laterality"]]
            (value,) = [one for one in agd if one.is_headline and one.place.side == side]
            assert close(value.value, stated["value"]), name
        header = entry.get("header_dose") or {}
        if "agd_mGy" in header:
            (value,) = [one for one in agd if one.place.event == 1]
            assert close(value.value, header["agd_mGy"]), name
        assert not [one for one in agd if one.place.side is None], name


def test_p01_kap_of_image_headers_is_that_of_the_file(corpus):
    """P1: KAP of image headers, sent in dGy.cm2, stands in Gy.cm2."""
    checked = 0
    for name, entry, exams in files(corpus, "image-header"):
        header = entry.get("header_dose") or {}
        if "dap_Gym2" in header:
            (value,) = [
                one for derived in exams for one in derived.values
                if one.quantity == "dose_area_product"
            ]  # fmt: skip
            assert close(value.value, header["dap_Gym2"] * 10_000), name
            checked += 1
    assert checked > 5


def test_p60_activities_are_those_of_the_file(corpus):
    """P60: administered activity of headers and of the radiopharmaceutical report, in MBq."""
    checked = 0
    for name, entry, exams in files(corpus, "image-header", "rrdsr"):
        totals, header = entry.get("totals") or {}, entry.get("header_dose") or {}
        stated = [
            totals.get("administered_activity_MBq"),
            *header.get("administered_activity_MBq", []),
        ]
        expected = [one for one in stated if one is not None]
        if expected:
            found = [
                one.value for derived in exams for one in derived.values
                if one.quantity == "administered_activity" and one.is_headline
            ]  # fmt: skip
            assert [float(one) for one in found] == expected, name
            checked += 1
    assert checked > 5


def test_a_report_that_states_its_own_effective_dose_agrees_with_ours(corpus):
    """A PET machine's FDG report says 7.486 mSv by ICRP 128; ours is the same to three digits."""
    compared = 0
    for _, _, exams in files(corpus, "rrdsr"):
        for derived in exams:
            doses = [one for one in derived.values if one.quantity == "effective_dose"]
            ours = [one.value for one in doses if one.method.id != "stated" and one.place.event]
            theirs = [one.value for one in doses if one.method.id == "stated"]
            for mine, said in zip(ours, theirs, strict=True):
                assert float(mine) == pytest.approx(float(said), rel=1e-3)
                compared += 1
    assert compared


def test_every_promised_quantity_has_a_value_or_a_reason(corpus):
    """No quantity of a family is silently absent, and every value has a method and its doubt."""
    kinds = ("rdsr-projection", "rdsr-mg", "rrdsr", "image-header")
    expected = json.loads((corpus / "EXPECTED.json").read_text())
    for name, entry in expected.get("files", expected).items():
        if entry["kind"] not in kinds or entry.get("modality") in {"CT", "OT"}:
            continue
        for one in read_exams(corpus / name):
            derived = derive(one, shipped(), lambda _: ("", ""))
            said = {found.quantity for found in (*derived.values, *derived.absences)}
            for kind in {event.kind for event in one.events}:
                assert said.issuperset(PROMISED.get(kind, ())), (name, kind)
            for value in derived.values:
                assert value.method.text, (name, value)
                assert value.method.source, (name, value)
                assert value.unit, (name, value)
            for absence in derived.absences:
                assert absence.reason, (name, absence)
