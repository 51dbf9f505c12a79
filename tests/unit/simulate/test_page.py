"""The page on the simulators lists what there is."""

import re

from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.cli import main
from dosebook_edge.simulate.vendors import VENDORS


def test_page_lists_commands_makers_and_scenarios(repository):
    """Commands, makers and scenarios of the page are those of the code, no more and no fewer."""
    page = (repository / "docs/reference/simulate.md").read_text()
    commands, scenarios, makers = (
        page.split(f"## {title}")[1].split("\n## ")[0]
        for title in ("Commands", "Scenarios of a morning", "Makers")
    )
    assert set(re.findall(r"^\| `dosebook-simulate (\w+)", commands, re.MULTILINE)) == set(
        main.commands
    )
    assert re.findall(r"^\| `([\w-]+)` \|", makers, re.MULTILINE) == list(VENDORS)
    assert set(re.findall(r"^\| `([\w-]+)` \|", scenarios, re.MULTILINE)) == {
        exam.truth.scenario for exam in hospital.morning(1, 16)
    }
