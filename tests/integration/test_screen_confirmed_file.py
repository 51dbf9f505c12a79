"""What is confirmed in the registry comes back to the box in a signed file, when somebody asks."""

import json
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner

from dosebook_central.cli import main as registry_main
from dosebook_central.domain.screen_text import confirm
from dosebook_central.screens.decide import Verdict, decide
from dosebook_central.store.engine import open_engine
from dosebook_central.store.queries.screens import decisions_on
from dosebook_edge.cli.main import main as box_main
from dosebook_edge.folder import IDENTITY
from dosebook_edge.identity.identity import Identity
from dosebook_edge.kiosk.review import Word
from dosebook_edge.outbox import Outbox
from tests.support.box import BOX, configuration
from tests.support.kiosk import put_screen, review_of, screen_of

DLP, TOTAL = "SCREEN/dlp[1]", "SCREEN/total_dlp"


def run(main, *arguments):
    """Run a command and return what it says."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


class Both:
    """A registry and one enrolled box, whose one screen it has: two values wait at both."""

    def __init__(self, folder) -> None:
        self.folder = folder
        box_file = configuration(folder / "box", "[uplink]", "enabled = false")
        self.data, self.registry = folder / "box" / "data", folder / "registry"
        self.data.mkdir(parents=True)
        self._box, self._central = ("--config", str(box_file)), ("--data", str(self.registry))
        csr, bundle = folder / "box.csr", folder / "bundle.json"
        self.central("init")
        self.box("identity", "request", "--out", str(csr))
        self.central("box", "add", BOX, "--csr", str(csr), "--out", str(bundle))
        self.box("identity", "install", str(bundle))
        with self.outbox() as outbox:
            self.record_id = put_screen(outbox, screen_of(0)).record_id

    def outbox(self):
        """The box's outbox, closed afterwards."""
        signer = Identity.load(self.data / IDENTITY).signer
        return closing(Outbox(self.data, BOX, signer))

    def box(self, *arguments):
        """A command of the box."""
        return run(box_main, *self._box, *arguments)

    def central(self, *arguments):
        """A command of the registry."""
        return run(registry_main, *self._central, *arguments)

    def deliver(self):
        """The box's records come to the registry."""
        carried = self.folder / f"{len(list(self.folder.glob('*.zip')))}.zip"
        self.box("outbox", "export", str(carried))
        self.central("import", str(carried))

    def decide(self, path, act, text=""):
        """Somebody decides in the registry."""
        value = next(one for one in screen_of(0).report.values if one.path == path)
        verdict = Verdict(self.record_id, path, act, "" if text else "a slip")
        if text:
            verdict = replace(verdict, confirmed=confirm(value, text))
        engine = open_engine(self.registry / "registry.db")
        with engine.begin() as connection:
            known = decisions_on(connection, self.record_id)
            seen = max((one.id for one in known if one.decision.path == path), default=0)
            done = decide(connection, replace(verdict, seen=seen), "physicist", datetime.now(UTC))
        engine.dispose()
        assert done is not None

    def exported(self, name="confirmed.bin"):
        """The file that the registry makes for the box."""
        path = self.folder / name
        self.central("screens", "export-confirmed", BOX, str(path))
        return path

    def confirmed(self):
        """What counts at the box: field, text and person of each confirmation."""
        told = json.loads(self.box("screen", "confirmed", "--json"))
        found = [each for one in told["consoles"] for each in one["confirmations"]]
        return sorted((one["field"], one["text"], one["by"]) for one in found)


@pytest.fixture
def both(tmp_path):
    """A registry and its box."""
    return Both(tmp_path)


def test_what_the_registry_confirmed_teaches_the_box_and_waits_there_no_longer(both):
    """Decided in the registry, carried in a file, taken over once; the page asks no more."""
    both.deliver()
    both.decide(DLP, "correct", "810.70")
    path = both.exported()
    said = both.box("screen", "take", str(path))
    assert "1 new confirmations, 0 were known; 1 values wait here no longer" in said
    assert both.confirmed() == [(DLP, "810.70", "physicist")]
    assert json.loads(both.box("kiosk", "waiting", "--json"))["here"] == 1
    assert "0 new confirmations, 1 were known; 0 values" in both.box("screen", "take", str(path))


def test_a_newer_file_takes_the_place_of_the_one_before(both):
    """What was taken back in the registry is forgotten at the box with the next file."""
    both.deliver()
    both.decide(DLP, "correct", "810.70")
    both.box("screen", "take", str(both.exported()))
    both.decide(DLP, "undo")
    both.decide(TOTAL, "accept", "900.30")
    said = both.box("screen", "take", str(both.exported("newer.bin")))
    assert "1 earlier ones are forgotten" in said
    assert both.confirmed() == [(TOTAL, "900.30", "physicist")]


def test_what_was_decided_at_the_box_comes_back_as_known(both):
    """The box's own decisions are in the registry too: they count once."""
    with both.outbox() as outbox:
        review = review_of(outbox)
        review.decide(review.show(review.waiting()[0]), Word("correct", "R. Graf", "810.70"))
    both.deliver()
    assert "0 new confirmations, 1 were known" in both.box("screen", "take", str(both.exported()))
    assert both.confirmed() == [(DLP, "810.70", "R. Graf")]


def test_only_what_this_registry_signed_for_this_box_is_taken(both):
    """A changed byte, and a file of nothing: refused in words, and nothing is kept."""
    both.deliver()
    both.decide(DLP, "correct", "810.70")
    path = both.exported()
    signed = path.read_bytes()
    for data in (signed[:-1] + bytes([signed[-1] ^ 1]), b"{}"):
        path.write_bytes(data)
        result = CliRunner().invoke(box_main, [*both._box, "screen", "take", str(path)])
        assert result.exit_code == 1
        assert "cannot be used" in result.output
    assert both.confirmed() == []
    result = CliRunner().invoke(
        registry_main, [*both._central, "screens", "export-confirmed", "other", str(path)]
    )
    assert result.exit_code == 1
    assert "nobody has confirmed" in result.output
