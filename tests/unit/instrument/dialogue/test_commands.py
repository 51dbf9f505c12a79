"""An engineer's tools on the line: what is there, who answers, live values, recording, replay."""

import io
import json
import re
import threading
from contextlib import contextmanager

import pytest
from click.testing import CliRunner

from dosebook_edge.capture.instrument.dialogue.probing import is_safe, tried
from dosebook_edge.capture.instrument.dialogue.session import Session
from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.capture.instrument.links.opening import opener
from dosebook_edge.capture.instrument.wire.stand_in import StandIn, exchanges_of
from dosebook_edge.capture.instrument.wire.stand_in_line import play, pty_end, tcp_end
from dosebook_edge.capture.instrument.wire.transcript import read_transcript
from dosebook_edge.cli.instrument_view import show_for
from dosebook_edge.cli.main import main
from tests.support.instruments import PROFILES, read, readings
from tests.support.lines import (
    SimulatedClock,
    SimulatedLine,
    hurried,
    notices_of,
    readings_of,
    running,
    said,
)

DIAMENTOR = PROFILES["ptw-diamentor"]
PATIENT = hurried(DIAMENTOR, answer_within_s=10, stale_after_s=600)
DUMP = "# transcript\n" + "".join(
    f"08:00:{second}.000 < 00{second}.1000010\\r\\n\n" for second in range(10, 60)
)
POLLED = """# transcript
08:00:00.000 > U\\r\\n
08:00:00.050 < U1\\r\\n
08:00:01.000 > M\\r\\n
08:00:01.050 < M0000.10,0001.20,001,05,0000.00,0000.00,000,00,
08:00:01.070 < 00000\\r\\n
08:00:03.000 > M\\r\\n
08:00:03.050 < M0000.30,0001.20,001,05,0000.00,0000.00,000,00,00000\\r\\n
08:00:05.000 > M\\r\\n
"""


def _box(*words):
    return CliRunner().invoke(main, ["instrument", *map(str, words)])


def _stand_in(text, speed=1.0):
    return StandIn(exchanges_of(read_transcript(text)), speed)


@contextmanager
def _playing(end_of, stand_in):
    stopping = threading.Event()
    with end_of as end:
        thread = threading.Thread(target=play, args=(stand_in, end, stopping), daemon=True)
        thread.start()
        try:
            yield end.address
        finally:
            stopping.set()
            thread.join()


def test_the_ports_of_this_machine_are_listed():
    """Without an address nothing is opened: the ports, with addresses that last."""
    done = _box("probe", "--json")
    ports = json.loads(done.stdout)
    assert done.exit_code == (0 if ports else 3)
    assert all(set(one) == {"address", "device", "description"} for one in ports)


def test_nobody_at_an_address_is_told_for_each_way_of_asking():
    """A probe that finds nothing says what it tried, and ends with 3."""
    done = _box("probe", "/dev/serial/by-id/none")
    assert done.exit_code == 3
    assert "no known instrument answered" in done.stdout
    assert "ptw-diamentor" in done.stdout
    assert "dap-line" not in done.stdout
    assert _box("probe", "COM1").exit_code == 1


def test_only_questions_that_identify_are_put_to_the_unknown():
    """A probe sends what each profile calls identifying, and nothing else."""
    safe = {name for name, one in PROFILES.items() if is_safe(one)}
    asked = {name: getattr(PROFILES[name].timing, "identify", None) for name in safe}
    assert {name: one for name, one in asked.items() if one} == {
        "keithley-6517b": "identification",
        "mirion-accurad": "info",
        "ptw-diamentor": "identification",
        "ptw-multidos": "identification",
        "ptw-unidos-tango-romeo": "identification",
        "rad-pro": "device",
    }


def test_an_instrument_is_recognised_by_its_answer():
    """The profile whose identification fits is named with what it says; another is not."""
    clock = SimulatedClock(1000)
    table = {b"PTW\r\n": b"CRS 1.2.4\r\n"}

    def asked(name):
        line = SimulatedLine(clock, said(table))
        return tried(PROFILES[name], lambda: line), line

    found, line = asked("ptw-diamentor")
    assert (found.is_match, found.facts, line.is_closed) == (True, {"firmware": "1.2.4"}, True)
    other, _ = asked("ptw-multidos")
    assert (other.is_match, other.received) == (False, b"CRS 1.2.4\r\n")
    silent, line = asked("ludlum-375-serial")
    assert (silent.is_match, silent.sent, line.sent) == (False, b"", [])


def test_a_line_that_breaks_while_it_is_probed_is_told():
    """A fault of the line is no answer of the instrument."""
    line = SimulatedLine(SimulatedClock(100), breaks_at=0)
    assert tried(DIAMENTOR, lambda: line).trouble == "the cable is out"
    assert line.is_closed

    def missing():
        raise LinkError("no adapter")

    assert tried(DIAMENTOR, missing).trouble == "no adapter"


def test_a_question_gets_the_answer_of_its_time():
    """A recorded exposure rises at the same pace for a box that asks at another."""
    stand_in = _stand_in(POLLED)
    assert stand_in.answers(b"M\r\n", 0.0)[0][1].startswith(b"M0000.10")
    assert [delay for delay, _ in stand_in.answers(b"M\r\n", 1.5)] == pytest.approx([0.05, 0.07])
    assert stand_in.answers(b"M\r\n", 3.2)[0][1].startswith(b"M0000.30")
    assert stand_in.answers(b"M\r\n", 5.5) == []  # it was not answered
    twice = _stand_in(POLLED, 2.0)
    assert twice.answers(b"M\r\n", 1.6)[0][1].startswith(b"M0000.30")
    assert twice.length_s == pytest.approx(2.5)


def test_without_times_each_asking_gets_the_next_answer_and_the_last_stays():
    """A transcript typed by hand can stand in as well."""
    stand_in = _stand_in("> M\n< 1\n> M\n< 2\n")
    assert [stand_in.answers(b"M", 0)[0][1] for _ in range(3)] == [b"1", b"2", b"2"]


def test_a_question_may_come_in_pieces_and_an_unknown_one_is_left_out():
    """Only whole questions of the recording are answered."""
    stand_in = _stand_in("> SER\\r\n< SER1\\r\n")
    assert stand_in.answers(b"SE", 0) == []
    assert stand_in.answers(b"R\r", 0) == [(0.0, b"SER1\r")]
    assert stand_in.answers(b"RES\r", 0) == []
    assert stand_in.answers(b"SER\r", 0) == [(0.0, b"SER1\r")]


def test_a_modbus_question_of_another_number_is_answered_under_it():
    """Modbus TCP numbers its questions anew on each connection."""
    profile = PROFILES["dosebook-reference-modbus-tcp"]
    stand_in = _stand_in(profile.accept[0].transcript)
    (question,) = {one.data for one in read_transcript(profile.accept[0].transcript)[:1]}
    (answer,) = stand_in.answers(b"\x12\x34" + question[2:], 0)
    assert answer[1][:2] == b"\x12\x34"


def test_a_recording_of_a_monitor_that_only_sends_is_heard_on_a_pseudo_terminal(tmp_path):
    """What came by itself comes by itself again, under a name that goes when it ends."""
    name = tmp_path / "monitor"
    profile = PROFILES["ludlum-375-serial"]
    with (
        _playing(pty_end(name), _stand_in(DUMP, 5)) as address,
        running(profile, opener(address, profile.transport)) as session,
    ):
        session.until(lambda one: len(readings_of(one.heard)) >= 2, "two telegrams")
    assert not name.is_symlink()
    assert {reading.text for _, reading in readings_of(session.heard)} <= {
        f"00{second}.1" for second in range(10, 60)
    }


def test_a_stand_in_gives_the_values_of_the_recording():
    """P18: each value is told as it was said, whatever the pace of the box that asks."""
    recorded = _identified(POLLED.removesuffix("08:00:05.000 > M\\r\\n\n"))
    with (
        _playing(tcp_end("127.0.0.1", 0), _stand_in(recorded, 5)) as address,
        running(PATIENT, opener(address, DIAMENTOR.transport)) as session,
    ):
        session.until(lambda one: "0000.30" in _texts(one.heard), "the last value")
    assert _texts(session.heard) <= {"0000.10", "0000.30"}
    assert notices_of(session.heard) == []


def _texts(heard):
    return {reading.text for _, reading in readings_of(heard) if reading.name == "dap"}


def test_watch_and_record_tell_readings_and_end(tmp_path):
    """A watched value has unit and storage unit; a recording proves with the same profile."""
    file = tmp_path / "recorded.txt"
    steady = _identified(POLLED).replace("M0000.30", "M0000.10")
    untimed = re.sub(r"^[0-9:.]+ ", "", steady, flags=re.MULTILINE)
    with _playing(tcp_end("127.0.0.1", 0), _stand_in(untimed)) as address:
        seen = _box("watch", "ptw-diamentor", address, "--count", "1", "--factor", "1.1")
    assert seen.exit_code == 0
    assert "dap 0000.10 cGy.cm2 = 0.001 Gy.cm2, corrected 0.0011" in seen.stdout
    assert " > " not in seen.stdout
    with _playing(tcp_end("127.0.0.1", 0), _stand_in(untimed)) as address:
        made = _box("record", "ptw-diamentor", address, file, "--count", "1")
        assert made.exit_code == 0
        again = _box("record", "ptw-diamentor", address, file, "--count", "1")
        assert (again.exit_code, "cannot be written" in again.output) == (1, True)
    found = read(DIAMENTOR, file.read_text())
    assert {one.text for one in readings(found) if one.name == "dap"} == {"0000.10"}


def test_on_a_terminal_the_values_stay_in_place():
    """A person sees value, unit, state and bytes of now, drawn over those of before."""
    out = io.StringIO()
    out.isatty = lambda: True
    clock = SimulatedClock(8)
    table = {
        line.question: b"".join(piece for _, piece in line.pieces)
        for line in exchanges_of(read_transcript(_identified(POLLED)))[:5]
    }
    session = Session(DIAMENTOR, lambda: SimulatedLine(clock, said(table)), clock=clock)
    session.run(clock.stopping, show_for(DIAMENTOR, session, out, with_bytes=False))
    last = re.split(r"\x1b\[\d+A\x1b\[J", out.getvalue())[-1].splitlines()
    assert last[0] == "PTW DIAMENTOR (seen in code)"
    assert last[1].startswith("state   listening, last heard 08:00:0")
    assert last[2:] == [
        "says    -",
        "dap 0000.10 cGy.cm2 = 0.001 Gy.cm2",
        "time 05 s = 65 s",
        ">       U\\r\\n",
        "<       U1",
    ]


def test_an_instrument_that_says_nothing_ends_with_the_reason():
    """A watch without a reading is a fault, with the state of the line."""
    done = _box("watch", "ptw-diamentor", "/dev/serial/by-id/none", "--for", "0.2")
    assert done.exit_code == 1
    assert "no reading: connecting: /dev/serial/by-id/none is not there" in done.output


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (("watch", "no-such", "/dev/x"), 1, "there is no profile 'no-such'"),
        (("watch", "ptw-diamentor", "COM1"), 1, "is no address of an instrument"),
        (
            ("watch", "rad-pro", "/dev/x", "--baudrate", "9600"),
            1,
            "does not let a site set baudrate",
        ),
        (("watch", "ptw-diamentor", "/dev/x", "--factor", "0"), 2, "is no calibration factor"),
        (("watch", "ptw-diamentor", "/dev/ttyUSB99", "--for", "0.1"), 1, "may be another instrum"),
        (("watch", "ludlum-375-network", "listen://127.0.0.1:1"), 1, "accepts nobody"),
    ],
)
def test_what_cannot_be_watched_says_why(words, code, told):
    """P2: each mistake of a command is one sentence with its cure."""
    done = _box(*words)
    assert (done.exit_code, told in done.output) == (code, True)


def test_a_transcript_that_is_none_or_a_place_that_is_taken_cannot_stand_in(tmp_path):
    """A stand-in that cannot be set up says why."""
    wrong, right = tmp_path / "wrong.txt", tmp_path / "right.txt"
    wrong.write_text("# transcript\n? K\n")
    right.write_text(POLLED)
    assert "is none of a transcript" in _box("replay", wrong, "--to", tmp_path / "x").output
    assert "cannot be used" in _box("replay", right, "--to", right).output
    assert _box("replay", right, "--to", tmp_path / "x", "--for", "0.1").exit_code == 0


def _identified(text):
    extra = "08:00:00.000 > PTW\\r\\n\n08:00:00.000 < CRS 1.2.4\\r\\n\n"
    extra += "08:00:00.000 > SER\\r\\n\n08:00:00.000 < SER345678\\r\\n\n"
    extra += "08:00:00.000 > CRC\\r\\n\n08:00:00.000 < CRC0,0\\r\\n\n"
    return text.replace("# transcript\n", "# transcript\n" + extra)
