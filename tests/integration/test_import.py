"""Import of files, folders and ZIPs by the same pipeline; the whole corpus in any order."""

import contextlib
import io
import random
import threading
import zipfile

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import func, select

from dosebook_central.imports import zips
from dosebook_central.imports.collect import EntryReader, list_entries
from dosebook_central.imports.importer import Importer
from dosebook_central.imports.objects import objects_in
from dosebook_central.imports.zips import EntryError
from dosebook_central.store.models import Box, Exam, ImportFile, ImportJob, Record
from dosebook_central.store.queries.boxes import list_boxes
from dosebook_protocol.cose import Signer
from dosebook_protocol.dicom.pixels import file_without_pixels
from dosebook_protocol.dicom.read import read_object
from tests.support.registry import RegistryUnderTest, SigningBox, in_batches

PROSE = b"Dear colleague, this is no image."


def importer_of(registry, key=None):
    """An importer with the registry's own key."""
    signer = Signer(key or Ed25519PrivateKey.generate(), "registry")
    return Importer(registry.engine, registry.ingest, signer, registry.folder, "1")


@pytest.fixture
def report(corpus):
    """One CT report."""
    return (corpus / "ct" / "CT-RDSR-Siemens-Multi-3.dcm").read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    """A ZIP with some members."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return stream.getvalue()


def outcomes_of(registry, job_id):
    """Name and outcome of each file of a job, in order."""
    columns = (ImportFile.name, ImportFile.outcome, ImportFile.ordinal)
    with registry.engine.connect() as connection:
        rows = connection.execute(
            select(*columns).where(ImportFile.job_id == job_id).order_by(ImportFile.ordinal)
        )
        return [(row.name, row.outcome) for row in rows]


def test_zip_with_duplicates_and_other_files_tells_each_outcome(registry, tmp_path, report):
    """A ZIP with duplicates and non-DICOM files reports the outcome of each; nested ZIPs open."""
    inner = zipped({"deep.dcm": report, "deeper.zip": zipped({"x": report})})
    archive = tmp_path / "files.zip"
    archive.write_bytes(
        zipped({"a.dcm": report, "b.dcm": report, "letter.txt": PROSE, "in/inner.zip": inner})
    )
    seen = []
    job_id = importer_of(registry).run([archive], "test", seen.append)
    assert outcomes_of(registry, job_id) == [
        ("files.zip/letter.txt", "skipped"),
        ("files.zip/in/inner.zip/deeper.zip", "refused"),
        ("files.zip/a.dcm", "stored"),
        ("files.zip/b.dcm", "duplicate"),
        ("files.zip/in/inner.zip/deep.dcm", "duplicate"),
    ]
    assert registry.rows(Exam.event_count, Exam.origin) == [(3, "imported")]
    ((exam_id,),) = registry.rows(Exam.id)
    found = registry.rows(ImportFile.exam_id, ImportFile.record_id)
    assert {row[0] for row in found if row[1]} == {exam_id}
    assert registry.rows(ImportJob.state, ImportJob.total, ImportJob.done) == [("done", 5, 5)]
    assert seen[-1].done == seen[-1].total == 5


def test_import_again_finds_everything_known(registry, tmp_path, report):
    """An import that is repeated, or was interrupted, adds nothing twice and leaves no gap."""
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "one.dcm").write_bytes(report)
    importer = importer_of(registry)
    importer.run([tmp_path / "in"], "test")
    job_id = importer.run([tmp_path / "in"], "test")
    assert [outcome for _, outcome in outcomes_of(registry, job_id)] == ["duplicate"]
    with registry.engine.connect() as connection:
        (state,) = [one for one in list_boxes(connection) if one.id == "registry"]
    assert (state.records, state.last_sequence, state.gaps) == (2, 2, ())


def test_two_imports_at_once_share_one_gapless_ledger(registry, tmp_path, report):
    """Importers of one registry take turns at its ledger, also over processes."""
    key = Ed25519PrivateKey.generate()
    for number in range(2):
        (tmp_path / f"in{number}").mkdir()
        for index in range(3):
            name = tmp_path / f"in{number}" / f"{index}.dcm"
            name.write_bytes(report + bytes(2 * number + index))
    importers = [importer_of(registry, key) for _ in range(2)]
    threads = [
        threading.Thread(target=one.run, args=([tmp_path / f"in{number}"], "test"))
        for number, one in enumerate(importers)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sequences = sorted(row[0] for row in registry.rows(Record.sequence))
    assert sequences == list(range(1, 7))
    assert registry.rows(func.count(Exam.id)) == [(1,)]


def test_background_import_deletes_its_folder(registry, tmp_path, report):
    """An upload is imported in the background, and its folder goes when it is done."""
    folder = tmp_path / "upload"
    folder.mkdir()
    (folder / "one.dcm").write_bytes(report)
    importer = importer_of(registry)
    job_id = importer.start(folder, "anna")
    importer.stop()
    assert not folder.exists()
    assert [outcome for _, outcome in outcomes_of(registry, job_id)] == ["stored"]


def test_new_signing_key_keeps_the_earlier_one(registry):
    """What the registry signed before its key was renewed stays verifiable."""
    importer_of(registry)
    importer_of(registry)
    ((earlier,),) = registry.rows(Box.superseded_keys)
    assert len(earlier) == 1


def test_bombs_and_odd_names_are_refused(tmp_path):
    """A ZIP bomb is refused before it is unpacked; names that lead out are only shown."""
    bomb = tmp_path / "bomb.zip"
    bomb.write_bytes(zipped({"zeros": bytes(20 * 1024 * 1024), "../../etc/passwd": b"x"}))
    first, second = list_entries([bomb])
    assert "refused" in first.problem
    assert second.name == "bomb.zip/../../etc/passwd"
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 this is no archive")
    (entry,) = list_entries([broken])
    assert entry.problem
    with pytest.raises(EntryError):
        EntryReader().read(entry)


def test_a_damaged_zip_in_a_zip_spoils_none_beside_it(tmp_path):
    """What cannot be opened is told by itself; the objects beside it are read."""
    outer = tmp_path / "cd.zip"
    outer.write_bytes(zipped({"1": PROSE, "2": b"PK\x03\x04 this is no archive", "3": PROSE}))
    reader = EntryReader()
    first, second, third = list_entries([outer])
    assert (reader.read(first), second.problem != "", reader.read(third)) == (PROSE, True, PROSE)
    reader.close()


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA])
def test_no_damage_to_a_zip_ends_an_import(tmp_path, method):
    """Whatever a damaged ZIP makes its unpacker raise is a reason for one entry, no more."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        archive.writestr("report", PROSE * 50)
        archive.writestr("more.zip", zipped({"inner": PROSE}))
    intact = stream.getvalue()
    path = tmp_path / "cd.zip"
    for seed in range(400):
        rng = random.Random(seed)
        damaged = bytearray(intact)
        for _ in range(rng.randint(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.choice((0, 255, rng.randrange(256)))
        path.write_bytes(damaged)
        reader = EntryReader()
        for entry in list_entries([path]):
            with contextlib.suppress(EntryError):
                reader.read(entry)
        reader.close()


def test_a_directory_of_millions_is_not_read(tmp_path, monkeypatch):
    """A small ZIP cannot hold one whose directory fills the memory when it is opened."""
    monkeypatch.setattr(zips, "MOST_OF_A_DIRECTORY", 10_000)
    path = tmp_path / "cd.zip"
    path.write_bytes(zipped({"1": PROSE, "many.zip": zipped({str(n): b"" for n in range(300)})}))
    first, second = list_entries([path])
    assert first.problem == ""
    assert "unpack it and import the folder" in second.problem


def test_links_out_of_a_folder_are_not_followed(tmp_path):
    """A symbolic link in a folder is not read."""
    (tmp_path / "in").mkdir()
    (tmp_path / "secret").write_bytes(b"x")
    (tmp_path / "in" / "link").symlink_to(tmp_path / "secret")
    assert list_entries([tmp_path / "in"]) == []


def test_pixels_are_left_out_and_the_reading_stays(corpus):
    """An image is kept without its pixels: smaller, and it reads the same."""
    for path in sorted((corpus / "mg").glob("*.dcm")):
        data = path.read_bytes()
        assert read_object(file_without_pixels(data)) == read_object(data)


@pytest.mark.parametrize("data", [b"", b"x", PROSE, b'{"a": 1}', b"[1]", b"<html/>", b"\x89PNG"])
def test_what_is_no_object_is_none(data):
    """R54: files that are no DICOM object in any form give no object."""
    assert objects_in(data) == []


def _corpus_files(corpus):
    files = [
        path for path in sorted(corpus.glob("*/*")) if path.suffix in {".dcm", ".xml", ".json"}
    ]
    return [
        (found.data, found.media_type) for path in files for found in objects_in(path.read_bytes())
    ]


@pytest.mark.slow
def test_corpus_gives_the_same_exams_in_every_order(registry, tmp_path, corpus):
    """P4–P9, P41: import, three shuffled orders and everything twice give the same exams."""
    importer_of(registry).run([corpus], "test")
    expected = registry.everything()
    assert len(expected[0]) > 20
    objects = _corpus_files(corpus)
    for seed in range(3):
        (tmp_path / f"order{seed}").mkdir()
        other = RegistryUnderTest(tmp_path / f"order{seed}")
        box = other.add(SigningBox("box-1"))
        shuffled = objects * (2 if seed == 2 else 1)
        random.Random(seed).shuffle(shuffled)
        for batch in in_batches((box.message(*_named(one)) for one in shuffled), 7):
            other.ingest.process(batch)
        assert other.everything() == expected
        other.close()


def _named(found):
    data, media_type = found
    return data, read_object(data, media_type)


def test_p04_cumulative_reports_of_the_corpus(registry, corpus):
    """P4: three cumulative reports of one study are 236.09 mGy·cm in every order."""
    box = registry.add(SigningBox("box-1"))
    for number in (2, 3, 1):
        data = (corpus / "ct" / f"CT-RDSR-Siemens-Multi-{number}.dcm").read_bytes()
        registry.statuses(box.message(data))
    assert [
        (str(dlp), count) for dlp, count in registry.rows(Exam.dlp_mgy_cm, Exam.event_count)
    ] == [("236.09", 3)]


def test_p08_presentation_and_processing_image_of_the_corpus_count_once(registry, corpus):
    """P8: two images of one mammographic exposure are one event, the second exposure another."""
    box = registry.add(SigningBox("box-1"))
    for path in sorted((corpus / "mg").glob("MG-Im-GE_Seno*.dcm")):
        registry.statuses(box.message(path.read_bytes()))
    assert registry.rows(Exam.event_count) == [(2,)]


def test_p60_pet_ct_of_the_corpus_counts_activity_and_dlp_once(registry, corpus):
    """P60: one PET/CT as RRDSR, CT RDSR and PET headers: 394 MBq once, 667.72 mGy·cm once."""
    box = registry.add(SigningBox("box-1"))
    paths = [corpus / "nm" / "NM-RRDSR-Siemens.dcm", corpus / "ct" / "NM-CT-RDSR-Siemens.dcm"]
    for path in [*sorted((corpus / "pt").glob("NM-PetIm-Siemens*.dcm")), *paths]:
        registry.statuses(box.message(path.read_bytes()))
    rows = registry.rows(Exam.administered_activity_mbq, Exam.dlp_mgy_cm)
    assert [str(row[0]) for row in rows if row[0] is not None] == ["394"]
    assert [str(row[1]) for row in rows if row[1] is not None] == ["667.72"]


def test_p06_p09_same_object_under_two_studies_counts_once(registry, corpus):
    """P6, P9: one SOP Instance UID and the same events under two study UIDs are one exam."""
    box = registry.add(SigningBox("box-1"))
    for path in sorted((corpus / "rf").glob("*Zee*.dcm")):
        registry.statuses(box.message(path.read_bytes()))
    ((dap, count),) = registry.rows(Exam.dose_area_product_gy_cm2, Exam.event_count)
    assert count == 8
    assert str(dap) == "0.16"
