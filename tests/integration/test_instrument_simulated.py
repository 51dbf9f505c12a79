"""A box's source reads a simulated instrument of each engine over a real line."""

import time
from contextlib import contextmanager
from decimal import Decimal

import pytest

from dosebook_edge.capture.instruments import InstrumentSources
from dosebook_edge.capture.room import Room
from dosebook_edge.clock import BoxClock
from dosebook_edge.config.instrument_source import InstrumentSourceSection
from dosebook_edge.simulate.instrument.lines import PtyLine, PushLine, TcpLine
from dosebook_edge.simulate.instrument.plan import Pace, exposures_of, make_plan
from dosebook_edge.simulate.instrument.profile import load
from dosebook_edge.simulate.instrument.stage import playing
from dosebook_edge.simulate.instrument.truth import exposures
from dosebook_protocol.cose import verify
from dosebook_protocol.reading import Outcome
from dosebook_protocol.wire import decode_record, split_record_message
from tests.support.box import BOX, SIGNER, opened_outbox
from tests.support.waiting import eventually
from tools.site.ports import free_port

LOCAL = "127.0.0.1"
BEFORE = -1.0
STEPS = Pace(0.0, 0.0, 1.0)  # exposure n at second n


class Scene:
    """An instrument that is played, the source that reads it, and a clock that a test moves."""

    def __init__(self, outbox, source):
        self.outbox = outbox
        self.source = source
        self.now = BEFORE
        self.zero = time.monotonic() + 10_000

    def running(self):
        """The time of a plan that runs: long before it begins, until `begin`."""
        return time.monotonic() - self.zero

    def begin(self):
        self.zero = time.monotonic()

    def readings(self, count):
        """What the records say, once there are so many."""
        eventually(lambda: self.outbox.status().last_sequence >= count, 40, what=f"{count} records")
        assert self.outbox.status().last_sequence == count
        messages = [one.message for one in self.outbox.unacknowledged(0, 99, 10**9)]
        envelopes = [split_record_message(one)[0] for one in messages]
        return [decode_record(verify(one, SIGNER.public_key)).reading for one in envelopes]

    def wait_heard(self):
        eventually(lambda: "shows" in self.source.health().detail, 40, what="the instrument heard")


@contextmanager
def scene(tmp_path, name, line, plan, *, moved=True, **section):
    """Play a plan; where the test does not move its clock, it runs by itself, once it begins."""
    profile = load(name)
    with opened_outbox(tmp_path) as outbox:
        made = []

        def clock():
            if not made:
                return BEFORE if moved else -10_000.0
            return made[0].now if moved else made[0].running()

        with playing(profile, plan, line, clock=clock):
            keys = {"name": "meter", "kind": "instrument", "profile": name, "idle": "1s"}
            settings = InstrumentSourceSection(
                **keys | {"address": line.address, "serial_number": "sim"} | section
            )
            source = InstrumentSources(BOX, outbox, BoxClock(), Room()).of(settings)
            made.append(Scene(outbox, source))
            source.start()
            try:
                yield made[0]
            finally:
                source.stop()


@pytest.mark.parametrize(
    ("name", "unit", "exact"),
    [
        ("ptw-diamentor", "cGy.cm2", ["0.015", "0.0225"]),  # poll
        ("dosebook-reference-modbus-tcp", "mGy.cm2", ["1.5", "2.25"]),  # modbus
    ],
)
def test_counters_on_real_lines_become_exact_records(tmp_path, name, unit, exact):
    """Two exposures over a pseudo-terminal or TCP are two records of exactly these doses."""
    amounts = [Decimal(one) * (100 if unit == "cGy.cm2" else 1000) for one in exact]
    serial = load(name).transport["kind"] == "serial"
    line = PtyLine(tmp_path / "line") if serial else TcpLine(LOCAL, 0)
    with scene(tmp_path, name, line, exposures_of(load(name), amounts, STEPS)) as meter:
        meter.wait_heard()
        meter.now = 0.0
        meter.readings(1)
        meter.now = 1.0
        readings = meter.readings(2)
    values = [event.values[0] for one in readings for event in one.events]
    assert [one.value for one in values] == list(map(Decimal, exact))
    assert {one.original_unit for one in values} == {unit}
    assert not [flag for one in readings for flag in one.deviations if "incomplete" in flag.code]


def test_a_frame_instrument_on_a_real_line_is_no_patient_dose(tmp_path):
    """An AccuRad counts an ambient dose: the exposure is kept with its value, and is no dose."""
    line = PtyLine(tmp_path / "line")
    plan = exposures_of(load("mirion-accurad"), [Decimal("0.125")], STEPS)
    with scene(tmp_path, "mirion-accurad", line, plan) as meter:
        meter.wait_heard()
        meter.now = 0.0
        (reading,) = meter.readings(1)
    assert reading.outcome is Outcome.NO_DOSE
    assert {item.name: item.text for item in reading.items}["raw_value"] == "0.125 uSv"


def test_a_line_instrument_on_a_real_line_is_counted(tmp_path):
    """A meter that sends by itself, in real time: its exposure is what truly happened."""
    profile = load("dap-line")
    plan = make_plan(profile, "line", 1, (), Pace(1.0, 1.0, 60.0))
    (true,) = exposures(profile, plan)
    line = PtyLine(tmp_path / "line")
    with scene(tmp_path, "dap-line", line, plan, moved=False, idle="4s") as meter:
        meter.wait_heard()
        meter.begin()
        (reading,) = meter.readings(1)
    (event,) = reading.events
    assert event.values[0].value == Decimal(true.stored)


def test_an_instrument_that_connects_by_itself_is_read(tmp_path):
    """A networked Ludlum pushes its rate to a box that listens; the box adds it up and says so."""
    name = "ludlum-375-network"
    plan = make_plan(load(name), "push", 1, (), Pace(5.0, 5.0, 60.0))
    keys = {"allowed_peers": (LOCAL,), "idle": "5s"}
    line = PushLine(LOCAL, free_port())
    with scene(tmp_path, name, line, plan, moved=False, **keys) as meter:
        eventually(lambda: line._peer is not None, 40, what="the instrument connected")
        meter.begin()
        (reading,) = meter.readings(1)
    assert reading.outcome is Outcome.NO_DOSE
    assert "integrated-by-host" in {one.code for one in reading.deviations}
