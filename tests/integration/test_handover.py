"""A room without network: records go to the registry in a file, and receipts come back in one."""

import json
import zipfile
from contextlib import closing, suppress
from random import Random

import pytest
from click.testing import CliRunner

from dosebook_central.cli import main as registry_main
from dosebook_edge.cli.main import main as box_main
from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox import Outbox
from dosebook_protocol.bundle import BundleError, Kind, read_messages, write_bundle
from tests.support.box import BOX, configuration, draft


class Room:
    """A box that reaches no network and a registry that knows it, through their commands."""

    def __init__(self, folder):
        self.folder = folder
        self.config = configuration(folder / "box")
        self.data_dir = folder / "box" / "data"
        self.registry("init")
        csr, bundle = folder / "box.csr", folder / "bundle.json"
        self.box("identity", "request", "--out", str(csr))
        self.registry("box", "add", BOX, "--csr", str(csr), "--out", str(bundle))
        self.box("identity", "install", str(bundle))

    def box(self, *arguments, code=0):
        """Run a command of the box and return what it says."""
        return self._run(box_main, ["--config", str(self.config), *arguments], code)

    def registry(self, *arguments, code=0):
        """Run a command of the registry and return what it says."""
        folder = str(self.folder / "registry")
        return self._run(registry_main, ["--data", folder, *arguments], code)

    def capture(self, *evidences):
        """Make records of some evidences."""
        signer = Identity.load(self.data_dir / "identity").signer
        with closing(Outbox(self.data_dir, BOX, signer)) as outbox:
            for one in evidences:
                outbox.append(draft(one))

    def waiting(self):
        """Sequence numbers of the records without a receipt."""
        rows = json.loads(self.box("outbox", "list", "--status", "waiting", "--json"))
        return sorted(row["sequence"] for row in rows)

    def state(self):
        """What the registry says of itself."""
        return json.loads(self.registry("status", "--json"))

    @staticmethod
    def _run(main, arguments, code):
        result = CliRunner().invoke(main, arguments)
        assert result.exit_code == code, result.output
        return result.output


@pytest.fixture
def room(tmp_path):
    return Room(tmp_path)


def test_records_and_receipts_travel_by_hand_exactly_once(room):
    """Export, import, receipts back: nothing waits; the same export again is all duplicates."""
    room.capture(b"one", b"two", b"three")
    export, receipts = room.folder / "export.zip", room.folder / "receipts.zip"
    told = room.box("outbox", "export", str(export))
    assert "3 records" in told
    assert export.stat().st_mode & 0o777 == 0o600
    room.capture(b"four")
    told = room.registry("import", str(export), "--receipts", str(receipts))
    assert "3 stored" in told
    assert room.waiting() == [1, 2, 3, 4]
    assert "3 receipts, 3 of them news; 1 records wait" in room.box(
        "outbox", "import-receipts", str(receipts)
    )
    assert room.waiting() == [4]
    again = room.folder / "again.zip"
    assert "3 duplicate" in room.registry("import", str(export), "--receipts", str(again))
    assert "0 of them news" in room.box("outbox", "import-receipts", str(again))
    state = room.state()
    assert state["records"] == 3
    assert state["boxes"][0]["missing"] == []


def test_receipts_are_also_had_from_a_second_import(room):
    """Receipts that were lost on the way come with the next import of the same export."""
    room.capture(b"one")
    export, receipts = room.folder / "export.zip", room.folder / "receipts.zip"
    room.box("outbox", "export", str(export))
    room.registry("import", str(export))
    room.registry("import", str(export), "--receipts", str(receipts))
    room.box("outbox", "import-receipts", str(receipts))
    assert room.waiting() == []


def test_an_export_continues_where_receipts_ended(room):
    """An export holds what waits only, and says from which number to which."""
    room.capture(b"one")
    first, second = room.folder / "first.zip", room.folder / "second.zip"
    room.box("outbox", "export", str(first))
    receipts = room.folder / "receipts.zip"
    room.registry("import", str(first), "--receipts", str(receipts))
    room.box("outbox", "import-receipts", str(receipts))
    room.capture(b"two", b"three")
    room.box("outbox", "export", str(second))
    with zipfile.ZipFile(second) as archive:
        manifest = json.loads(archive.read("manifest.json"))
    assert (manifest["box_id"], manifest["first"], manifest["last"]) == (BOX, 2, 3)
    room.registry("import", str(second))
    assert room.state()["records"] == 3


def test_altered_record_is_refused_and_its_neighbours_are_not(room):
    """A record that was changed on the way goes to quarantine; the box hears nothing of it."""
    room.capture(b"one", b"two")
    export, changed = room.folder / "export.zip", room.folder / "changed.zip"
    room.box("outbox", "export", str(export))
    with zipfile.ZipFile(export) as source, zipfile.ZipFile(changed, "w") as target:
        for name in source.namelist():
            data = source.read(name)
            if name == "records/0000000001.cbor":
                data = data.replace(b"dicom-store", b"dicom-stare")
            target.writestr(name, data)
    receipts = room.folder / "receipts.zip"
    told = room.registry("import", str(changed), "--receipts", str(receipts), code=3)
    assert "1 quarantined, 1 stored" in told
    assert "signature" in told
    room.box("outbox", "import-receipts", str(receipts))
    assert room.waiting() == [1]


def test_a_damaged_record_of_an_export_is_named_and_ends_the_import_with_3(room):
    """Whoever carries a file sees that one record of it did not arrive; the others are taken."""
    room.capture(b"one", b"two")
    export = room.folder / "export.zip"
    room.box("outbox", "export", str(export))
    with zipfile.ZipFile(export) as archive:
        start = archive.getinfo("records/0000000001.cbor").header_offset
    with export.open("r+b") as file:
        file.seek(start + 60)
        file.write(bytes(20))
    told = room.registry("import", str(export), code=3)
    assert "refused      export.zip/records/0000000001.cbor: " in told
    assert "1 refused, 1 stored" in told


def test_what_is_no_bundle_or_not_all_of_one_is_told(room):
    """Receipts given to the registry, half a bundle and strange files are refused in words."""
    room.capture(b"one", b"two")
    export, receipts = room.folder / "export.zip", room.folder / "receipts.zip"
    room.box("outbox", "export", str(export))
    assert "there already" in room.box("outbox", "export", str(export), code=1)
    half = room.folder / "half.zip"
    with zipfile.ZipFile(export) as source, zipfile.ZipFile(half, "w") as target:
        for name in ("records/0000000001.cbor", "manifest.json"):
            target.writestr(name, source.read(name))
    assert "states 2 records and holds 1" in room.registry("import", str(half), code=3)
    assert "1 refused" in room.registry("import", str(half), code=3)
    room.registry("import", str(export), "--receipts", str(receipts))
    assert "import-receipts" in room.registry("import", str(receipts), code=3)
    assert "not receipts" in room.box("outbox", "import-receipts", str(export), code=1)
    assert "cannot be read" in room.box("outbox", "import-receipts", str(room.config), code=1)
    assert room.waiting() == [1, 2]


def test_receipts_of_another_registry_are_not_believed(room, tmp_path):
    """Receipts that another registry signed for a box of that name empty nothing."""
    (tmp_path / "other").mkdir()
    other = Room(tmp_path / "other")
    for one in (room, other):
        one.capture(b"one")
    export, receipts = other.folder / "export.zip", other.folder / "receipts.zip"
    other.box("outbox", "export", str(export))
    other.registry("import", str(export), "--receipts", str(receipts))
    assert "signature" in room.box("outbox", "import-receipts", str(receipts), code=1)
    assert room.waiting() == [1]


def test_receipts_need_records_of_one_box(room):
    """`--receipts` without records of a box says so instead of writing an empty file."""
    note = room.folder / "note.txt"
    note.write_text("no DICOM")
    path = room.folder / "receipts.zip"
    assert "no records of a box" in room.registry(
        "import", str(note), "--receipts", str(path), code=1
    )
    assert not path.exists()


def test_interrupted_bundle_leaves_no_file(tmp_path):
    """A bundle is whole or not there, so that nobody carries half of one."""

    def failing():
        yield 1, b"one"
        raise OSError("the stick was pulled")

    with pytest.raises(OSError, match="pulled"):
        write_bundle(tmp_path / "out.zip", Kind.RECORDS, BOX, failing())
    assert list(tmp_path.iterdir()) == []


def test_message_of_a_bundle_is_bounded(tmp_path):
    """A member that unpacks to more than a message may have is refused."""
    path = tmp_path / "out.zip"
    write_bundle(path, Kind.RECEIPTS, BOX, [(1, bytes(5000))])
    with pytest.raises(BundleError, match="more than 4096"):
        list(read_messages(path, Kind.RECEIPTS, 4096))


def test_a_bundle_from_a_damaged_stick_is_told(tmp_path):
    """Whichever byte went wrong: its messages are those written, or a sentence says no."""
    path, chance = tmp_path / "out.zip", Random(7)
    written = [chance.randbytes(300), b"receipt " * 200]
    write_bundle(path, Kind.RECEIPTS, BOX, enumerate(written, 1))
    whole = path.read_bytes()
    for at in range(len(whole)):
        path.write_bytes(whole[:at] + bytes([whole[at] ^ chance.randint(1, 255)]) + whole[at + 1 :])
        with suppress(BundleError):
            assert list(read_messages(path, Kind.RECEIPTS, 4096)) == written
