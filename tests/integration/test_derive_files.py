"""`dosebook-registry derive`: doses of files without a registry; every file is answered for."""

import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner

from dosebook_central.cli import main
from tests.support import sr

HEAD = ("69536005", "SCT", "Head")


def _ct(instance="2.25.1", number=1, **attributes):
    events = [
        sr.ct_event(f"1.2.{one}", sr.coded("123014", HEAD), dlp="500", phantom="113690")
        for one in range(number)
    ]
    report = sr.document(
        sr.coded("121058", sr.CT), sr.ct_totals(number, str(500 * number)), *events, **attributes
    )
    report.SOPInstanceUID = instance
    return sr.encoded(report)


@pytest.fixture
def derive(tmp_path):
    """Run `derive` on the test's folder."""

    def run(*options):
        return CliRunner().invoke(main, ["derive", *options, str(tmp_path)])

    return run


def test_values_stand_with_method_interval_and_place(derive, tmp_path):
    """The effective dose of a head is DLP × k, with its set, version and phantom."""
    (tmp_path / "a.dcm").write_bytes(_ct(PatientBirthDate="19700101"))
    result = derive("--json")
    assert result.exit_code == 0, result.output
    (exam,) = json.loads(result.stdout, parse_float=Decimal)["exams"]
    (dose,) = [
        one
        for one in exam["values"]
        if one["quantity"] == "effective_dose" and one["place"]["event"] == 0
    ]
    (of_event,) = [
        one
        for one in exam["values"]
        if one["quantity"] == "effective_dose" and one["place"]["event"] == 1
    ]
    assert (dose["value"], dose["unit"]) == (Decimal("1.05"), "mSv")  # 500 × 0.0021, AAPM 96
    assert of_event["method"]["coefficient_set"] == "aapm96"
    assert (of_event["place"]["region"], of_event["place"]["phantom"]) == ("head", "16cm")
    table = derive().stdout
    assert "aapm96 1" in table
    assert "16 cm" in table
    assert "Organ dose not computable: " in table


def test_p29_an_unknown_age_is_a_reason_and_not_a_value(derive, tmp_path):
    """P29, P30: without an age there is no effective dose, and the table says why."""
    (tmp_path / "a.dcm").write_bytes(_ct())
    (line,) = [one for one in derive().stdout.splitlines() if "Effective dose" in one]
    assert "not computable" in line
    assert "birth date" in line


def test_p04_reports_of_one_study_are_one_exam_in_any_folder(derive, tmp_path):
    """P4, P6: a cumulative report supersedes the earlier one, a copy is named as the same bytes."""
    (tmp_path / "x").mkdir()
    (tmp_path / "a.dcm").write_bytes(_ct("2.25.1", 1))
    (tmp_path / "x" / "b.dcm").write_bytes(_ct("2.25.2", 2))
    (tmp_path / "x" / "copy.dcm").write_bytes(_ct("2.25.2", 2))
    found = json.loads(derive("--json").stdout)
    assert len(found["exams"]) == 1
    assert {one["path"].rpartition("/")[2]: one["role"] for one in found["files"]} == {
        "a.dcm": "superseded",
        "b.dcm": "counted",
        "copy.dcm": "duplicate",
    }


def test_what_gives_no_dose_is_named_with_its_reason(derive, tmp_path):
    """No file is silent: no DICOM, no dose and a broken one are listed; the broken one exits 3."""
    (tmp_path / "notes.txt").write_text("nothing")
    assert derive().exit_code == 0
    (tmp_path / "bad.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)
    result = derive()
    assert result.exit_code == 3
    assert "notes.txt: not a DICOM object" in result.stdout
    (line,) = [one for one in result.stdout.splitlines() if "bad.dcm" in one]
    assert line.strip().startswith("quarantined")
    assert not line.endswith(": ")


def test_commands_print_no_warnings_of_libraries(tmp_path):
    """R84: a library's warning may quote what stands in a file: commands answer in own words."""
    (tmp_path / "cut.dcm").write_bytes(bytes(128) + b"DICM" + b"\xff" * 64)
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    command = [Path(sys.executable).with_name("dosebook-registry"), "derive", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=50)
    assert done.returncode == 3
    assert done.stderr.strip() == ""
    assert "begins like a ZIP, but is damaged or cut" in done.stdout


def test_skin_dose_is_refused_or_left_out_in_words(derive, tmp_path):
    """P19: an X-ray system that is not validated is refused by name; left out is said too."""
    report = sr.document(
        sr.coded("121058", sr.PROJECTION),
        sr.x_ray_totals(),
        sr.x_ray_event("1.2.3", sr.num("113738", "0.02", "Gy")),
        Modality="RF",
        Manufacturer="ACME",
    )
    (tmp_path / "a.dcm").write_bytes(sr.encoded(report))
    told = derive().stdout + derive("--no-skin-dose").stdout
    lines = [one for one in told.splitlines() if "skin dose" in one]
    assert "ACME" in lines[0]
    assert lines[1].endswith("left out by --no-skin-dose")
