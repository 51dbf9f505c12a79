"""Real lines to instruments: pseudo-terminals, TCP, a terminal server, a listening port."""

import errno
import socket
import termios
import threading
from contextlib import suppress
from decimal import Decimal
from types import SimpleNamespace

import pytest
import serial
from serial import rfc2217
from serial.tools import list_ports

from dosebook_edge.capture.instrument.links.address import doubt, parse_address
from dosebook_edge.capture.instrument.links.link import LinkError, NobodyYetError
from dosebook_edge.capture.instrument.links.opening import opener
from tests.support.instruments import PROFILES
from tests.support.lines import Pty, TcpServer, hurried, notices_of, readings_of, running, said
from tests.support.waiting import eventually

DIAMENTOR = PROFILES["ptw-diamentor"]
METER = {
    b"PTW\r\n": b"CRS 1.2.4\r\n",
    b"SER\r\n": b"SER345678\r\n",
    b"CRC\r\n": b"CRC0,0\r\n",
    b"U\r\n": b"U1\r\n",
    b"M\r\n": b"M0012.34,0001.20,001,05,0000.00,0000.00,000,00,00000\r\n",
}
CGY = METER | {b"U\r\n": b"U2\r\n"}
ANSWERS = said(METER)
HURRIED = hurried(DIAMENTOR, answer_within_s=10, stale_after_s=600)


@pytest.fixture
def pty():
    """Makes pseudo-terminals; those that were not closed are in the end."""
    made = []

    def make(answer=ANSWERS, **arguments):
        made.append(Pty(answer, **arguments))
        return made[-1]

    yield make
    for one in made:
        if one.path:
            one.close()


@pytest.fixture
def server():
    """Makes TCP servers on free ports."""
    made = []

    def make(answer=ANSWERS, **arguments):
        made.append(TcpServer(answer, **arguments))
        return made[-1]

    yield make
    for one in made:
        one.close()


def _read(session, count=1):
    return session.until(
        lambda one: [r.raw for _, r in readings_of(one.heard) if r.name == "dap"][count - 1 :],
        "readings of the dose-area product",
    )


def test_a_meter_on_a_serial_line_is_read(pty):
    """Questions go out, and answers that come byte by byte are put together."""
    with running(HURRIED, opener(pty().path, DIAMENTOR.transport)) as session:
        assert _read(session)[0] == Decimal("0.1234")
        assert session.session.state().state == "listening"


def test_the_line_is_set_as_the_profile_says(pty):
    """Speed and stop bits of the profile are what the kernel says of the line."""
    line = pty()
    profile = PROFILES["thermo-fht-6020"]
    link = opener(line.path, profile.transport)()
    _, _, flags, _, speed, _, _ = termios.tcgetattr(line.slave)
    link.close()
    # A pseudo-terminal has always 8 bits and no parity, whatever is asked of it.
    assert speed == termios.B19200
    assert flags & termios.CSTOPB


def test_all_settings_of_a_line_are_asked_for(monkeypatch):
    """Line rate, size, parity, stop bits and handshake of each profile reach the serial port."""
    asked = {}
    monkeypatch.setattr(serial, "Serial", lambda _, **settings: asked.update(settings))
    for profile in PROFILES.values():
        if profile.transport.kind == "serial":
            opener("/dev/serial/by-id/x", profile.transport)()
            wanted = profile.transport.model_dump(exclude={"kind", "site_sets"})
            assert {key: asked[key] for key in wanted} == wanted
            assert asked["exclusive"] is True


def test_a_port_is_not_shared(pty):
    """Two programs on one line would take each other's answers: the second is refused."""
    line = pty()
    first = opener(line.path, DIAMENTOR.transport)()
    with pytest.raises(LinkError, match="is in use: another source or program has it open"):
        opener(line.path, DIAMENTOR.transport)()
    first.close()
    opener(line.path, DIAMENTOR.transport)().close()


def test_a_cable_that_is_pulled_and_put_back(pty, tmp_path):
    """The line under its lasting name is found again, and the unit is read anew."""
    name = tmp_path / "usb-DIAMENTOR-if00"
    first = pty()
    name.symlink_to(first.path)
    with running(HURRIED, opener(str(name), DIAMENTOR.transport)) as session:
        _read(session)
        first.close()
        first.path = ""
        session.until(lambda one: one.events("lost"), "the loss")
        second = pty(said(CGY))
        name.unlink()
        name.symlink_to(second.path)
        session.until(lambda one: len(one.events("opened")) == 2, "a new connection")
        session.until(
            lambda one: Decimal("12.34") in [r.raw for _, r in readings_of(one.heard)],
            "a reading in the other unit",
        )
    assert "still plugged in" in session.events("lost")[0].detail


def test_garbage_on_opening_is_no_reading(pty):
    """What lay on the line before the first question is never an answer to it."""
    line = pty(hello=b"M9999.99,0001.20,001,05,0000.00,0000.00,000,00,00000\r\n\x00\xffM00")
    with running(HURRIED, opener(line.path, DIAMENTOR.transport)) as session:
        assert set(_read(session, 3)) == {Decimal("0.1234")}


def test_a_server_that_closes_is_connected_to_again(server):
    """A terminal server that was restarted costs one connection and no reading is made up."""
    meter = server()
    address = f"tcp://127.0.0.1:{meter.port}"
    with running(HURRIED, opener(address, DIAMENTOR.transport)) as session:
        _read(session)
        meter.hang_up()
        session.until(lambda one: len(one.events("opened")) == 2, "a new connection")
        count = len(readings_of(session.heard))
        session.until(lambda one: len(readings_of(one.heard)) > count, "another reading")
    lost = session.events("lost")[0].detail
    assert "closed the connection" in lost or "broke" in lost


def test_socket_is_another_word_for_tcp_and_the_profile_knows_the_port(server):
    """An address as pyserial writes it works; an instrument's own port need not be given."""
    meter = server()
    opener(f"socket://127.0.0.1:{meter.port}", DIAMENTOR.transport)().close()
    transport = PROFILES["ptw-unidos-tango-romeo"].transport
    here = transport.model_copy(update={"port": meter.port})
    opener("tcp://127.0.0.1", here)().close()


def test_an_instrument_that_hangs_stops_nobody(server, pty):
    """One that accepts and says nothing ends when it is told to, and keeps no other from work."""
    hung = server(lambda _: [])
    with (
        running(HURRIED, opener(f"tcp://127.0.0.1:{hung.port}", DIAMENTOR.transport)) as silent,
        running(HURRIED, opener(pty().path, DIAMENTOR.transport)) as other,
    ):
        silent.until(lambda one: one.events("sent"), "a question")
        _read(other, len(readings_of(other.heard)) + 3)
        assert silent.session.state().state == "silent"
        silent.stop()
        _read(other, len(readings_of(other.heard)) + 3)
    assert readings_of(silent.heard) == []


@pytest.mark.filterwarnings("ignore:set:DeprecationWarning")
def test_a_terminal_server_sets_the_line(pty):
    """RFC 2217: the profile's settings reach the port at the terminal server, and bytes pass."""
    line = pty()
    server = _TerminalServer(line.path)
    try:
        address = f"rfc2217://127.0.0.1:{server.port}"
        with running(HURRIED, opener(address, DIAMENTOR.transport)) as session:
            assert _read(session)[0] == Decimal("0.1234")
            assert server.line.baudrate == DIAMENTOR.transport.baudrate
    finally:
        server.close()


def test_a_terminal_server_that_does_not_answer_is_named():
    """A wrong address says which, and what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(LinkError, match=f"the terminal server 127.0.0.1:{port} gives no line"):
        opener(f"rfc2217://127.0.0.1:{port}", DIAMENTOR.transport)()
    with pytest.raises(LinkError, match=f"127.0.0.1:{port} cannot be reached"):
        opener(f"tcp://127.0.0.1:{port}", DIAMENTOR.transport)()


def test_only_allowed_peers_may_be_the_instrument(caplog):
    """An instrument that connects by itself is taken from its own address, and from no other."""
    profile = PROFILES["ludlum-375-network"]
    listening = opener("listen://127.0.0.1:1", profile.transport, allowed=["127.0.0.9"])
    listening = type(listening)("127.0.0.1", 0, ["127.0.0.9"])
    with pytest.raises(NobodyYetError, match="has not yet connected"):
        listening()
    target = ("127.0.0.1", listening.port)
    with socket.create_connection(target, source_address=("127.0.0.8", 0)) as foreign:
        with pytest.raises(NobodyYetError):
            listening()
        assert foreign.recv(1) == b""
    own = socket.create_connection(target, source_address=("127.0.0.9", 0))
    link = listening()
    own.sendall(b"<area_monitor")
    assert link.read(10) == b"<area_monitor"
    own.close()
    with pytest.raises(LinkError, match="closed the connection"):
        link.read(10)
    link.close()
    listening.close()
    assert [one.peer for one in caplog.records if hasattr(one, "peer")] in ([], ["127.0.0.8"])


def test_strangers_without_end_do_not_keep_a_source_at_its_port():
    """Who connects again and again is refused each time, and the box still gets to stop."""
    profile = PROFILES["ludlum-375-network"]
    listening = opener("listen://127.0.0.1:1", profile.transport, allowed=["127.0.0.9"])
    listening = type(listening)("127.0.0.1", 0, ["127.0.0.9"])
    with pytest.raises(NobodyYetError):
        listening()
    is_over = threading.Event()

    def knock():
        while not is_over.is_set():
            with suppress(OSError):
                socket.create_connection(("127.0.0.1", listening.port), 1).close()

    stranger = threading.Thread(target=knock)
    stranger.start()
    try:
        with pytest.raises(NobodyYetError):
            listening()
    finally:
        is_over.set()
        stranger.join()
        listening.close()


def test_an_instrument_that_connects_again_is_heard_again():
    """The port stays open between two connections of a monitor that pushes."""
    profile = PROFILES["ludlum-375-network"]
    listening = opener("listen://127.0.0.1:1", profile.transport, allowed=["127.0.0.0/8"])
    listening = type(listening)("127.0.0.1", 0, ["127.0.0.0/8"])
    text = (
        b"<area_monitor id='1'><status>0</status><rate> 0.12 </rate>"
        b"<pad>0123456789</pad></area_monitor>"
    )
    with running(profile, listening) as session:
        for count in (1, 2):
            eventually(lambda: listening.port, what="a port")
            with socket.create_connection(("127.0.0.1", listening.port)) as monitor:
                monitor.sendall(text)
                session.until(lambda one, n=count: len(readings_of(one.heard)) == n, "a reading")
        session.until(lambda one: len(one.events("lost")) == 2, "both ends")
    listening.close()
    assert notices_of(session.heard) == []


def test_a_usb_adapter_is_found_by_its_ids(pty, monkeypatch):
    """An instrument is the same wherever it is plugged in; two alike need their numbers."""
    line = pty()
    there = [SimpleNamespace(device=line.path, vid=0x0403, pid=0x6001, serial_number="A50285BI")]
    monkeypatch.setattr(list_ports, "comports", lambda: there)
    for address in ("usb:0403:6001", "usb:0403:6001:A50285BI"):
        opener(address, DIAMENTOR.transport)().close()
    with pytest.raises(LinkError, match=r"no USB adapter 0403:6002 .*there is usb:0403:6001:A5028"):
        opener("usb:0403:6002", DIAMENTOR.transport)()
    there.append(SimpleNamespace(device="/dev/x", vid=0x0403, pid=0x6001, serial_number="B1"))
    with pytest.raises(LinkError, match="2 USB adapters are 0403:6001: add the serial number"):
        opener("usb:0403:6001", DIAMENTOR.transport)()
    opener("usb:0403:6001:A50285BI", DIAMENTOR.transport)().close()


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("COM3", "is no address of an instrument"),
        ("usb:403:6001", "is no address of an instrument"),
        ("tcp://10.0.0.5:99999", "a port is a number from 1 to 65535"),
        ("tcp://10.0.0.5", "names no port"),
        ("listen://0.0.0.0:7000", "accepts nobody"),
        ("/dev/serial/by-id/none", "is not there. See what there is"),
        ("/dev/null", "cannot be opened as a serial line"),
    ],
)
def test_a_wrong_address_is_refused_with_its_cure(address, told):
    """P2: an address that leads nowhere says what to write instead."""
    with pytest.raises(LinkError, match=told):
        opener(address, DIAMENTOR.transport)()


def test_an_instrument_on_the_network_has_no_serial_line():
    """A profile without line settings cannot be used on a serial port, nor the other way round."""
    tango, push = PROFILES["ptw-unidos-tango-romeo"], PROFILES["ludlum-375-network"]
    with pytest.raises(LinkError, match="does not say how the line is set"):
        opener("/dev/ttyS0", tango.transport)
    with pytest.raises(LinkError, match="use listen://"):
        opener("tcp://10.0.0.5:1", push.transport)


def test_a_numbered_port_is_doubted():
    """ttyUSB0 is another instrument after the next start; a lasting name is not doubted."""
    assert "may be another instrument" in doubt(parse_address("/dev/ttyUSB0"))
    assert doubt(parse_address("/dev/serial/by-id/usb-FTDI")) == ""
    assert doubt(parse_address("usb:0403:6001")) == ""


def test_no_permission_says_so(monkeypatch):
    """The commonest fault of the first day has its own sentence."""

    def refused(*_, **__):
        raise serial.SerialException(errno.EACCES, "could not open port")

    monkeypatch.setattr(serial, "Serial", refused)
    with pytest.raises(LinkError, match="add the user of the box to the group that owns it"):
        opener("/dev/serial/by-id/x", DIAMENTOR.transport)()


class _TerminalServer:
    """A terminal server with one line, by pyserial's own server side of RFC 2217."""

    def __init__(self, path):
        self.line = serial.Serial(path, timeout=0.05)
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._ending = threading.Event()
        self._threads = [threading.Thread(target=self._serve, daemon=True)]
        self._threads[0].start()

    def _serve(self):
        connection, _ = self._socket.accept()
        with connection:
            lock = threading.Lock()

            def write(data):
                # Whoever has gone misses what the line still says.
                with lock, suppress(ConnectionError):
                    connection.sendall(data)

            manager = rfc2217.PortManager(_Flat(self.line), SimpleNamespace(write=write))
            outward = threading.Thread(target=self._outward, args=(manager, write), daemon=True)
            outward.start()
            with suppress(ConnectionError):
                while data := connection.recv(1024):
                    self.line.write(b"".join(manager.filter(data)))
            self._ending.set()
            outward.join()

    def _outward(self, manager, write):
        while not self._ending.is_set():
            if data := self.line.read(self.line.in_waiting or 1):
                write(b"".join(manager.escape(data)))

    def close(self):
        self._ending.set()
        self._threads[0].join()
        self._socket.close()
        self.line.close()


class _Flat:
    """A port without the control lines, which a pseudo-terminal does not have."""

    cts = dsr = ri = cd = rts = dtr = break_condition = False

    def __init__(self, port):
        object.__setattr__(self, "_port", port)

    def __getattr__(self, name):
        return getattr(self._port, name)

    def __setattr__(self, name, value):
        if not hasattr(type(self), name):
            setattr(self._port, name, value)
