"""A screen over VNC: what is asked of a server, what is drawn, and what each trouble says."""

import socket
import struct
import sys
import threading
import zlib
from contextlib import contextmanager

import numpy as np
import pytest
from pydantic import ValidationError

from dosebook_edge.capture.screen.grabbing import ScreenLostError, open_screen
from dosebook_edge.capture.screen.vnc import VncAddress, VncScreen, read_password
from dosebook_edge.capture.screen.vnc_viewer import Viewer, ViewOnlyError
from dosebook_edge.config.screen_source import ScreenSourceSection
from tests.support.vnc import (
    CURSOR,
    DESKTOP_SIZE,
    NONE,
    RAW,
    TIGHT,
    VENCRYPT,
    VNC_AUTHENTICATION,
    greeting,
    messages,
    raw,
    rectangle,
    update,
)

ZRLE = 16
BOMB = zlib.compress(bytes(2**24)).ljust(2**14, b"\0")  # 16 KB unpack to 16 MB, 16 MB to 16 GB


def screen(seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (24, 40), dtype=np.uint8)


class Talk:
    """A viewer before a server that a test plays, and what it sent."""

    def __init__(self, password: str | None = None) -> None:
        self.sent = bytearray()
        self.viewer = Viewer(self.sent.extend, password)

    def hear(self, data: bytes) -> None:
        """Feed the viewer in small pieces, as a network does."""
        for at in range(0, len(data), 7):
            self.viewer.feed(data[at : at + 7])


@pytest.fixture
def shown():
    """A viewer that has seen its first picture."""
    talk = Talk()
    talk.hear(greeting(40, 24) + update(raw(0, 0, screen())))
    return talk


def test_a_picture_is_drawn_as_the_server_holds_it(shown):
    """Raw pixels become grey without one changed, whatever pieces they come in."""
    assert shown.viewer.is_answered
    assert np.array_equal(shown.viewer.grey, screen())


def test_only_lossless_pictures_are_asked_for_and_nothing_is_ever_pressed(shown):
    """Between handshake and end there are formats and requests: no key, pointer or clipboard."""
    shown.viewer.ask()
    handshake = b"RFB 003.008\n" + bytes([NONE, 1])
    assert shown.sent.startswith(handshake), "shared: others who look are not disconnected"
    sent = messages(bytes(shown.sent[len(handshake) :]))
    assert [kind for kind, _ in sent] == [0, 2, 3, 3, 3]
    assert struct.unpack("!BxH3i", sent[1][1]) == (2, 3, RAW, CURSOR, DESKTOP_SIZE)
    requests = [struct.unpack("!BBHHHH", text) for _, text in sent[2:]]
    assert requests == [(3, 0, 0, 0, 40, 24), (3, 1, 0, 0, 40, 24), (3, 0, 0, 0, 1, 1)]


@pytest.mark.parametrize(
    "press",
    [
        lambda viewer: viewer.keyEvent(13),
        lambda viewer: viewer.pointerEvent(1, 1, 1),
        lambda viewer: viewer.clientCutText("x"),
    ],
    ids=["key", "pointer", "clipboard"],
)
def test_a_viewer_cannot_touch_a_console(shown, press):
    """What would send an event raises, and sends nothing."""
    before = bytes(shown.sent)
    with pytest.raises(ViewOnlyError):
        press(shown.viewer)
    assert bytes(shown.sent) == before


def test_a_screen_that_rests_is_the_same_array_and_a_change_is_another(shown):
    """A look at a screen that rests costs one pixel; a changed part is drawn into a new picture."""
    first = shown.viewer.grey
    shown.viewer.ask()
    assert not shown.viewer.is_answered
    shown.hear(update(raw(0, 0, screen()[:1, :1])))
    assert shown.viewer.is_answered
    assert shown.viewer.grey is first
    shown.viewer.ask()
    shown.hear(update(raw(8, 4, screen(2)[:3, :5])))
    assert not shown.viewer.is_answered, "the corner is still to come"
    shown.hear(update(raw(0, 0, screen()[:1, :1])))
    expected = screen()
    expected[4:7, 8:13] = screen(2)[:3, :5]
    assert np.array_equal(shown.viewer.grey, expected)
    assert np.array_equal(first, screen()), "a picture that was handed out does not change"


def test_a_cursor_and_a_clipboard_are_no_part_of_the_picture(shown):
    """An arrow lies over no digit, and what somebody copies at the console is dropped."""
    shown.hear(struct.pack("!BxxxI", 3, 9) + b"Smith^Ann")
    shown.hear(update(rectangle(1, 1, 8, 2, CURSOR, bytes(8 * 2 * 4 + 2))))
    assert np.array_equal(shown.viewer.grey, screen())


def test_a_cursor_in_the_place_of_an_answer_is_asked_past():
    """TigerVNC takes the shape of the pointer for an answer: the picture is asked for again."""
    talk = Talk()
    cursor = update(rectangle(0, 0, 0, 0, CURSOR))
    talk.hear(greeting(40, 24))
    for picture in (raw(0, 0, screen()), raw(0, 0, screen()[:1, :1])):
        before = len(talk.sent)
        talk.hear(cursor)
        assert {kind for kind, _ in messages(bytes(talk.sent[before:]))} == {3}
        assert not talk.viewer.is_answered
        talk.hear(update(picture))
        assert talk.viewer.is_answered
        talk.viewer.ask()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (update(rectangle(0, 0, 80, 60, DESKTOP_SIZE)), "changed from 40 x 24 to 80 x 60"),
        (update(rectangle(0, 0, 8, 8, TIGHT, b"\x90\x00")), "takes raw pixels"),
        (update(rectangle(36, 0, 8, 1, RAW, bytes(32))), "not RFB"),
        (update(rectangle(0, 0, 40, 24, ZRLE, b"\0\0\x40\0" + BOMB)), "which nobody asked for"),
        (b"\xff", "takes raw pixels"),
    ],
    ids=["another size", "lossy", "outside", "not-asked-for", "no message"],
)
def test_what_is_no_picture_of_this_screen_ends_the_connection(shown, said, reason):
    """Another size opens anew; pixels nobody asked for, or outside of the screen, are refused."""
    with pytest.raises(ScreenLostError, match=reason):
        shown.hear(said)


@pytest.mark.parametrize(
    ("password", "said", "reason"),
    [
        (None, b"HTTP/1.1 400 Bad Request", "invalid initial server response"),
        (None, b"RFB 003.008\n\x01" + bytes([VNC_AUTHENTICATION]), "where password_file is set"),
        (None, b"RFB 003.003\n" + struct.pack("!I", VNC_AUTHENTICATION) + bytes(16), "asks for a"),
        ("secret12", b"RFB 003.008\n\x01" + bytes([VENCRYPT]), r"types: \(19,\)"),
        (
            "secret12",
            b"RFB 003.008\n\x01" + bytes([VNC_AUTHENTICATION]) + bytes(16)
            + struct.pack("!II", 1, 10) + b"Wrong\x1b[2Jx",
            r"refuses the password of password_file, and says: Wrong \[2Jx",
        ),
        (None, b"RFB 003.008\n\0" + struct.pack("!I", 8) + b"too many", "too many"),
        (None, greeting(60000, 60000), "60000 x 60000 is no size"),
    ],
    ids=["no vnc", "password", "password 3.3", "tls only", "wrong", "refused", "too large"],
)  # fmt: skip
def test_a_server_that_shows_nothing_says_why(password, said, reason):
    """Each trouble at the beginning has its reason and its cure; the password is in none."""
    with pytest.raises(ScreenLostError, match=reason) as raised:
        Talk(password).hear(said)
    assert "secret12" not in str(raised.value)


def test_the_password_answers_the_challenge():
    """DES of the challenge, bits of each byte of the key reversed (RFC 6143, 7.2.2)."""
    talk = Talk("password")
    talk.hear(b"RFB 003.008\n\x01" + bytes([VNC_AUTHENTICATION]) + bytes(range(16)))
    answer = bytes(talk.sent[len(b"RFB 003.008\n") + 1 :])
    assert answer.hex() == "b866924125c8eebb9debc1db61c538e2"
    assert b"password" not in talk.sent


@contextmanager
def listening(said: bytes):
    """A server that says something to whoever comes, and then keeps silent, or closes."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        done = threading.Event()

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.sendall(said)
                if said:
                    done.wait(30)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"vnc:127.0.0.1:{server.getsockname()[1]}"
        finally:
            done.set()
            thread.join()


@pytest.mark.parametrize(
    ("said", "reason"),
    [
        (b"RFB 003.008\n", "no answer for 0.2 s"),
        (b"", "closed the connection"),
        (greeting(2, 1) + struct.pack("!BxxxI", 3, 2**31) + bytes(2**21), "more than its screen"),
    ],
    ids=["silent", "closed", "endless"],
)
def test_a_server_that_stops_in_the_middle_is_lost(said, reason):
    """Nobody waits for ever, and nothing grows without an end; the address stands before it."""
    with listening(said) as address, pytest.raises(ScreenLostError, match=reason) as raised:
        VncScreen(address, patience_s=0.2)
    assert str(raised.value).startswith(address)


def test_a_server_that_is_not_there_is_told_apart():
    """A refused connection says what to look at."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(ScreenLostError, match="cannot be reached"):
        open_screen(f"vnc:127.0.0.1:{port}")


def test_an_address_is_a_host_and_a_port():
    """The port of VNC is 5900 unless it is given; IPv6 stands in brackets."""
    assert VncAddress.of("vnc:ct-console") == VncAddress("ct-console", 5900)
    assert VncAddress.of("vnc:10.1.2.3:5901") == VncAddress("10.1.2.3", 5901)
    assert VncAddress.of("vnc:[fe80::1]:5901") == VncAddress("fe80::1", 5901)
    for wrong in ("vnc:", "vnc:a:b", "vnc:a:70000", "vnc:u@h/1", "vnc:fe80::1"):
        with pytest.raises(ScreenLostError, match="vnc:HOST"):
            VncAddress.of(wrong)


@pytest.mark.parametrize(
    ("content", "mode", "reason"),
    [
        (None, 0o600, "cannot be read"),
        (b"secret12\n", 0o640, "chmod 600"),
        (b"\n", 0o600, "no password"),
        ("geheimß\n".encode(), 0o600, "no password of ASCII"),
    ],
    ids=["missing", "open", "empty", "not ASCII"],
)
def test_a_password_file_is_there_and_closed_to_others(tmp_path, content, mode, reason):
    """A file that others may read is refused with the cure; its content is in no message."""
    path = tmp_path / "password"
    if content is not None:
        path.write_bytes(content)
        path.chmod(mode)
    with pytest.raises(ScreenLostError, match=reason) as raised:
        read_password(path)
    assert "secret" not in str(raised.value)


def test_the_first_line_of_a_password_file_is_the_password(tmp_path):
    """Read anew each time, so that a corrected file needs no restart."""
    path = tmp_path / "password"
    path.write_bytes(b"secret12\r\nnote\n")
    path.chmod(0o600)
    assert read_password(path) == "secret12"


def test_a_password_belongs_to_vnc_only():
    """A password beside a grabber is a mistake of the configuration, told when it is read."""
    keys = {"kind": "screen", "name": "a", "profiles": ["x"], "password_file": "/etc/p"}
    assert ScreenSourceSection.model_validate({**keys, "address": "vnc:ct:5901"}).password_file
    with pytest.raises(ValidationError, match="belongs to an address of VNC"):
        ScreenSourceSection.model_validate({**keys, "address": "fb:/dev/fb0"})


def test_a_box_without_vncdotool_says_how_to_get_it(monkeypatch):
    """The library is an extra: without it the source names the package."""
    module = "dosebook_edge.capture.screen.vnc_viewer"
    monkeypatch.delitem(sys.modules, module)
    monkeypatch.setitem(sys.modules, "vncdotool.rfb", None)
    with listening(b"RFB 003.008\n") as address, pytest.raises(ScreenLostError) as raised:
        VncScreen(address)
    assert "dosebook-edge[vnc]" in str(raised.value)
