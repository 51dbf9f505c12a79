"""The server of the pages starts on a name and stops without a trace."""

import threading
import urllib.request

from flask import Flask

from dosebook_central.serve import PageServer


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
