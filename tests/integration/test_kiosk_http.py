"""The kiosk over its real socket: other names, other origins and rude requests get nothing."""

import contextlib
import socket
import threading

import pytest

from dosebook_edge.kiosk import server
from tests.support.kiosk import PERSON, PIN, ask, decisions, served_kiosk
from tests.support.waiting import eventually


@pytest.fixture
def page(tmp_path):
    """A served kiosk with one screen that waits."""
    with served_kiosk(tmp_path, screens=1) as (outbox, port):
        yield outbox, port


def test_a_page_names_what_it_may_load(page):
    """Every answer forbids foreign sources, frames, guessing of types, and keeping."""
    _, port = page
    status, headers, text = ask(port)
    assert status == 200
    assert "2 values wait for a person." in text
    assert headers["Content-Security-Policy"].startswith("default-src 'self'")
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert "<style" not in text
    assert " style=" not in text


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1:1", ""])
def test_a_name_that_points_at_the_box_is_refused(page, host):
    """DNS rebinding: only the box's own address and port are answered, page and form alike."""
    _, port = page
    for method in ("GET", "POST"):
        status, _, text = ask(port, method, Host=host.format(port=port))
        assert status == 421
        assert "wait" not in text


def test_localhost_is_the_box(page):
    """A browser on the box may say localhost."""
    _, port = page
    assert ask(port, Host=f"localhost:{port}")[0] == 200


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", ""])
def test_a_form_of_another_page_is_refused(page, origin):
    """A page elsewhere cannot sign in, and cannot decide with the cookie of who is signed in."""
    outbox, port = page
    form = f"person={PERSON.replace(' ', '+')}&pin={PIN}"
    assert ask(port, "POST", "/sign-in", form, Origin=origin)[0] == 403
    status, headers, _ = ask(port, "POST", "/sign-in", form)
    assert status == 303
    cookie = headers["Set-Cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    session = cookie.partition(";")[0]
    answer = ask(port, "POST", "/decide", "act=reject", Origin=origin, Cookie=session)
    assert answer[0] == 403
    assert decisions(outbox) == []


def test_rude_requests_leave_the_page_standing(page):
    """No length, too long, no form, another verb, half a request: each is answered or dropped."""
    _, port = page
    assert ask(port, "POST", "/sign-in", b"", Content_Length="x")[0] == 413
    assert ask(port, "POST", "/sign-in", b"a" * 9000)[0] == 413
    assert ask(port, "POST", "/sign-in", b"\xff\xfe")[0] == 400
    assert ask(port, "POST", "/sign-in", b"&a=b" * 50)[0] == 400
    assert ask(port, "PUT")[0] == 501
    with socket.create_connection(("127.0.0.1", port)) as half:
        half.sendall(b"GET / HT")
        assert ask(port)[0] == 200


def test_a_page_that_fails_leads_back(caplog):
    """A touch screen has no keys of a browser: also a failure and a wrong form show a way on."""

    def fail(_):
        raise ValueError

    page = server.KioskServer("127.0.0.1", 0, fail)
    page.start()
    try:
        answers = [ask(page.port), ask(page.port, "POST", "/", b"\xff\xfe")]
    finally:
        page.stop()
    assert [status for status, _, _ in answers] == [500, 400]
    assert all('href="/"' in text for _, _, text in answers)
    assert "kiosk_failed" in caplog.text


def test_an_open_connection_does_not_hold_up_the_stop(tmp_path):
    """A browser that keeps a connection open: the box stops at once all the same."""
    with served_kiosk(tmp_path) as (_, port):
        waiting = socket.create_connection(("127.0.0.1", port))
        ask(port)
    with waiting:
        waiting.settimeout(10)
        assert waiting.recv(1) == b""


def test_requests_that_come_drop_by_drop_do_not_keep_others_out(monkeypatch):
    """Whoever holds every place with requests that never end loses them, never silent for long."""
    monkeypatch.setattr(server, "_LONGEST_REQUEST_S", 0.5)
    page = server.KioskServer("127.0.0.1", 0, lambda _: server.Answer(body=b"here"))
    page.start()
    is_over = threading.Event()
    with contextlib.ExitStack() as held:
        held.callback(page.stop)
        places = [
            held.enter_context(socket.create_connection(("127.0.0.1", page.port), 10))
            for _ in range(16)
        ]

        def drip():
            while not is_over.wait(0.1):
                for one in places:
                    with contextlib.suppress(OSError):
                        one.sendall(b"X")

        dripping = threading.Thread(target=drip)
        dripping.start()
        held.callback(dripping.join)
        held.callback(is_over.set)
        eventually(lambda: is_answered(page.port), timeout=8)  # each silence may be of 10 s


def is_answered(port):
    """Whether a page has a place for one more."""
    try:
        return ask(port)[2] == "here"
    except OSError:
        return False
