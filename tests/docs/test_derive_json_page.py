"""The page on `derive --json` names every field that the command prints."""

import json
from collections.abc import Iterator
from typing import Any

from click.testing import CliRunner

from dosebook_central.cli import main
from tests.support import sr

PAGE = "docs/reference/derive-json.md"


def _fields(part: Any) -> Iterator[str]:
    if isinstance(part, dict):
        for name, inner in part.items():
            yield name
            yield from _fields(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from _fields(inner)


def test_every_field_of_the_document_is_on_the_page(repository, tmp_path):
    """A field that the document holds is described where a consumer looks for it."""
    report = sr.document(
        sr.coded("121058", sr.CT),
        sr.ct_totals(1, "500"),
        sr.ct_event("1.2.3", sr.coded("123014", ("69536005", "SCT", "Head")), dlp="500"),
        PatientBirthDate="19700101",
        StudyDate="20260302",
        Manufacturer="ACME",
    )
    (tmp_path / "a.dcm").write_bytes(sr.encoded(report))
    result = CliRunner().invoke(main, ["derive", "--json", str(tmp_path)])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    exam = document["exams"][0]
    assert exam["values"]
    assert exam["not_computable"]
    page = (repository / PAGE).read_text(encoding="utf-8")
    assert sorted(name for name in set(_fields(document)) if f"`{name}" not in page) == []
