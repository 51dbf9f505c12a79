"""The evidence store keeps bytes whole or not at all."""

import os
from hashlib import sha256

import pytest

from dosebook_central.ingest.evidence import EvidenceFolder


def _named(*contents: bytes) -> dict[str, bytes]:
    return {sha256(data).hexdigest(): data for data in contents}


def test_r96_evidence_comes_back_bit_identical(tmp_path):
    """R96: what was put is what comes back, under its own hash."""
    store = EvidenceFolder(tmp_path)
    evidence = _named(b"", b"one", os.urandom(70_000))
    store.put_many(evidence)
    assert {digest: store.get(digest) for digest in evidence} == evidence
    assert all(store.verify(digest) for digest in evidence)
    assert sorted(path.name for path in tmp_path.glob("??/??/*")) == sorted(evidence)


def test_same_evidence_again_is_written_once(tmp_path):
    """Evidence is stored once by its hash, however often it is sent."""
    store = EvidenceFolder(tmp_path)
    evidence = _named(b"one")
    store.put_many(evidence)
    (path,) = tmp_path.glob("??/??/*")
    before = path.stat().st_mtime_ns
    store.put_many(evidence)
    EvidenceFolder(tmp_path).put_many(evidence)
    assert path.stat().st_mtime_ns == before


def test_altered_or_missing_evidence_is_noticed(tmp_path):
    """`verify` tells altered bytes; a missing hash is a KeyError, and no path leads out."""
    store = EvidenceFolder(tmp_path)
    evidence = _named(b"one")
    store.put_many(evidence)
    (path,) = tmp_path.glob("??/??/*")
    path.chmod(0o600)
    path.write_bytes(b"two")
    assert not store.verify(path.name)
    assert not store.verify("0" * 64)
    for name in ("0" * 64, "../../etc/passwd", ""):
        with pytest.raises(KeyError):
            store.get(name)


@pytest.mark.parametrize("step", ["open", "fsync", "rename"])
def test_crash_at_any_step_leaves_nothing_or_the_whole(tmp_path, monkeypatch, step):
    """A kill between any two steps never leaves a name with other bytes behind it."""
    store = EvidenceFolder(tmp_path)
    evidence = _named(b"x" * 10_000)

    def die(*_args, **_kwargs):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "rename":
            patch.setattr("pathlib.Path.rename", die)
        else:
            patch.setattr(os, step, die)
        with pytest.raises(KeyboardInterrupt):
            store.put_many(evidence)
    assert evidence.keys().isdisjoint(path.name for path in tmp_path.glob("??/??/*"))
    after = EvidenceFolder(tmp_path)
    after.put_many(evidence)
    assert all(after.verify(digest) for digest in evidence)


def test_trouble_of_the_disk_is_told_before_anything_is_written(tmp_path, monkeypatch):
    """Whoever watches a registry learns that its evidence has no room, is read-only or gone."""
    store = EvidenceFolder(tmp_path / "evidence")
    assert store.trouble() == ""
    found = list(os.statvfs(tmp_path))
    for place, value, said in ((4, 0, "is full"), (8, os.ST_RDONLY, "cannot be written")):
        changed = os.statvfs_result([*found[:place], value, *found[place + 1 :]])
        with monkeypatch.context() as patch:
            patch.setattr(os, "statvfs", lambda _, changed=changed: changed)
            assert said in store.trouble()
    (tmp_path / "evidence").rmdir()
    assert "is not there" in store.trouble()


def test_left_over_of_a_crash_is_replaced(tmp_path):
    """A file that is shorter than its evidence is written again."""
    store = EvidenceFolder(tmp_path)
    ((digest, data),) = _named(b"y" * 5000).items()
    path = tmp_path / digest[:2] / digest[2:4] / digest
    path.parent.mkdir(parents=True)
    path.write_bytes(data[:100])
    store.put_many({digest: data})
    assert store.verify(digest)
