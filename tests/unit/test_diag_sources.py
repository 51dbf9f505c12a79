"""`dosebook-box check sources`: each source is asked for what it has, a port or a state."""

from pathlib import Path
from types import SimpleNamespace

from dosebook_edge.diag import checks


def check(monkeypatch, *sources, is_open=True):
    """What the check says of a running box with these sources."""
    status = {"running": True, "sources": list(sources)}
    monkeypatch.setattr(checks, "read_status", lambda _: status)
    monkeypatch.setattr(checks, "_accepts", lambda _: is_open)
    loaded = SimpleNamespace(settings=SimpleNamespace(box=SimpleNamespace(data_dir=Path("/none"))))
    return checks.check_sources(loaded)


CT = {"name": "ct", "port": 104, "state": "listening", "detail": ""}
MONITOR = {"name": "monitor", "port": 0, "state": "listening", "detail": ""}


def test_sources_that_have_no_port_are_not_asked_for_one(monkeypatch):
    """A screen and an instrument listen on no port: their state counts."""
    assert check(monkeypatch, CT, MONITOR).result == "ok"


def test_a_source_that_fails_is_named_with_its_reason(monkeypatch):
    """What a service engineer needs stands in the line itself."""
    lost = MONITOR | {"state": "failed", "detail": "/dev/video0 gives no frames"}
    said = check(monkeypatch, CT, lost)
    assert said.result == "fail"
    assert said.detail == "not listening: monitor: /dev/video0 gives no frames"
    assert check(monkeypatch, CT, is_open=False).detail == "not listening: ct on port 104"
