"""What the box says of itself in its pages is what its code says."""

import re

import pytest

from dosebook_edge.capture.dicom.contexts import STORAGE_CLASSES
from tests.support.tree import ROOT

CODES = sorted(
    {
        code
        for file in (ROOT / "edge/dosebook_edge").rglob("*.py")
        for code in re.findall(r"DOSEBOOK-[A-Z]+(?:-[A-Z]+)*", file.read_text())
    }
)


@pytest.mark.parametrize("code", CODES)
def test_every_error_code_has_its_section(code):
    """Each code that the box can print is explained in docs/operate/box-errors.md."""
    assert f"## {code}\n" in (ROOT / "docs/operate/box-errors.md").read_text()


def test_conformance_statement_names_every_storage_class():
    """The conformance statement lists exactly the storage classes that the box negotiates."""
    page = (ROOT / "docs/reference/conformance-statement.md").read_text()
    page = page[page.index("## Storage SOP classes") : page.index("Transfer syntaxes")]
    rows = [row.split("|")[2] for row in page.splitlines() if row.startswith("| ")]
    suffixes = {
        one.removeprefix("1.2.840.10008.5.1.4.1.1.")
        for row in rows
        for one in re.findall(r"[0-9][0-9.]*", row)
    }
    assert suffixes - {"1.2.840.10008.5.1.4.1.1"} == {
        one.removeprefix("1.2.840.10008.5.1.4.1.1.") for one in STORAGE_CLASSES
    }
