"""The page on `read --json` names every field of its schema and every deviation of readers."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

PROTOCOL = Path("protocol/dosebook_protocol")
PAGE = Path("docs/reference/read-json.md")
_DEVIATION = re.compile(r"(?:(?:deviations|notes)\.add\(\s*|_keep_as_text\(\w+, )\"([a-z-]+)\"")
# Described by the words around them, or in the table of another page.
_SELF_EVIDENT = {"text", "code", "name", "id", "issuer"}


@pytest.fixture
def page(repository: Path) -> str:
    """Text of the page."""
    return (repository / PAGE).read_text(encoding="utf-8")


def _fields(schema: Any) -> Iterator[str]:
    for name, part in schema.get("properties", {}).items():
        yield name
        yield from _fields(part)
    for part in schema.get("$defs", {}).values():
        yield from _fields(part)


def test_every_field_of_the_schema_is_on_the_page(repository: Path, page: str) -> None:
    """A field that a report may hold is described where a consumer looks for it."""
    path = repository / PROTOCOL / "schemas/v1/read.schema.json"
    fields = set(_fields(json.loads(path.read_text(encoding="utf-8")))) - _SELF_EVIDENT
    missing = sorted(field for field in fields if f"`{field}" not in page)
    assert missing == []


def test_p39_every_deviation_is_on_the_page(repository: Path, page: str) -> None:
    """A deviation that a reader can note is explained."""
    sources = (repository / PROTOCOL / "dicom").glob("*.py")
    codes = {code for path in sources for code in _DEVIATION.findall(path.read_text())}
    assert len(codes) > 40
    assert sorted(code for code in codes if f"`{code}`" not in page) == []
