"""Drafts of profiles at the box: sealed, kept whole, bounded, and gone with their pictures."""

import errno
from datetime import UTC, datetime, timedelta

import pytest

from dosebook_edge.kiosk.drawing import drafts as module
from dosebook_edge.kiosk.drawing.drafts import KEPT_FOR, MOST_DRAFTS, DraftError, Drafts
from dosebook_edge.outbox.vault import Vault
from dosebook_protocol.screen_drawing.drawn import MOST_PICTURES, Drawn
from dosebook_protocol.screen_drawing.upload import taken_in
from tests.support.screens import png

WHO = "R. Graf"
SHOWN = b"Zyxwalska"


class Now:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at


@pytest.fixture
def now():
    """The time of the drafts."""
    return Now()


@pytest.fixture
def drafts(tmp_path, now):
    """No draft yet."""
    return Drafts(tmp_path / "drafts", Vault(bytes(32)), now)


def test_a_draft_comes_back_as_it_was_kept(drafts):
    """Profile, pictures and who changed it last survive a restart of the page."""
    draft = drafts.begin({"id": "x"}, WHO)
    drafts.add_picture(draft.id, taken_in(png(64, 48)), "A", grabbed=True)
    (found,) = drafts.all()
    assert found.drawn == Drawn({"id": "x", "screen": {"width": 64, "height": 48}}, grabbed=True)
    assert (found.changed_by, found.version) == ("A", draft.version + 1)
    assert drafts.picture(found.id, 1) == taken_in(png(64, 48)).png


def test_nothing_on_disk_is_readable_without_the_key(drafts, tmp_path):
    """ADR 0011: the pictures show patients; neither they nor the profile lie open on the disk."""
    draft = drafts.begin({"id": "x", "notes": [SHOWN.decode()]}, WHO)
    drafts.add_picture(draft.id, taken_in(png(64, 48)), WHO, grabbed=False)
    files = [one for one in (tmp_path / "drafts").rglob("*") if one.is_file()]
    assert len(files) == 2
    for one in files:
        data = one.read_bytes()
        assert SHOWN not in data
        assert b"PNG" not in data
        assert one.stat().st_mode & 0o077 == 0


def test_who_was_second_does_not_overwrite(drafts):
    """Two persons on one draft: the later of two saves of one version is told so."""
    draft = drafts.begin({"id": "x"}, WHO)
    kept = drafts.keep(draft, draft.version, Drawn({"id": "y"}), WHO)
    assert kept is not None
    assert drafts.keep(draft, draft.version, Drawn({"id": "z"}), "A") is None
    assert drafts.get(draft.id).drawn.profile == {"id": "y"}
    assert drafts.keep(kept, kept.version, kept.drawn, WHO) == kept, "no change, no version"


def test_a_draft_and_the_box_have_bounds(drafts):
    """Ten pictures prove a profile; more would take the room of doses."""
    draft = drafts.begin({}, WHO)
    for _ in range(MOST_PICTURES):
        drafts.add_picture(draft.id, taken_in(png(64, 48)), WHO, grabbed=False)
    with pytest.raises(DraftError, match="10 pictures at most"):
        drafts.add_picture(draft.id, taken_in(png(64, 48)), WHO, grabbed=False)
    for _ in range(MOST_DRAFTS - 1):
        drafts.begin({}, WHO)
    with pytest.raises(DraftError, match="delete one"):
        drafts.begin({}, WHO)


def test_a_deleted_draft_leaves_nothing(drafts, tmp_path):
    """Also a single picture: its file is gone, not hidden."""
    draft = drafts.begin({}, WHO)
    drafts.add_picture(draft.id, taken_in(png(64, 48)), WHO, grabbed=False)
    drafts.remove_picture(draft.id, 1, WHO)
    assert len([one for one in (tmp_path / "drafts").rglob("*") if one.is_file()]) == 1
    drafts.delete(draft.id)
    assert list((tmp_path / "drafts").iterdir()) == []
    assert drafts.get(draft.id) is None
    with pytest.raises(DraftError, match="gone"):
        drafts.add_picture(draft.id, taken_in(png(64, 48)), WHO, grabbed=False)


def test_what_nobody_touches_is_deleted(drafts, now, tmp_path):
    """Pictures of patients do not stay for ever; nor does half a draft after a power cut."""
    drafts.begin({"id": "old"}, WHO)
    now.at += KEPT_FOR - timedelta(hours=1)
    drafts.begin({"id": "new"}, WHO)
    (tmp_path / "drafts" / "0123456789abcdef").mkdir()
    now.at += timedelta(hours=2)
    assert [one.drawn.profile["id"] for one in drafts.all()] == ["new"]
    assert len(list((tmp_path / "drafts").iterdir())) == 1


def test_a_full_disk_is_told_and_changes_nothing(drafts, monkeypatch):
    """The page says that it is not kept, and what to do; what was kept stands."""
    draft = drafts.begin({"id": "x"}, WHO)

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(module, "write_durably", full)
    with pytest.raises(DraftError, match=r"No space left on device\. Free space"):
        drafts.keep(draft, draft.version, Drawn({"id": "y"}), WHO)
    assert drafts.get(draft.id) == draft


@pytest.mark.parametrize("name", ["", "..", "../outbox", "a/b"])
def test_no_address_leads_out_of_the_folder(drafts, name):
    """The id of a draft becomes a path."""
    with pytest.raises(DraftError, match="no draft"):
        drafts.get(name)
