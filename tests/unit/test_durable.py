"""Small files of box and registry: whole on disk or as before, also after a power cut."""

import os
import stat

import pytest

from dosebook_protocol.durable import write_durably


def test_content_is_flushed_before_its_name_and_the_name_after(tmp_path, monkeypatch):
    """A power cut at any moment leaves the old file or the new one, and no empty name."""
    steps = []
    flush, rename = os.fsync, type(tmp_path).replace

    def flushed(descriptor):
        is_folder = stat.S_ISDIR(os.fstat(descriptor).st_mode)
        steps.append("folder" if is_folder else "content")
        flush(descriptor)

    def renamed(path, target):
        steps.append("name")
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", flushed)
    monkeypatch.setattr(type(tmp_path), "replace", renamed)
    write_durably(tmp_path / "new" / "key.pem", b"key", 0o600)
    assert steps == ["content", "name", "folder"]
    assert (tmp_path / "new" / "key.pem").read_bytes() == b"key"


def test_a_write_that_fails_leaves_the_old_file(tmp_path, monkeypatch):
    """A full disk costs the new content, never the old."""
    path = tmp_path / "box.crt"
    write_durably(path, b"old")

    def full(descriptor):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_durably(path, b"new")
    assert path.read_bytes() == b"old"


def test_a_key_is_readable_by_its_owner_only(tmp_path):
    """The mode holds also where a file with another was there before."""
    path = tmp_path / "key.pem"
    path.write_bytes(b"")
    path.chmod(0o644)
    write_durably(path, b"key", 0o600)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
