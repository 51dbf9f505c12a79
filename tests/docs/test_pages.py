"""Documents that cannot rot: links, commands, folders and decisions are checked."""

import re
from pathlib import Path

import pytest
import yaml

from tests.support.tree import ROOT, name_of, tracked

PAGES = [file for file in tracked(".md") if "node_modules" not in file.parts]
DECISIONS = sorted((ROOT / "docs/decisions").glob("[0-9]*.md"))
SECTIONS = [
    "Context",
    "Options",
    "Decision",
    "Consequences",
    "What would make us change our mind",
]
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def _targets() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))


def _slug(heading: str) -> str:
    """The anchor that a heading gets on the web."""
    kept = re.sub(r"[^\w\- ]", "", heading.strip().lower())
    return kept.replace(" ", "-")


def _anchors(page: Path) -> set[str]:
    return {_slug(line.lstrip("#")) for line in page.read_text().splitlines() if line[:1] == "#"}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page):
    """Each relative link names a file that exists and, with an anchor, a heading in it."""
    for link in LINK.findall(page.read_text()):
        if link.startswith(("http:", "https:", "mailto:")):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in _anchors(target), link


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_documented_targets_exist(page):
    """Each `make …` that a page names is a target of the Makefile."""
    in_code = "\n".join(re.findall(r"`[^`\n]+`", page.read_text()))
    for block in re.findall(r"```.*?```", page.read_text(), re.DOTALL):
        in_code += "\n" + "\n".join(f"`{line}`" for line in block.splitlines())
    assert set(re.findall(r"`\$?\s*make ([a-z-]+)", in_code)) <= _targets()


def test_every_target_is_explained():
    """Each target of the Makefile stands in `make help`, and the other way round."""
    from tools.__main__ import TARGETS

    assert _targets() - {"help"} == set(TARGETS)


def test_targets_hold_no_logic():
    """Each target of the Makefile is one line into tools/."""
    for line in (ROOT / "Makefile").read_text().splitlines():
        if re.match(r"[a-z-]+:", line):
            assert "@$(PYTHON) -m tools " in line


def test_readme_is_read_in_one_go():
    """The README stays under 150 lines."""
    assert len((ROOT / "README.md").read_text().splitlines()) < 150


def test_readme_folders_exist():
    """Each folder in the README's map exists."""
    rows = re.findall(r"^\| `([^`]+/)` \|", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert rows
    assert [row for row in rows if not (ROOT / row).is_dir()] == []


def test_decisions_are_numbered_without_gaps():
    """ADRs count from 0001 without a gap or a double, and the index links each once."""
    numbers = [int(file.name[:4]) for file in DECISIONS]
    assert numbers == list(range(1, len(numbers) + 1))
    index = LINK.findall((ROOT / "docs/decisions/README.md").read_text())
    assert sorted(link for link in index if link[:4].isdigit()) == [f.name for f in DECISIONS]


@pytest.mark.parametrize("page", DECISIONS, ids=name_of)
def test_decision_has_its_form(page):
    """An ADR has number and title, date, status, and the five sections in order."""
    text = page.read_text()
    assert re.match(rf"# {page.name[:4]} \S", text)
    assert re.search(r"^Date: \d{4}-\d\d-\d\d$", text, re.MULTILINE)
    assert re.search(r"^Status: (accepted|proposed|superseded by \d{4})", text, re.MULTILINE)
    assert re.findall(r"^## (.+)$", text, re.MULTILINE) == SECTIONS


def test_hooks_match_files():
    """Each pre-commit hook is local, and its pattern matches at least one tracked file."""
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())
    names = [name_of(file) for file in tracked()]
    for repository in config["repos"]:
        assert repository["repo"] == "local"
        for hook in repository["hooks"]:
            assert any(re.search(hook["files"], name) for name in names), hook["id"]


def test_no_file_names_a_build_machine():
    """No tracked text holds a path of the machine it was written on."""
    parts = ("work", "farm", "root", r"home/\w+")
    pattern = re.compile(r"(?<![\w.~])/(?:" + "|".join(parts) + r")/\w")
    found = []
    for file in tracked():
        try:
            text = file.read_text()
        except UnicodeDecodeError:
            continue
        found += [f"{name_of(file)}: {hit}" for hit in pattern.findall(text)]
    assert not found


def test_pages_named_in_code_exist():
    """A page that code, configuration or an error message names is there."""
    missing = []
    for file in tracked():
        if file.suffix in (".py", ".conf", ".toml", ".html", ".service", ""):
            text = file.read_text(errors="replace")
            pages = re.findall(r"\bdocs/[\w/-]+\.md", text)
            missing += [f"{name_of(file)}: {page}" for page in pages if not (ROOT / page).exists()]
    assert not missing
