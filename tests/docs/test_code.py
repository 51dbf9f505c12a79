"""What holds for every Python file: its size, and that tests say what they pin."""

import ast

from tests.support.tree import name_of, tracked

PRODUCT = ("protocol/", "edge/", "central/", "tools/")
SOFT_LINES = 400
HARD_LINES = 600
FUNCTION_LINES = 60
MIGRATIONS = "/migrations/versions/"  # a migration is as long as the tables that it makes

# Modules above the soft ceiling → why they are one job all the same.
LONG_MODULES: dict[str, str] = {}


def _product():
    files = [file for file in tracked(".py") if name_of(file).startswith(PRODUCT)]
    return [file for file in files if MIGRATIONS not in name_of(file)]


def test_no_module_has_two_jobs():
    """A module stays under 400 lines; one with a stated reason under 600."""
    sizes = {name_of(file): len(file.read_text().splitlines()) for file in _product()}
    too_long = {
        name: size
        for name, size in sizes.items()
        if size > (HARD_LINES if name in LONG_MODULES else SOFT_LINES)
    }
    assert not too_long
    assert not [name for name in LONG_MODULES if sizes.get(name, 0) <= SOFT_LINES]


def test_no_function_is_a_story():
    """A function of the product stays under 60 lines, docstring included."""
    too_long = {}
    for file in _product():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                size = (node.end_lineno or node.lineno) - node.lineno + 1
                if size > FUNCTION_LINES:
                    too_long[f"{name_of(file)}:{node.name}"] = size
    assert not too_long


def test_every_test_says_what_it_pins():
    """Each test function has a docstring of one sentence."""
    silent = [
        f"{name_of(file)}:{node.name}"
        for file in tracked(".py")
        if name_of(file).startswith(("tests/", "hil-tests/"))
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert not silent


def test_no_test_sleeps_to_be_in_time():
    """Tests wait for conditions: only the polling helper itself may sleep."""
    sleepers = [
        name_of(file)
        for file in tracked(".py")
        if name_of(file).startswith("tests/")
        and name_of(file) != "tests/support/waiting.py"
        and any(
            isinstance(node, ast.Call) and ast.unparse(node.func) in ("time.sleep", "sleep")
            for node in ast.walk(ast.parse(file.read_text()))
        )
    ]
    assert not sleepers
