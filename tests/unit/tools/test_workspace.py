"""The workspace's tools: what they install, and when they build anew."""

import os
from pathlib import Path

import pytest

from tools import bootstrap, debian, stamps, webassets
from tools.terminal import ROOT, ToolError


def test_debian_packages_each_say_what_they_are_for():
    """apt-packages.txt gives each package its purpose, which non-root users are shown."""
    wanted = debian.wanted()
    assert {"postgresql", "mosquitto", "dcmtk", "chromium"} <= set(wanted)
    assert all(wanted.values())


def test_without_root_missing_packages_are_named(monkeypatch, capsys):
    """Somebody who is not root is told which tests will be skipped, and nothing is installed."""
    monkeypatch.setattr(debian, "missing", lambda: {"dcmtk": "a foreign DICOM peer"})
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    monkeypatch.setattr(debian, "run", lambda *_, **__: pytest.fail("ran a program"))
    assert debian.provide() is False
    assert "dcmtk: a foreign DICOM peer" in capsys.readouterr().out


def test_stamp_changes_with_content_and_words(tmp_path, monkeypatch):
    """What was built is built again when a file changes, or the Python that it was built with."""
    monkeypatch.setattr(stamps, "ROOT", tmp_path)
    file = tmp_path / "pins.txt"
    file.write_text("a==1")
    before = stamps.fingerprint([file], "3.11")
    assert stamps.fingerprint([file], "3.12") != before
    file.write_text("a==2")
    assert stamps.fingerprint([file], "3.11") != before


def test_unwritten_stamp_is_not_current(tmp_path):
    """A stamp is current only once it was written with the same value."""
    stamp = tmp_path / "deep" / "stamp"
    assert not stamps.is_current(stamp, "x")
    stamps.write(stamp, "x")
    assert stamps.is_current(stamp, "x")
    assert not stamps.is_current(stamp, "y")


def test_missing_venv_names_the_cure(monkeypatch, tmp_path):
    """Without python3-venv the error names the package, and no half environment stays behind."""
    monkeypatch.setattr(bootstrap, "VENV", tmp_path / "half")
    (tmp_path / "half" / "bin").mkdir(parents=True)

    def fail(*_: object, **__: object) -> None:
        raise ToolError("The virtual environment was not created: ensurepip is not available.")

    monkeypatch.setattr(bootstrap, "run", fail)
    with pytest.raises(ToolError, match="apt-get install python3-venv"):
        bootstrap._make_venv()
    assert not (tmp_path / "half").exists()


def test_web_assets_are_not_built_twice(monkeypatch, tmp_path):
    """With an unchanged source and a standing manifest nothing is fetched or bundled."""
    monkeypatch.setattr(webassets, "DIST", tmp_path)
    calls: list[str] = []
    monkeypatch.setattr(webassets, "run", lambda *_, what, **__: calls.append(what))
    monkeypatch.setattr(webassets, "_npm", lambda _: (["npm"], {}))
    webassets.build(Path("python"))
    (tmp_path / "manifest.json").write_text("{}")
    webassets.build(Path("python"))
    assert calls == ["fetching web packages", "bundling web assets"]


def test_what_the_web_build_needs_is_there():
    """Entry points of the pages and the lock that npm installs from are in the repository."""
    assert (webassets.ASSETS / "package-lock.json").is_file()
    assert {"app.js", "app.css"} <= {file.name for file in (webassets.ASSETS / "src").iterdir()}
    assert webassets.DIST.is_relative_to(ROOT)
