"""The server of the pages starts on a name and stops without a trace."""

import contextlib
import os
import resource
import socket
import threading
import urllib.request

import pytest
from flask import Flask

from dosebook_central.run import allow_many_files
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


def test_pages_are_served_beside_a_thousand_connections_of_boxes():
    """The broker's connections are files of the same process: beyond 1024 pages still answer."""
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip("this account may open too few files")
    app = Flask("test")
    app.add_url_rule("/", view_func=lambda: "here")
    server = PageServer(app, "127.0.0.1", 0, threads=1, max_body=1000)
    server.start()
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(most, 2048), hard))
    try:
        with contextlib.ExitStack() as boxes:
            for _ in range(1030):
                boxes.enter_context(open(os.devnull))  # noqa: PTH123  # only its number matters
            with urllib.request.urlopen(f"http://127.0.0.1:{server.port}/", timeout=10) as answer:
                assert answer.read() == b"here"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        server.stop()


def test_the_registry_may_open_more_files_than_it_is_started_with():
    """A service that starts with 1024 files, as most do, gets what its boxes need."""
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1000, most), most))
    try:
        allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (min(8192, most), most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (now, most))


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
