"""From a drawn console to a confirmed dose: the box's reader and the registry's review together."""

import json
from decimal import Decimal
from io import BytesIO
from zipfile import ZipFile

import pytest
from sqlalchemy import select

from dosebook_central.domain.screen_review import State
from dosebook_central.domain.screen_text import confirm
from dosebook_central.screens.decide import Verdict, decide
from dosebook_central.screens.export import cases, written
from dosebook_central.screens.opening import Screens
from dosebook_central.store.engine import writing
from dosebook_central.store.models import Exam, Record
from dosebook_central.store.queries import screens
from dosebook_central.store.queries.screens import Wanted
from dosebook_edge.capture.screen.report import evidence_of
from dosebook_edge.capture.screen.to_reading import to_reading
from dosebook_edge.simulate.screens.gallery import draw
from dosebook_protocol.screen import MEDIA_TYPE, unpack
from tests.support.fonts import need_fonts
from tests.support.registry import NOW, RegistryUnderTest, SigningBox
from tests.support.screen_reading import picture_of
from tests.support.screen_source import reader_of, whose


@pytest.fixture
def registry(tmp_path):
    """A registry with one box."""
    made = RegistryUnderTest(tmp_path)
    made.box = made.add(SigningBox("ct-1"))
    yield made
    made.close()


def _misread(screen):
    """One digit of one row's DLP as another one, as a net might read it."""
    row = next(one for one in screen.cells if one.field == "dlp" and one.value)
    digit = row.text[0]
    return row, ("7" if digit == "1" else "1") + row.text[1:]


def _waiting(registry):
    with registry.engine.connect() as connection:
        return screens.list_values(connection, Wanted(State.WAITING), 100)


def _total(registry):
    return registry.rows(Exam.dlp_mgy_cm)


def test_a_misread_row_waits_is_corrected_and_becomes_a_case(registry):
    """The sum of DLPs fails on the box; the row's dose counts only once a person read its crop."""
    need_fonts()
    screen = draw("ge-ct", 3)
    row, wrong = _misread(screen)
    equipped = reader_of(screen, wrong={row.name: wrong})
    picture, exam = picture_of(screen), whose(screen)
    seen = equipped.reader.read(picture)
    profile = equipped.profiles[seen.profile]
    screened = to_reading(seen, profile, exam, source="ct-1/console")
    data = evidence_of(picture, seen, screened.places, is_masked=False)
    message = registry.box.message(
        data, screened.reading, media_type=MEDIA_TYPE, source_kind="screen", source="console"
    )
    assert registry.statuses(message) == ["stored"]
    assert row.name in {one.path.removeprefix("SCREEN/") for one in _waiting(registry)}
    assert _total(registry) in ([], [(None,)]), "no total while a row of it waits"

    read = {one.path: one for one in unpack(data).report.values}
    truth = {one.name: one.text for one in screen.cells}
    with writing(registry.engine) as connection:
        for one in screens.list_values(connection, Wanted(State.WAITING), 100):
            value = read[one.path]
            said = truth[one.path.removeprefix("SCREEN/")]
            act = "accept" if said == value.text else "correct"
            verdict = Verdict(one.record_id, one.path, act, "", confirm(value, said))
            assert decide(connection, verdict, "physicist", NOW) is not None
    assert _waiting(registry) == []
    assert _total(registry) == [(Decimal(screen.cell("total_dlp").value),)]

    with registry.engine.connect() as connection:
        found = list(cases(connection, Screens(registry.evidence).open))
        record_id = connection.scalar(select(Record.id))
    with ZipFile(BytesIO(written(found))) as archive:
        said = [json.loads(line) for line in archive.read("cases.jsonl").decode().splitlines()]
        text = archive.read("cases.jsonl").decode()
    assert [(one["text"], one["read"]) for one in said] == [(row.text, wrong)]
    assert record_id not in text
    assert screen.cell("patient_id").text not in text
