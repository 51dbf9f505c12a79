"""Pins are complete, hashed, and name no registry."""

import json
import re
import tomllib

import pytest

from tests.support.tree import ROOT, name_of, tracked
from tools.pins import FILES

PIN = re.compile(r"^([a-z0-9.-]+)==(\S+)", re.MULTILINE)
# Distributions whose module has another name.
IMPORT_NAMES = {
    "argon2-cffi": "argon2",
    "paho-mqtt": "paho",
    "psycopg2-binary": "psycopg2",
    "pyserial": "serial",
}
ASSETS = ROOT / "central/dosebook_central/web/assets"


def _pins(name: str) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for package, version in PIN.findall((ROOT / name).read_text()):
        pins.setdefault(package, set()).add(version)
    return pins


@pytest.mark.parametrize("name", FILES)
def test_requirements_name_no_address(name):
    """A requirements file holds pins and hashes, no index and no address."""
    text = (ROOT / name).read_text()
    assert "http" not in text
    assert "--index" not in text
    assert "--find-links" not in text
    assert " @ " not in text


@pytest.mark.parametrize("name", FILES)
def test_every_pin_has_a_hash(name):
    """Each requirement is an exact version with at least one SHA-256."""
    blocks = re.split(r"\n(?=\S)", (ROOT / name).read_text().strip())
    for block in blocks:
        if not block.startswith("#"):
            assert re.match(r"\S+==\S+", block)
            assert "--hash=sha256:" in block


def test_files_agree_on_versions():
    """What the demo runs and what the box runs is what the tests test."""
    tested = _pins("requirements-dev.txt")
    boxes = [name for name in FILES if name.startswith("requirements-edge")]
    for name in ("requirements.txt", *boxes):
        for package, versions in _pins(name).items():
            assert versions <= tested.get(package, set()), package


def test_every_direct_dependency_is_pinned():
    """A dependency added to a pyproject file is in the pins too: `make pins` was run."""
    pinned = _pins("requirements.txt")
    for part in ("protocol", "edge", "central"):
        project = tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]
        for wish in project["dependencies"]:
            package = re.split(r"[^A-Za-z0-9._-]", wish)[0].lower().replace("_", "-")
            assert package.startswith("dosebook-") or package in pinned, f"{part}: {wish}"


def test_box_carries_no_web_framework():
    """The box's own requirements hold neither Flask nor an ORM nor matplotlib."""
    heavy = {"flask", "sqlalchemy", "psycopg2-binary", "alembic", "matplotlib", "numpy"}
    assert not heavy & set(_pins("requirements-edge.txt"))


def test_package_lock_names_no_registry():
    """npm's lock holds versions and integrity hashes only, and agrees with package.json."""
    text = (ASSETS / "package-lock.json").read_text()
    lock = json.loads(text)
    assert "http" not in text
    wishes = json.loads((ASSETS / "package.json").read_text())
    assert lock["packages"][""]["dependencies"] == wishes["dependencies"]
    assert all("integrity" in one for path, one in lock["packages"].items() if path)


def test_every_dependency_has_its_reason():
    """docs/reference/dependencies.md tells why each direct dependency is there."""
    text = (ROOT / "docs/reference/dependencies.md").read_text().lower()
    wishes = list(json.loads((ASSETS / "package.json").read_text())["dependencies"])
    for part in ("protocol", "edge", "central"):
        project = tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]
        wishes += [re.split(r"[^A-Za-z0-9._-]", wish)[0] for wish in project["dependencies"]]
    missing = [w for w in wishes if not w.startswith("dosebook-") and f"`{w.lower()}`" not in text]
    assert not missing


def test_nothing_built_is_tracked():
    """Bundles, locks with addresses and environments stay out of the repository."""
    names = [name_of(file) for file in tracked()]
    assert not [n for n in names if n.endswith("uv.lock") or "/static/dist/" in n or ".venv" in n]


@pytest.mark.parametrize("part", ["protocol", "edge", "central"])
def test_every_dependency_is_used(part):
    """Code of a distribution names each package it declares: an unused one is weight and risk."""
    project = tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]
    files = [file for file in tracked(".py") if name_of(file).startswith(f"{part}/")]
    words = set(re.findall(r"\w+", " ".join(file.read_text() for file in files)))
    wishes = {re.split(r"[^A-Za-z0-9._-]", wish)[0] for wish in project["dependencies"]}
    assert not {wish for wish in wishes if IMPORT_NAMES.get(wish, _module(wish)) not in words}


def _module(distribution: str) -> str:
    return distribution.replace("-", "_")
