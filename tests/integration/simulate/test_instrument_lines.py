"""Simulated instruments on real lines: pseudo-terminals, TCP ports, connections, pymodbus."""

import os
import select
import socket
import tty
from decimal import Decimal

import pytest
from pymodbus.client import ModbusTcpClient

from dosebook_edge.simulate.instrument.lines import PtyLine, PushLine, TcpLine
from dosebook_edge.simulate.instrument.plan import Incident, Pace, Plan, exposures_of
from dosebook_edge.simulate.instrument.profile import load
from dosebook_edge.simulate.instrument.stage import playing
from tests.support.waiting import eventually

LOCAL = "127.0.0.1"
CHANGED = Pace(shortest_s=0.3, longest_s=0.3, pause_s=0.3)


def _serial(path):
    port = os.open(path, os.O_RDWR | os.O_NOCTTY)
    tty.setraw(port)
    return port


def _heard(port, enough):
    """What comes from a descriptor until it is enough."""
    data = b""

    def more():
        nonlocal data
        ready, _, _ = select.select([port], [], [], 0.05)
        if ready:
            data += os.read(port, 4096)
        return enough(data)

    eventually(more, what=f"enough of {data!r}")
    return data


def _asked(port, question, end=b"\r\n"):
    os.write(port, question)
    return _heard(port, lambda data: data.endswith(end))


def test_a_polled_instrument_on_a_pseudo_terminal_counts_up(tmp_path):
    """A DIAMENTOR behind a name answers in its own words, and its counter adds the exposures up."""
    profile = load("ptw-diamentor")
    plan = exposures_of(profile, [Decimal("1.50"), Decimal("2.25")], CHANGED)
    with playing(profile, plan, PtyLine(tmp_path / "meter")):
        port = _serial(tmp_path / "meter")
        try:
            assert _asked(port, b"U\r\n") == b"U1\r\n"
            assert _asked(port, b"XYZ\r\n").startswith(b"E1")
            eventually(lambda: _asked(port, b"M\r\n").startswith(b"M0016.09,"), what="16.09 shown")
        finally:
            os.close(port)
    assert not (tmp_path / "meter").is_symlink()


def test_an_unplugged_instrument_is_gone_and_comes_back(tmp_path):
    """While the cable is out the name is gone and the open port is dead; later a new one is there,
    with garbage first."""
    profile = load("ptw-diamentor")
    plan = Plan((), (Incident("garbage", 10.0, 20.0),), 100.0)
    now = 0.0
    link = tmp_path / "meter"
    with playing(profile, plan, PtyLine(link), clock=lambda: now):
        port = _serial(link)
        assert _asked(port, b"U\r\n") == b"U1\r\n"
        now = 15.0
        eventually(lambda: not link.is_symlink(), what="name gone")
        os.close(port)
        now = 25.0
        eventually(link.is_symlink, what="name back")
        port = _serial(link)
        try:
            assert _heard(port, len)
        finally:
            os.close(port)


def test_a_line_instrument_sends_by_itself(tmp_path):
    """The generic DAP line writes lines that nobody asked for."""
    profile = load("dap-line")
    with playing(profile, exposures_of(profile, [], CHANGED), PtyLine(tmp_path / "dap")):
        port = _serial(tmp_path / "dap")
        try:
            said = _heard(port, lambda data: data.count(b"\r\n") == 2)
        finally:
            os.close(port)
    assert said == b"DAP 12.50 cGycm2\r\n" * 2


@pytest.mark.parametrize(("name", "question"), [("bosean-fs", "AA 04 07 B5 55")])
def test_a_frame_instrument_on_tcp(name, question):
    """A framed instrument behind a terminal server answers the published request."""
    profile = load(name)
    line = TcpLine(LOCAL, 0)
    with playing(profile, exposures_of(profile, [], CHANGED), line):
        host, _, port = line.address.removeprefix("tcp://").rpartition(":")
        with socket.create_connection((host, int(port)), 5) as box:
            box.sendall(bytes.fromhex(question))
            assert box.recv(64).hex(" ") == "aa 09 07 06 00 00 04 d2 96 55"


def test_a_modbus_instrument_is_read_by_a_client_of_others():
    """pymodbus' client reads the registers that pymodbus' server holds for the simulator."""
    profile = load("dosebook-reference-modbus-tcp")
    line = TcpLine(LOCAL, 0)
    plan = exposures_of(profile, [Decimal(1000)], CHANGED)
    with playing(profile, plan, line):
        port = int(line.address.rpartition(":")[2])
        client = ModbusTcpClient(LOCAL, port=port, timeout=5)
        try:
            assert client.connect()

            def counter():
                registers = client.read_input_registers(0, count=11, device_id=1).registers
                assert registers[:2] == [0x4148, 0]
                return registers[8] << 16 | registers[9]

            eventually(lambda: counter() == 4294961000, what="the exposure in the counter")
        finally:
            client.close()


def test_a_pushing_instrument_connects_to_the_box(free_port):
    """The networked Ludlum connects by itself, as soon as somebody listens."""
    profile = load("ludlum-375-network")
    plan = exposures_of(profile, [], CHANGED)
    line = PushLine(LOCAL, free_port)
    with playing(profile, plan, line), socket.create_server((LOCAL, free_port)) as server:
        server.settimeout(10)
        peer, _ = server.accept()
        with peer:
            peer.settimeout(10)
            assert peer.recv(400).startswith(b"<area_monitor>")
