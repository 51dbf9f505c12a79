"""Decisions that persons make at a box, in the registry: any order, once, never over another's."""

import threading
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from itertools import permutations
from uuid import uuid4

import pytest

from dosebook_central.domain.box_decision import Fate
from dosebook_central.domain.screen_review import State
from dosebook_central.domain.screen_text import confirm
from dosebook_central.ingest import pipeline
from dosebook_central.ingest.replay import Quarantines
from dosebook_central.screens.decide import Verdict, decide
from dosebook_central.screens.export import cases
from dosebook_central.screens.opening import Screens
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Event, Exam, Quarantine
from dosebook_central.store.queries.screens import decisions_on
from dosebook_central.store.screen_models import BoxDecision as Row
from dosebook_central.store.screen_models import ScreenDecision, ScreenValue
from dosebook_protocol.reading import Study
from dosebook_protocol.screen import MEDIA_TYPE, pack
from dosebook_protocol.screen_decision import MEDIA_TYPE as DECISION
from dosebook_protocol.screen_decision import encode_decision, reading_on_the_wire
from tests.support.box_decisions import decision_on
from tests.support.registry import NOW, RegistryUnderTest, SigningBox
from tests.support.screens import evidence, reading_of, value

PATH = "SCREEN/dlp[1]"
SCREEN = evidence(
    value(PATH, "816.10"),
    value("SCREEN/ctdi_vol[1]", "12.40", quantity="ctdi_vol", unit="mGy", state="accepted"),
)
ID = "5" * 32


@pytest.fixture
def registry(registry):
    """A registry on each engine with two boxes."""
    registry.box = registry.add(SigningBox("ct-1"))
    registry.other = registry.add(SigningBox("ct-2"))
    return registry


def _screen(registry, **changes):
    return registry.box.message(
        pack(SCREEN),
        reading_of(SCREEN),
        media_type=MEDIA_TYPE,
        source="console",
        source_kind="screen",
        **({"record_id": ID} | changes),
    )


def _sent(box, decision):
    return box.message(
        encode_decision(decision),
        reading_on_the_wire(),
        media_type=DECISION,
        source="kiosk",
        source_kind="manual",
    )


def _said(act, text="", **changes):
    return decision_on(SCREEN, ID, PATH, act, **({"text": text} if text else {}), **changes)


def _here(registry, act, text="816.10"):
    """What somebody at the registry decides on the same value."""
    confirmed = confirm(SCREEN.report.values[0], text) if act in {"accept", "correct"} else None
    with writing(registry.engine) as connection:
        seen = max((one.id for one in decisions_on(connection, ID)), default=0)
        verdict = Verdict(ID, PATH, act, "", confirmed, seen)
        return decide(connection, verdict, "physicist", NOW)


def _fates(registry):
    return sorted(row[0] for row in registry.rows(Row.state))


def _dlp(registry):
    ((dlp,),) = registry.rows(Event.dlp_mgy_cm)
    return dlp


def test_a_correction_at_the_box_counts_and_becomes_a_case(registry):
    """The value is the person's, its provenance names person and box, the crop is a case."""
    assert registry.statuses(_screen(registry)) == ["stored"]
    assert _dlp(registry) is None
    assert registry.statuses(_sent(registry.box, _said("correct", "816.70"))) == ["stored"]
    assert _dlp(registry) == Decimal("816.7")
    assert registry.rows(Exam.dlp_mgy_cm) == [(Decimal("816.7"),)]
    assert ("corrected", "R. Graf at box ct-1") in registry.rows(
        ScreenValue.state, ScreenValue.decided_by
    )
    with registry.engine.connect() as connection:
        found = list(cases(connection, Screens(registry.evidence).open))
    assert [(one.said["text"], one.said["read"]) for one in found] == [("816.70", "816.10")]


def test_decisions_and_their_screen_come_in_any_order(tmp_path):
    """Correct, undo, accept at the box: the same exam whatever comes first, and twice."""
    first = _said("correct", "816.70")
    undo = _said("undo", after=first.id)
    last = _said("accept", after=undo.id)
    outcomes, box = set(), SigningBox("ct-1")
    for number, order in enumerate(permutations(range(4))):
        if number % 4:  # six of twenty-four
            continue
        (tmp_path / str(number)).mkdir()
        one = RegistryUnderTest(tmp_path / str(number))
        one.box = one.add(box)
        messages = [_screen(one), *(_sent(one.box, said) for said in (first, undo, last))]
        for at in order:
            assert one.statuses(messages[at]) == ["stored"]
        assert one.statuses(*messages) == ["duplicate"] * 4
        acts = tuple(row[0] for row in one.rows(ScreenDecision.act))
        outcomes.add((acts, _dlp(one), tuple(_fates(one))))
        one.close()
    assert outcomes == {
        (("correct", "undo", "accept"), Decimal("816.1"), ("applied", "applied", "applied"))
    }


def test_a_batch_with_everything_in_it_is_one_transaction(registry):
    """The screen and the decision on it in one batch, decision first: both count."""
    batch = [_sent(registry.box, _said("accept")), _screen(registry)]
    assert registry.statuses(*batch) == ["stored", "stored"]
    assert _dlp(registry) == Decimal("816.1")


def test_who_decided_first_stands_and_the_other_is_a_disagreement(registry):
    """A decision made at the box without seeing the registry's changes nothing, and is kept."""
    registry.statuses(_screen(registry))
    assert _here(registry, "correct", "816.90") is State.CORRECTED
    registry.statuses(_sent(registry.box, _said("correct", "816.70")))
    assert _dlp(registry) == Decimal("816.9")
    assert _fates(registry) == ["differs"]


def test_the_same_said_twice_is_no_disagreement(registry):
    """Box and registry confirm one number: they agree, and the value is decided once."""
    registry.statuses(_screen(registry))
    _here(registry, "accept")
    registry.statuses(_sent(registry.box, _said("accept")))
    assert _fates(registry) == ["agrees"]
    assert len(registry.rows(ScreenDecision.id)) == 1


def test_an_undo_of_what_never_counted_withdraws_it(registry):
    """Taken back at the box: the disagreement is gone, the registry's decision stands."""
    registry.statuses(_screen(registry))
    _here(registry, "correct", "816.90")
    said = _said("correct", "816.70")
    registry.statuses(_sent(registry.box, said))
    registry.statuses(_sent(registry.box, _said("undo", after=said.id)))
    assert _fates(registry) == ["withdrawn", "withdrawn"]
    assert _dlp(registry) == Decimal("816.9")


def test_an_undo_never_takes_back_what_the_registry_decided_since(registry):
    """Called wrong at the registry after the box's decision: a late undo of that one differs."""
    registry.statuses(_screen(registry))
    said = _said("accept")
    registry.statuses(_sent(registry.box, said))
    assert _here(registry, "void") is State.WAITING
    assert _here(registry, "correct", "816.90") is State.CORRECTED
    registry.statuses(_sent(registry.box, _said("undo", after=said.id)))
    assert _dlp(registry) == Decimal("816.9")
    assert _fates(registry) == ["applied", "differs"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"crop_sha256": "0" * 64}, "not what this screen shows"),
        ({"shown": "916.10"}, "not what this screen shows"),
        ({"evidence_sha256": "0" * 64}, "not what this screen shows"),
        ({"path": "SCREEN/dlp[9]"}, "not what this screen shows"),
        ({"act": "correct", "text": "81670"}, "2 decimals"),
    ],
)
def test_a_decision_on_something_else_than_the_screen_is_refused(registry, changes, reason):
    """P51: what was shown must be what the screen's evidence has; the refusal says what is not."""
    registry.statuses(_screen(registry))
    said = _said("accept").model_copy(update=changes)
    assert registry.statuses(_sent(registry.box, said)) == ["stored"]
    ((state, why),) = registry.rows(Row.state, Row.reason)
    assert state == Fate.REFUSED
    assert reason in why
    assert _dlp(registry) is None


def test_a_box_decides_on_its_own_screens_only(registry):
    """Rule 11: another box's signature is good for its own rooms, not for this one."""
    registry.statuses(_screen(registry))
    registry.statuses(_sent(registry.other, _said("accept")))
    assert registry.rows(Row.state, Row.reason) == [("refused", "another box captured this screen")]
    assert _dlp(registry) is None


def test_a_screen_that_repeats_another_takes_its_decisions_along(registry):
    """The same evidence as a second record is a duplicate: a decision on it is on the first."""
    registry.statuses(_screen(registry))
    again = uuid4().hex
    assert registry.statuses(_screen(registry, record_id=again)) == ["duplicate"]
    said = decision_on(SCREEN, again, PATH, "accept")
    registry.statuses(_sent(registry.box, said))
    assert _fates(registry) == ["applied"]
    assert _dlp(registry) == Decimal("816.1")


def test_what_an_earlier_release_quarantined_is_applied_by_a_replay(registry, monkeypatch):
    """A registry that knew no decisions kept the record with its reason: nothing is lost."""
    registry.statuses(_screen(registry))
    with monkeypatch.context() as earlier:
        earlier.setattr(pipeline, "DECISION", "a media type of later")
        assert registry.statuses(_sent(registry.box, _said("accept"))) == ["quarantined"]
    assert _dlp(registry) is None
    ((item, reason),) = registry.rows(Quarantine.id, Quarantine.reason)
    assert "update this registry" in reason
    done, words = Quarantines(registry.engine, registry.evidence, registry.ingest).replay(item)
    assert done, words
    assert _dlp(registry) == Decimal("816.1")
    assert _fates(registry) == ["applied"]


def test_a_screen_and_its_decision_at_the_same_moment_never_miss_each_other(registry):
    """Two workers store one each: whoever is second applies it, whatever the engine."""
    rounds = 12
    for number in range(rounds):
        record_id = f"{number:032x}"
        screen = evidence(value(PATH, f"{500 + number}.10", place={"event_uid": f"2.25.{number}"}))
        sent = registry.box.message(
            pack(screen),
            reading_of(screen, study=Study(f"2.25.9.{number}")),
            media_type=MEDIA_TYPE,
            source_kind="screen",
            record_id=record_id,
        )
        said = _sent(registry.box, decision_on(screen, record_id, PATH, "accept"))
        begin = threading.Barrier(2)

        def work(message, begin=begin):
            begin.wait()
            return registry.statuses(message)

        with ThreadPoolExecutor(2) as both:
            assert list(both.map(work, (sent, said))) == [["stored"], ["stored"]]
    assert _fates(registry) == ["applied"] * rounds
