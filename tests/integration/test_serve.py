"""The server of the pages starts on a name and stops without a trace."""

import socket
import threading
import urllib.request

from flask import Flask

from dosebook_central.serve import PageServer
from tests.support.web import make_site


def test_pages_are_served_on_a_name_with_several_addresses():
    """`localhost` may be two addresses: one is served, and its port is known."""
    app = Flask("test")
    app.add_url_rule("/", view_func=lambda: "here")
    server = PageServer(app, "localhost", 0, threads=2, max_body=1000)
    server.start()
    try:
        with urllib.request.urlopen(f"http://localhost:{server.port}/", timeout=10) as answer:
            assert answer.read() == b"here"
    finally:
        server.stop()
    assert "dosebook-web" not in {one.name for one in threading.enumerate()}


def test_stopping_never_ends_in_an_error_of_the_thread(monkeypatch):
    """Sockets are closed in the thread that waits on them, however often one starts and stops."""
    failures = []
    monkeypatch.setattr(threading, "excepthook", failures.append)
    for _ in range(20):
        server = PageServer(Flask("test"), "127.0.0.1", 0, threads=1, max_body=1000)
        server.start()
        server.stop()
    assert failures == []


def sent(port, cookie, size, patience_s=10):
    """The status of a request that announces a body, before a byte of the body is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(
            b"POST /imports HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            + f"Cookie: {cookie}\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        connection.settimeout(patience_s)
        try:
            return connection.recv(12).decode()
        except TimeoutError:
            return "waits for the body"


def test_strangers_may_not_fill_the_disk(tmp_path):
    """A large body is refused before it is read, but from somebody who signed in."""
    site = make_site(tmp_path)
    known = site.client("physicist").get_cookie("dosebook").value
    asked = site.client()
    asked.get("/login")
    stranger = asked.get_cookie("dosebook").value
    server = PageServer(site.app, "127.0.0.1", 0, threads=2, max_body=2**31)
    server.start()
    try:
        for cookie in ("", f"dosebook={stranger}", f"dosebook={known[:-3]}xyz"):
            assert sent(server.port, cookie, 10**9) == "HTTP/1.1 413"
        assert sent(server.port, f"dosebook={known}", 10**9, 0.3) == "waits for the body"
        assert sent(server.port, f"dosebook={known}", 2**31) == "HTTP/1.1 413"
    finally:
        server.stop()
