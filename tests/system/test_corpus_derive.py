"""`dosebook-registry derive --json` over the whole corpus, against what its publishers say.

The comparison shares no code with the product: numbers are parsed here, units converted here.
"""

import json
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal
from importlib.util import find_spec
from typing import Any

import pytest

from tools.site.program import executable

pytestmark = pytest.mark.timeout(240)

Document = dict[str, Any]

REPORTED = {"as the report totals it", "sum of all irradiation events"}
# EXPECTED.json gives ten significant digits.
DIGITS = Decimal("1e-9")
GY_CM2_IN_GY_M2 = 10_000
PLANES = {"Plane A": "a", "Plane B": "b", "Single Plane": None, "All Planes": None}
PHANTOMS = {"IEC Body Dosimetry Phantom": "32cm", "IEC Head Dosimetry Phantom": "16cm"}
SKIN_MAPPED = "rf/siemens_axiom_example_procedure.dcm"


@pytest.fixture(scope="module")
def expected(corpus) -> dict[str, Document]:
    """What can be read in each file."""
    return json.loads((corpus / "EXPECTED.json").read_text("utf-8"), parse_float=Decimal)


def _derive(*arguments: Any) -> Document:
    """Run the command; 3 where a file is no whole object."""
    command = [executable("dosebook-registry"), "derive", "--json", *arguments]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=200)
    assert done.returncode in {0, 3}, done.stderr[-3000:]
    return json.loads(done.stdout, parse_float=Decimal)


@pytest.fixture(scope="module")
def derived(corpus) -> Document:
    """What the command says of the whole corpus, paths as its publishers give them."""
    found = _derive("--no-skin-dose", corpus)
    for file in found["files"]:
        file["path"] = file["path"].removeprefix(f"{corpus}/")
    return found


@pytest.fixture(scope="module")
def counted(derived, expected) -> list[tuple[str, Document, Document]]:
    """File, its entry and its exam, for each report whose dose is the exam's."""
    exams = {exam["number"]: exam for exam in derived["exams"]}
    return [
        (file["path"], expected[file["path"]], exams[file["exam"]])
        for file in derived["files"]
        if file["path"] in expected and file["role"] == "counted"
    ]


def _of_exam(exam: Document, quantity: str) -> list[Document]:
    return [
        value
        for value in exam["values"]
        if value["quantity"] == quantity and value["place"]["event"] == 0
    ]


def _is_equal(found: Any, wanted: Any) -> bool:
    return found is not None and abs(found - wanted) <= abs(Decimal(wanted)) * DIGITS


def test_every_file_has_values_or_reasons(derived, expected):
    """Show 2: no file is passed over; each is in an exam with values or reasons, or says why not.

    The table of all of them is printed.
    """
    paths = {file["path"] for file in derived["files"]}
    members = {path.partition(".zip/")[0] + ".zip" for path in paths if ".zip/" in path}
    assert sorted(name for name in expected if name not in paths | members) == []
    for file in derived["files"]:
        assert file["exam"] or file["reason"], file
    for exam in derived["exams"]:
        for value in exam["values"]:
            shown = f"{value['value']} {value['unit']} [{value['method']['id']}]"
            assert value["unit"], value
            assert value["method"]["text"], value
            assert value["method"]["source"], value
            assert value["interval"] or value["notes"], value
            print(exam["number"], value["quantity"], shown)  # noqa: T201 - the measured table
        for absence in exam["not_computable"]:
            assert absence["code"], absence
            assert absence["reason"], absence
            print(exam["number"], absence["quantity"], absence["reason"])  # noqa: T201 - as above
        assert exam["values"] or exam["not_computable"], exam["files"]


def test_p12_dlp_of_each_phantom_is_as_expected(counted):
    """R15, P12: the DLP of each phantom is that of its events, and together the stated total."""
    compared = 0
    for name, entry, exam in counted:
        total = entry.get("totals", {}).get("dlp_total_mGycm")
        if total is None:
            continue
        phantoms: dict[str | None, Decimal] = defaultdict(Decimal)
        for event in entry["events"]:
            if "dlp_mGycm" in event:
                phantoms[PHANTOMS.get(event.get("phantom", ""))] += event["dlp_mGycm"]
        found = [one for one in _of_exam(exam, "dlp") if one["label"] in REPORTED]
        assert _is_equal(sum(one["value"] for one in found), total), name
        if len(phantoms) > 1 or entry["kind"] == "rdsr-ct":
            assert {one["place"]["phantom"] for one in found} == set(phantoms), name
        compared += 1
    assert compared >= 8


def test_p16_kap_of_each_plane_is_as_expected(counted):
    """P16: the KAP of each plane is the one that its report states; planes add to the exam's."""
    compared = 0
    for name, entry, exam in counted:
        if entry["kind"] != "rdsr-projection":
            continue
        found = {one["place"]["plane"]: one["value"] for one in _of_exam(exam, "dose_area_product")}
        for stated in entry["accumulated"]:
            wanted = stated["dap_total_Gym2"] * GY_CM2_IN_GY_M2
            assert _is_equal(found[PLANES[stated["plane"]]], wanted), (name, stated["plane"])
        wanted = entry["totals"]["dap_total_Gym2"] * GY_CM2_IN_GY_M2
        assert _is_equal(found[None], wanted), name
        compared += 1
    assert compared >= 10


def test_p03_agd_of_each_breast_is_as_expected(counted):
    """P3: the AGD of each breast is the one that its report accumulates, and never one number."""
    compared = 0
    for name, entry, exam in counted:
        stated = entry.get("totals", {}).get("accumulated_agd_mGy")
        if stated is None:
            continue
        found = {
            one["place"]["side"]: one["value"] for one in _of_exam(exam, "average_glandular_dose")
        }
        wanted = {one["laterality"].partition(" ")[0].lower(): one["value"] for one in stated}
        assert found.keys() == wanted.keys(), name
        assert all(_is_equal(found[side], wanted[side]) for side in wanted), name
        compared += 1
    assert compared == 2


def test_doses_of_headers_are_those_of_the_events(counted):
    """What an image header states of KAP or AGD stands in the exam's events, or in its total."""
    compared = 0
    for name, entry, exam in counted:
        dose = entry.get("header_dose", {})
        for key, quantity, factor in (
            ("dap_Gym2", "dose_area_product", GY_CM2_IN_GY_M2),
            ("agd_mGy", "average_glandular_dose", 1),
        ):
            wanted = dose.get(key)
            if wanted is None or isinstance(wanted, list) or wanted == 0:
                continue
            values = [one["value"] for one in exam["values"] if one["quantity"] == quantity]
            if quantity == "average_glandular_dose" or exam["event_count"] == 1:
                assert any(_is_equal(one, wanted * factor) for one in values), (name, key)
                compared += 1
    assert compared >= 3


def test_cumulative_reports_count_once(derived):
    """Three cumulative reports of one study are one exam; two of them are superseded (P4)."""
    files = [one for one in derived["files"] if "Siemens-Multi-" in one["path"]]
    if not files:
        pytest.skip("corpus: this part does not hold the cumulative reports")
    assert len({one["exam"] for one in files}) == 1
    assert sorted(one["role"] for one in files) == ["counted", "superseded", "superseded"]


def test_peak_skin_dose_is_a_value_with_its_assumptions(corpus, tmp_path):
    """A validated geometry gives a peak with interval, method and assumptions; others a reason."""
    if find_spec("pyskindose") is None:
        pytest.skip("PySkinDose is not installed: pip install -e 'central[skin-dose]'")
    if not (corpus / SKIN_MAPPED).is_file():
        pytest.skip(f"corpus: this part does not hold {SKIN_MAPPED}")
    shutil.copy(corpus / SKIN_MAPPED, tmp_path / "a.dcm")
    shutil.copy(corpus / "rf/RF-RDSR-GE.dcm", tmp_path / "b.dcm")
    found = _derive(tmp_path)
    peaks = [v for exam in found["exams"] for v in exam["values"] if "skin" in v["quantity"]]
    gaps = [v for exam in found["exams"] for v in exam["not_computable"] if "skin" in v["quantity"]]
    assert [(one["value"], one["unit"]) for one in peaks] == [(Decimal("12.72"), "mGy")]
    assert peaks[0]["interval"]["low"] < peaks[0]["value"] < peaks[0]["interval"]["high"]
    assert any("Patient's size" in note for note in peaks[0]["notes"])
    assert [one["code"] for one in gaps] == ["not-validated"]
