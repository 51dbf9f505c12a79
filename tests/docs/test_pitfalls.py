"""The known pitfalls of dose data: each that dosimetry has to get right is pinned by its name."""

import ast

import pytest

from tests.support.tree import name_of, tracked

PITFALLS = (1, 2, 3, *range(10, 20), *range(28, 35), 46, 48, 56, 59, 60)


@pytest.fixture(scope="module")
def names():
    """Names of all test functions."""
    return [
        node.name
        for file in tracked(".py")
        if name_of(file).startswith(("tests/", "hil-tests/"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    ]


def test_every_pitfall_of_dosimetry_has_a_test_of_its_name(names):
    """Show 3: P1–P3, P10–P19, P28–P34, P46, P48, P56, P59 and P60 each have a `test_pNN_…`."""
    missing = [
        f"P{number}"
        for number in PITFALLS
        if not any(name.startswith(f"test_p{number:02}_") for name in names)
    ]
    assert missing == []


def test_pitfalls_are_named_one_way(names):
    """A name that begins with a pitfall has two digits, small p: `test_p09_…`, so it is found."""
    odd = [
        name
        for name in names
        if name[5:6] in {"p", "P"}
        and name[6:7].isdigit()
        and not (name[5] == "p" and name[6:8].isdigit() and not name[8:9].isdigit())
    ]
    assert odd == []
