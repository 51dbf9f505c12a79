"""Pages as a browser gets them: the application with its sign-in behind waitress, over loopback.

One request after another; the session is a signed-in person's.
"""

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Engine
from waitress.server import create_server

from dosebook_central.access.users import add_user
from dosebook_central.app import SESSION_COOKIE, create_app
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.web.context import WebContext

REQUESTS = 200
WARM_UP = 10
_LOGIN = "bench"
_PASSWORD = "seven slow rivers"  # noqa: S105 - of a registry that lives for a minute


@contextmanager
def served(
    engine: Engine, folder: Path, now: Callable[[], datetime] | None = None
) -> Iterator[tuple[int, str]]:
    """Serve the pages; gives the port and the cookie of somebody who is signed in."""
    user = add_user(engine, _LOGIN, "", "physicist", _PASSWORD, must_change=False)
    more: dict[str, Any] = {} if now is None else {"now": now}
    context = WebContext(
        engine, EvidenceFolder(folder), secret_key=b"bench" * 8, version="bench", **more
    )
    app = create_app(context)
    server: Any = create_server(app, host="127.0.0.1", port=0)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        yield server.effective_port, _session(app, {"user": user, "epoch": 1})
    finally:
        server.close()
        thread.join()


def ask(
    port: int, path: str, cookie: str, is_right: Callable[[bytes], bool], requests: int = REQUESTS
) -> tuple[list[float], int]:
    """Milliseconds of each request, after some to warm up, and the size of the page."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    times: list[float] = []
    size = 0
    for number in range(requests + WARM_UP):
        start = time.perf_counter()
        connection.request("GET", path, headers={"Cookie": cookie})
        response = connection.getresponse()
        body = response.read()
        if number >= WARM_UP:
            times.append(1000 * (time.perf_counter() - start))
        size = len(body)
        if response.status != 200 or not is_right(body):
            raise RuntimeError(f"{path} gave {response.status} and {size} bytes")
    connection.close()
    return times, size


def _session(app: Flask, content: dict[str, int]) -> str:
    serializer: Any = app.session_interface
    signed = serializer.get_signing_serializer(app)
    return f"{SESSION_COOKIE}={signed.dumps(content)}"
