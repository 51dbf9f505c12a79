"""Drafts of profiles and the screens to draw on, on both engines."""

from datetime import timedelta

from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.screens.drawing import drafts
from dosebook_central.store.engine import writing
from dosebook_protocol.screen_drawing.drawn import Drawn
from dosebook_protocol.screen_drawing.upload import taken_in
from tests.support.registry import NOW
from tests.support.screen_site import boxed, send_screens
from tests.support.screens import png

PICTURE = taken_in(png(64, 40, "1"))


def test_a_draft_is_kept_and_deleted_with_its_pictures(engine):
    """Each change is a version; who is late changes nothing; nothing of it stays."""
    with writing(engine) as connection:
        draft_id = drafts.add_draft(connection, {"id": "x"}, "a", NOW)
        assert [drafts.add_picture(connection, draft_id, PICTURE) for _ in range(2)] == [1, 2]
    with writing(engine) as connection:
        draft = drafts.get_draft(connection, draft_id)
        later = NOW + timedelta(minutes=1)
        kept = drafts.keep(connection, draft, Drawn({"id": "y"}, grabbed=True), "b", later)
        assert (kept.version, kept.changed_by, kept.drawn.grabbed) == (2, "b", True)
        assert drafts.keep(connection, draft, Drawn({"id": "z"}), "a", NOW) is None
        assert drafts.list_drafts(connection) == [kept]
        assert drafts.remove_picture(connection, draft_id, 1)
        assert not drafts.remove_picture(connection, draft_id, 1)
        assert drafts.get_pictures(connection, draft_id) == [PICTURE.png]
        assert drafts.delete_draft(connection, draft_id)
        assert not drafts.delete_draft(connection, draft_id)
        assert drafts.get_picture(connection, draft_id, 2) is None


def test_the_latest_screen_of_each_profile_and_box_can_be_drawn_on(engine, tmp_path):
    """Two boxes with a profile each: one screen of each, the latest first."""
    send_screens(boxed(engine, EvidenceFolder(tmp_path / "evidence")), range(4))
    with engine.connect() as connection:
        found = drafts.recent_screens(connection)
        assert [one.room for one in found] == ["PET/CT", "CT 1"]
        assert found[0].captured_at - found[1].captured_at == timedelta(minutes=1)
        assert drafts.unread_captures(connection) == []
        assert drafts.get_unread_capture(connection, found[0].record_id) is None
