"""A whole box in a room: a value that waits is decided on its page and counts in the registry."""

import json
from contextlib import closing
from decimal import Decimal

import pytest
from click.testing import CliRunner
from sqlalchemy import select

from dosebook_central.cli import main as registry_main
from dosebook_central.store.engine import open_engine
from dosebook_central.store.models import Event, Record
from dosebook_central.store.screen_models import ScreenValue
from dosebook_edge.box import Box
from dosebook_edge.cli.main import main as box_main
from dosebook_edge.config import ConfigError, load
from dosebook_edge.folder import IDENTITY
from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox import Outbox
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.box import BOX, configuration, opened_outbox, running_box
from tests.support.fonts import need_fonts
from tests.support.hospital import Hospital
from tests.support.kiosk import (
    PERSON,
    ask,
    decide_over_http,
    pins,
    put_screen,
    review_of,
    screen_of,
)
from tests.support.screen_source import reader_of, watching, whose
from tests.support.waiting import eventually


def with_page(*more):
    """Lines of a box file: the page on a free port, with one person."""
    person = ("[[kiosk.person]]", f'name = "{PERSON}"', f'pin = "{pins()[PERSON]}"')
    return ("[kiosk]", "enabled = true", "port = 0", *person, *more)


def run(main, *arguments):
    """Run a command and return what it says."""
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_a_room_without_network_decides_and_hands_over(tmp_path):
    """A box process without uplink: decided on its page, carried in a bundle, counted once.

    The box hears its receipts the same way, and the provenance names person and box.
    """
    box_file = configuration(tmp_path / "box", *with_page("[uplink]", "enabled = false"))
    data, registry = tmp_path / "box" / "data", tmp_path / "registry"
    box = ("--config", str(box_file))
    central = ("--data", str(registry))
    csr, bundle = tmp_path / "box.csr", tmp_path / "bundle.json"
    run(registry_main, *central, "init")
    run(box_main, *box, "identity", "request", "--out", str(csr))
    run(registry_main, *central, "box", "add", BOX, "--csr", str(csr), "--out", str(bundle))
    run(box_main, *box, "identity", "install", str(bundle))
    with closing(Outbox(data, BOX, Identity.load(data / IDENTITY).signer)) as outbox:
        put_screen(outbox, screen_of(0))
    with running_box(box_file) as process:
        text = decide_over_http(process.ports["kiosk"], act="confirm", text="810.70")
        assert "DLP: 810.70 mGy·cm. Stored." in text
        assert "2 records wait for the registry" in text
    told = json.loads(run(box_main, *box, "kiosk", "waiting", "--json"))
    assert told == {"here": 1, "in_registry_only": 0}
    carried, receipts = tmp_path / "records.zip", tmp_path / "receipts.zip"
    run(box_main, *box, "outbox", "export", str(carried))
    run(registry_main, *central, "import", str(carried), "--receipts", str(receipts))
    run(registry_main, *central, "import", str(carried))
    engine = open_engine(registry / "registry.db")
    with engine.connect() as connection:
        assert connection.scalars(select(Event.dlp_mgy_cm)).all() == [Decimal("810.7")]
        decided = connection.execute(
            select(ScreenValue.state, ScreenValue.decided_by).where(
                ScreenValue.path == "SCREEN/dlp[1]"
            )
        ).one()
    engine.dispose()
    assert tuple(decided) == ("corrected", f"{PERSON} at box {BOX}")
    assert "0 records wait" in run(box_main, *box, "outbox", "import-receipts", str(receipts))


def test_a_decision_counts_at_once_where_there_is_a_network(tmp_path):
    """Page, outbox, MQTT over mutual TLS, registry: the exam has the value a moment later."""
    hospital = Hospital(tmp_path)
    try:
        hospital.fleet.enrol(BOX)
        (tmp_path / "box" / "data").mkdir(parents=True)
        hospital.fleet.identity_dir(BOX).rename(tmp_path / "box" / "data" / IDENTITY)
        box = Box(load(configuration(tmp_path / "box", *with_page())))
        try:
            box.start()
            put_screen(box.outbox, screen_of(0))
            (page,) = [one for one in box.status()["sources"] if one["name"] == "kiosk"]
            assert (page["kind"], page["detail"]) == ("manual", "2 values wait for a person")
            decide_over_http(page["port"], act="confirm", text="810.10")
            eventually(
                lambda: hospital.one(Event.dlp_mgy_cm) == Decimal("810.1"), what="the dose counts"
            )
            eventually(lambda: box.outbox.status().waiting == 0, what="both receipts")
        finally:
            box.stop()
        assert hospital.one(Record.status, Record.source == "kiosk") == "stored"
    finally:
        hospital.close()


def test_what_a_source_cannot_prove_waits_on_the_page(tmp_path):
    """A misread digit that the sum catches: the monitor's source notes what a person must see."""
    need_fonts()
    screen = draw("ge-ct", 3)
    row = next(one for one in screen.cells if one.field == "dlp" and one.value)
    wrong = ("7" if row.text[0] == "1" else "1") + row.text[1:]
    with opened_outbox(tmp_path) as outbox:
        with watching(outbox, reader_of(screen, wrong={row.name: wrong})) as watched:
            watched.whose = whose(screen)
            watched.monitor.show(screen.picture)
            eventually(lambda: review_of(outbox).waiting(), what="a value waits")
        review = review_of(outbox)
        shown = {one.path: review.show(one) for one in review.waiting()}
        assert shown[f"SCREEN/{row.name}"].value.text == wrong
        assert all(one.crop.startswith(b"\x89PNG") for one in shown.values())


def test_a_taken_port_is_told_and_keeps_nobody_from_work(tmp_path):
    """The page's port is in use: the source says so, and the box captures all the same."""
    first = Box(load(configuration(tmp_path / "one", *with_page())))
    first.start()
    port = next(one["port"] for one in first.status()["sources"] if one["name"] == "kiosk")
    lines = [line.replace("port = 0", f"port = {port}") for line in with_page()]
    second = Box(load(configuration(tmp_path / "two", *lines)))
    try:
        second.start()
        states = {one["name"]: one for one in second.status()["sources"]}
        assert states["ct"]["state"] == "listening"
        assert states["kiosk"]["state"] == "failed"
        assert str(port) in states["kiosk"]["detail"]
        assert ask(port)[0] == 200
    finally:
        second.stop()
        first.stop()


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ('address = "0.0.0.0"', "name one address"),
        ('address = "kiosk.example"', "no IP address"),
        ('[[kiosk.person]]\nname = "A"\npin = "1234"', "no hash of a PIN"),
        (f'[[kiosk.person]]\nname = "{PERSON}"\npin = "{{pin}}"', "same name"),
    ],
)
def test_a_configuration_that_is_not_safe_is_refused(tmp_path, line, reason):
    """All addresses, a name, a PIN in clear, one name twice: told with the key."""
    lines = [*with_page()]
    line = line.format(pin=pins()[PERSON])
    at = len(lines) if line.startswith("[[") else 1
    with pytest.raises(ConfigError, match=reason):
        load(configuration(tmp_path, *lines[:at], line, *lines[at:]))


def test_pins_never_leave_the_configuration(tmp_path):
    """What prints the configuration, for people or for support, hides the hashes."""
    path = configuration(tmp_path, *with_page())
    listed = run(box_main, "--config", str(path), "config", "list")
    assert PERSON in listed
    assert "scrypt" not in listed
    made = run(box_main, "--config", str(path), "kiosk", "pin", "B", "--pin", "1234")
    assert made.startswith('[[kiosk.person]]\nname = "B"\npin = "scrypt$')
    assert "1234\n" not in made
