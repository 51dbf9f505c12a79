"""A console's dose page over VNC, from a real server that shares no code with us, to a record."""

import threading
from contextlib import ExitStack, closing, contextmanager
from decimal import Decimal

import numpy as np
import pytest
from PIL import Image

from dosebook_edge.capture.screen.grabbing import ScreenLostError, open_screen
from dosebook_edge.capture.screen.picture import from_png
from dosebook_edge.simulate.screens.display import XDisplay
from dosebook_edge.simulate.screens.gallery import draw
from tests.support.box import opened_outbox
from tests.support.fonts import need_fonts
from tests.support.screen_source import reader_of, watching, whose
from tests.support.vnc import vnc_server
from tests.support.waiting import eventually
from tools.site.ports import free_port

PASSWORD = "Zx9-wq2K"


def test_a_shown_screen_is_read_back_pixel_by_pixel(tmp_path):
    """What a console draws arrives over VNC without one pixel changed, and so does a change."""
    need_fonts()
    screen = draw("carm-panel", 11)
    expected = np.asarray(screen.picture.convert("L"))
    with vnc_server(tmp_path, 640, 480, PASSWORD) as server, XDisplay(server.display) as shown:
        shown.show(screen.picture)
        with closing(open_screen(server.address, _file(tmp_path))) as grabber:
            assert np.array_equal(grabber.grab(), expected)
            shown.show(Image.new("RGB", (640, 480)))
            eventually(lambda: grabber.grab().max() == 0, what="a black screen")


def test_a_wrong_password_is_refused_in_words(tmp_path):
    """The server's refusal names the file to look at, and neither password."""
    kept = _file(tmp_path, "mistaken")
    with vnc_server(tmp_path, 64, 48, PASSWORD) as server:
        with pytest.raises(ScreenLostError, match="refuses the password of password_file") as told:
            open_screen(server.address, kept)
        with pytest.raises(ScreenLostError, match="where password_file is set"):
            open_screen(server.address)
    assert "mistaken" not in str(told.value)


def test_a_dose_page_over_vnc_becomes_a_record_and_a_lost_server_comes_back(tmp_path, caplog):
    """A page becomes a dose; without its server the source fails by name, and goes on (P51)."""
    need_fonts()
    caplog.set_level("DEBUG")
    first, second = draw("ge-ct", 3), draw("ge-ct", 4)
    address, kept = f"vnc:127.0.0.1:{free_port()}", _file(tmp_path)
    is_up = threading.Event()

    def opened(named):
        is_up.wait(5)  # otherwise the source waits ever longer while a server starts
        return open_screen(named, kept)

    with ExitStack() as stack:
        outbox = stack.enter_context(opened_outbox(tmp_path))
        source = watching(outbox, reader_of(first, second), opening=opened, address=address)
        with _console(tmp_path, address) as console:
            is_up.set()
            watched = stack.enter_context(source)
            watched.whose = whose(first, "2.25.1")
            console.show(first.picture)
            _expect(watched, 1, first)
            eventually(lambda: _said(watched).endswith("512 x 512"), what="the size")
            is_up.clear()
        eventually(lambda: _said(watched).startswith(f"failed {address}"), what="a lost server")
        watched.whose = whose(second, "2.25.2")
        with _console(tmp_path, address) as console:
            is_up.set()
            console.show(second.picture)
            _expect(watched, 2, second)
    assert PASSWORD not in caplog.text


@contextmanager
def _console(folder, address):
    """A server at an address, and the console that draws on it."""
    port = int(address.rpartition(":")[2])
    with vnc_server(folder, 512, 512, PASSWORD, port) as server, XDisplay(server.display) as shown:
        yield shown


def _expect(watched, count, screen):
    """The latest of so many records holds the dose of a screen, and the picture as drawn."""
    eventually(lambda: len(watched.records()) == count, what=f"record {count}")
    record, evidence = watched.records()[-1]
    assert record.transport == {"screen": "VNC", "way": "lossless"}
    (total,) = record.reading.totals
    assert total.value.value == Decimal(screen.cell("total_dlp").value)
    assert np.array_equal(from_png(evidence.frame), np.asarray(screen.picture.convert("L")))


def _said(watched):
    health = watched.source.health()
    return f"{health.state} {health.detail}"


def _file(folder, password=PASSWORD):
    path = folder / "console.vnc"
    path.write_text(f"{password}\n")
    path.chmod(0o600)
    return path
