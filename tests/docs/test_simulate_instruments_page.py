"""The page on simulated instruments: its example plays, and it names every fault."""

import re
from decimal import Decimal

from dosebook_edge.capture.instrument.catalogue.loader import load as loaded
from dosebook_edge.capture.instrument.parsing.parser import Parser
from dosebook_edge.capture.instrument.reading import Answer
from dosebook_edge.simulate.instrument.plan import FAULTS, Pace, exposures_of
from dosebook_edge.simulate.instrument.player import Player
from dosebook_edge.simulate.instrument.profile import load

PAGE = "docs/operate/simulate-instruments.md"


def test_the_example_of_the_page_makes_the_tutorial_s_profile_playable(repository, tmp_path):
    """The [simulate] table of the page, put into the profile of the tutorial, is played and read
    as what it was told to show."""
    tutorial = (repository / "docs/operate/instruments.md").read_text()
    (profile,) = re.findall(r"```toml file=example-kap\.toml\n(.*?)```", tutorial, re.DOTALL)
    (table,) = re.findall(
        r"```toml\n(\[simulate\].*?)```", (repository / PAGE).read_text(), re.DOTALL
    )
    path = tmp_path / "example-kap.toml"
    path.write_text(profile + "\n" + table)
    parser, played = Parser(loaded(path)), load(str(path))
    player = Player(played, exposures_of(played, [Decimal("1.70")], Pace(1, 1, 1)))
    parser.sent(b"K?\r")
    (piece,) = player.received(b"K?\r", 5.0)
    (answer,) = (one for one in parser.feed(piece.data) if isinstance(one, Answer))
    assert [(one.text, one.unit) for one in answer.readings] == [("00125.10", "uGy.m2")]


def test_the_page_explains_every_fault(repository):
    """Each fault that `--faults` takes has a row."""
    rows = re.findall(r"^\| `([a-z-]+)` \|", (repository / PAGE).read_text(), re.MULTILINE)
    assert set(FAULTS) <= set(rows)
