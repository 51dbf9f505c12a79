"""Real associations into a source: what modalities send, and what they hear."""

import hashlib
import io
import threading

import pytest
from pydicom import dcmread
from pydicom.dataset import Dataset
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEGBaseline8Bit,
    generate_uid,
)
from pynetdicom import build_role, evt

from dosebook_edge.capture.dicom.associations import Refusals
from dosebook_edge.capture.dicom.contexts import MPPS, STORAGE_CLASSES, STORAGE_COMMITMENT
from tests.support.box import (
    DX_CLASS,
    RDSR_CLASS,
    association,
    image,
    listening,
    opened_outbox,
    receipts_for,
    with_meta,
)
from tests.support.waiting import eventually

VERIFICATION = "1.2.840.10008.1.1"
COMMITMENT_INSTANCE = "1.2.840.10008.1.20.1.1"


@pytest.fixture
def refusals():
    """The refusals of the source."""
    return Refusals()


@pytest.fixture
def source(outbox, refusals):
    """A listening source."""
    with listening(outbox, refusals) as one:
        yield one


def evidence_of(outbox, sequence=1):
    """The evidence of one record."""
    return outbox.content(sequence).evidence


def reasons(refusals):
    """What was refused, in words."""
    return [one.reason for one in refusals._new.values()]


def report(**attributes):
    """A dose report without content."""
    dataset = Dataset()
    dataset.SOPClassUID = RDSR_CLASS
    dataset.SOPInstanceUID = generate_uid()
    dataset.Modality = "SR"
    dataset.ValueType = "CONTAINER"
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return with_meta(dataset)


def test_echo_is_answered(source):
    """C-ECHO, the first thing that a service engineer tries, succeeds."""
    with association(source.port, VERIFICATION) as assoc:
        assert assoc.send_c_echo().Status == 0x0000


def test_success_means_on_disk(source, outbox):
    """When the modality hears 0x0000, the object is in the outbox, byte for byte as it was sent."""
    sent = report(StudyDescription="Thorax")
    with association(source.port, RDSR_CLASS) as assoc:
        assert assoc.send_c_store(sent).Status == 0x0000
        assert outbox.status().waiting == 1
    evidence = evidence_of(outbox)
    kept = dcmread(io.BytesIO(evidence))
    assert kept.file_meta.MediaStorageSOPInstanceUID == sent.SOPInstanceUID
    assert kept.StudyDescription == "Thorax"
    buffer = io.BytesIO()
    sent.save_as(buffer, enforce_file_format=True)
    buffer.seek(0)
    first = 144 + dcmread(buffer).file_meta.FileMetaInformationGroupLength
    assert evidence.endswith(buffer.getvalue()[first:])


def test_p06_repeated_object_is_success_and_one_record(source, outbox):
    """P6: the same object sent twice, on two associations, is answered 0x0000 and kept once."""
    sent = report()
    for _ in range(2):
        with association(source.port, RDSR_CLASS) as assoc:
            assert assoc.send_c_store(sent).Status == 0x0000
    assert outbox.status().last_sequence == 1


def test_p41_a_study_of_twelve_images_at_once(source, outbox):
    """P41: twelve DX images on twelve concurrent associations are twelve records, no gap."""
    statuses = []
    start = threading.Barrier(12)

    def send():
        with association(source.port, DX_CLASS) as assoc:
            start.wait(20)
            statuses.append(assoc.send_c_store(image()).Status)

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(40)
    assert statuses == [0x0000] * 12
    assert outbox.status().last_sequence == 12
    assert outbox.integrity() == []


@pytest.mark.parametrize(
    "syntax",
    [
        ExplicitVRLittleEndian,
        ImplicitVRLittleEndian,
        ExplicitVRBigEndian,
        DeflatedExplicitVRLittleEndian,
    ],
    ids=lambda one: one.name,
)
def test_image_is_kept_without_pixels(source, outbox, syntax):
    """Of an image the header stays, its dose included, with the hash of what was sent."""
    sent = image(pixels=4096)
    sent.file_meta.TransferSyntaxUID = syntax
    if syntax == ExplicitVRBigEndian:
        sent.set_original_encoding(False, False)
    nested = Dataset()
    nested.CodeValue = "X"
    sent.ProcedureCodeSequence = [nested]
    sent["ProcedureCodeSequence"].is_undefined_length = True
    with association(source.port, DX_CLASS, syntaxes=syntax) as assoc:
        assert assoc.send_c_store(sent).Status == 0x0000
    kept = dcmread(io.BytesIO(evidence_of(outbox)))
    assert "PixelData" not in kept
    assert kept.ImageAndFluoroscopyAreaDoseProduct == 1.5
    assert kept.ProcedureCodeSequence[0].CodeValue == "X"
    assert kept.file_meta.TransferSyntaxUID == syntax


def test_compressed_image_is_kept_without_pixels(source, outbox):
    """Encapsulated pixels are dropped without a decoder."""
    sent = image()
    del sent["PixelData"]
    fragments = b"\xfe\xff\x00\xe0\x00\x00\x00\x00\xfe\xff\x00\xe0\x04\x00\x00\x00\xff\xd8\xff\xd9"
    sent.add_new(0x7FE00010, "OB", fragments + b"\xfe\xff\xdd\xe0\x00\x00\x00\x00")
    sent["PixelData"].is_undefined_length = True
    sent.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    with association(source.port, DX_CLASS, syntaxes=JPEGBaseline8Bit) as assoc:
        assert assoc.send_c_store(sent).Status == 0x0000
    kept = dcmread(io.BytesIO(evidence_of(outbox)))
    assert "PixelData" not in kept
    assert kept.file_meta.TransferSyntaxUID == JPEGBaseline8Bit


def test_source_that_keeps_pixels_keeps_them(outbox):
    """`keep_pixels` keeps the object as it was sent."""
    with (
        listening(outbox, keep_pixels=True) as source,
        association(source.port, DX_CLASS) as assoc,
    ):
        assert assoc.send_c_store(image(pixels=512)).Status == 0x0000
    assert len(dcmread(io.BytesIO(evidence_of(outbox))).PixelData) == 512


def test_original_of_a_header_is_named(source, outbox):
    """The record of a header says that pixels were dropped, and the SHA-256 of what was sent."""
    received = []
    sent = image()
    with association(source.port, DX_CLASS) as assoc:
        assoc.bind(evt.EVT_DIMSE_SENT, lambda event: received.append(event.message))
        assoc.send_c_store(sent)
    transport = outbox.content(1).record.transport
    original = received[0].data_set.getvalue()
    assert transport["pixels"] == "dropped"
    assert transport["original_sha256"] == hashlib.sha256(original).hexdigest()
    assert (transport["calling_ae_title"], transport["dimse"]) == ("CT1", "C-STORE")


def test_unreadable_object_is_kept_and_answered_with_success(source, outbox):
    """Bytes that no reader understands are a quarantined record, not a lost object."""
    from pynetdicom.dimse_primitives import C_STORE

    with association(source.port, RDSR_CLASS) as assoc:
        request = C_STORE()
        request.MessageID = 1
        request.AffectedSOPClassUID = RDSR_CLASS
        request.AffectedSOPInstanceUID = "1.2.3.4"
        request.Priority = 2
        request.DataSet = io.BytesIO(b"\xff" * 300)
        assoc._reactor_checkpoint.clear()
        assoc.dimse.send_msg(request, assoc.accepted_contexts[0].context_id)
        _, answer = assoc.dimse.get_msg(block=True)
        assoc._reactor_checkpoint.set()
    assert answer.Status == 0x0000
    (entry,) = outbox.entries()
    assert entry.outcome in ("quarantined", "no_dose")
    assert evidence_of(outbox).endswith(b"\xff" * 300)


def test_full_outbox_answers_out_of_resources(tmp_path):
    """With no room the modality hears 0xA700 with a code, and 0x0000 again once there is room."""
    with (
        opened_outbox(tmp_path, max_bytes=1_000_000) as outbox,
        listening(outbox, keep_pixels=True) as source,
        association(source.port, DX_CLASS) as assoc,
    ):
        statuses = []
        while not statuses or statuses[-1] == 0x0000:
            answer = assoc.send_c_store(image(pixels=100_000))
            statuses.append(answer.Status)
        assert statuses[-1] == 0xA700
        assert answer.ErrorComment.startswith("DOSEBOOK-OUTBOX-FULL")
        stored = len(statuses) - 1
        assert outbox.status().last_sequence == stored
        outbox.acknowledge(receipts_for(*outbox.unacknowledged(0, 100, 10**9)))
        assert assoc.send_c_store(image(pixels=100_000)).Status == 0x0000
        assert outbox.integrity() == []


@pytest.mark.parametrize("sop_class", STORAGE_CLASSES)
def test_every_storage_class_is_negotiated(source, sop_class):
    """Each class that the conformance statement names is accepted."""
    with association(source.port, sop_class) as assoc:
        assert [one.abstract_syntax for one in assoc.accepted_contexts] == [sop_class]


def test_wrong_called_title_is_refused_in_words(source, refusals):
    """A call for another AE title is refused, and the reason names both titles."""
    with association(source.port, VERIFICATION, called="PACS") as assoc:
        assert assoc.is_rejected
    assert eventually(lambda: source.health().refused and reasons(refusals)) == [
        "called AE title 'PACS' is not 'DOSEBOOK', the title of this source"
    ]
    assert source.health().refused == 1


def test_calling_title_outside_the_list_is_refused_in_words(outbox, refusals):
    """A calling AE title that is not allowed is refused, and the reason says what to add."""
    with (
        listening(outbox, refusals, allowed_calling_ae_titles=("CT2",)) as source,
        association(source.port, VERIFICATION) as assoc,
    ):
        assert assoc.is_rejected
    (reason,) = eventually(lambda: reasons(refusals))
    assert "'CT1' is not allowed: add it to allowed_calling_ae_titles" in reason


def test_nothing_in_common_is_told_by_name(source, refusals):
    """Where no presentation context fits, SOP class and transfer syntaxes stand in the reason."""
    with association(source.port, "1.2.840.10008.5.1.4.1.1.6.1"):
        pass
    with association(source.port, RDSR_CLASS, syntaxes=JPEGBaseline8Bit):
        pass
    first, second = eventually(lambda: len(found := reasons(refusals)) == 2 and found)
    assert first == "no common presentation context: Ultrasound Image Storage is not taken"
    assert "X-Ray Radiation Dose SR Storage in JPEG Baseline (Process 1)" in second


def test_refusals_are_written_down(outbox, refusals):
    """Refusals are kept in the outbox's database, counted, and survive a restart."""
    from dosebook_edge.capture.dicom.associations import stored_refusals

    for _ in range(3):
        refusals.note("ct", "CT9", "192.0.2.1", "no reason")
    refusals.flush(outbox.run)
    refusals.note("ct", "CT9", "192.0.2.1", "no reason")
    refusals.flush(outbox.run)
    (kept,) = outbox.read(stored_refusals)
    assert (kept.count, kept.reason) == (4, "no reason")


def test_two_sources_share_one_ledger(outbox):
    """Sources have their own title and port, and one sequence."""
    with listening(outbox, name="ct") as one, listening(outbox, name="xa", ae_title="XA") as two:
        for source, title in ((one, "DOSEBOOK"), (two, "XA")):
            with association(source.port, RDSR_CLASS, called=title) as assoc:
                assert assoc.send_c_store(report()).Status == 0x0000
    assert [(e.sequence, e.source) for e in outbox.entries()] == [(2, "xa"), (1, "ct")]


def commitment_request(*instances):
    """Action information for instances."""
    request = Dataset()
    request.TransactionUID = generate_uid()
    request.ReferencedSOPSequence = []
    for uid in instances:
        item = Dataset()
        item.ReferencedSOPClassUID = RDSR_CLASS
        item.ReferencedSOPInstanceUID = uid
        request.ReferencedSOPSequence.append(item)
    return request


def check_report(event, stored, failed):
    """What an N-EVENT-REPORT says."""
    information = event.event_information
    kept = [one.ReferencedSOPInstanceUID for one in information.get("ReferencedSOPSequence", [])]
    lost = [
        (one.ReferencedSOPInstanceUID, one.FailureReason)
        for one in information.get("FailedSOPSequence", [])
    ]
    assert kept == stored
    assert lost == [(uid, 0x0112) for uid in failed]
    assert event.request.EventTypeID == (2 if failed else 1)


@pytest.mark.parametrize("has_failure", [False, True])
def test_commitment_reports_exactly_what_is_stored(source, outbox, has_failure):
    """Storage Commitment lists stored and failed instances, on the same association."""
    sent = report()
    unknown = ["1.2.3.99"] if has_failure else []
    events = []
    heard = threading.Event()

    def on_report(event):
        events.append(event)
        check_report(event, [sent.SOPInstanceUID], unknown)
        heard.set()
        return 0x0000, None

    with association(
        source.port,
        RDSR_CLASS,
        STORAGE_COMMITMENT,
        evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)],
    ) as assoc:
        assert assoc.send_c_store(sent).Status == 0x0000
        status, _ = assoc.send_n_action(
            commitment_request(sent.SOPInstanceUID, *unknown),
            1,
            STORAGE_COMMITMENT,
            COMMITMENT_INSTANCE,
        )
        assert status.Status == 0x0000
        assert heard.wait(20)
    assert len(events) == 1


def test_commitment_is_reported_to_a_configured_peer(outbox):
    """A modality with a configured address hears its report on a new association to it."""
    from pynetdicom import AE

    from dosebook_edge.capture.dicom.commitment import Peer

    heard = threading.Event()
    sent = report()

    def on_report(event):
        check_report(event, [sent.SOPInstanceUID], [])
        heard.set()
        return 0x0000, None

    modality = AE(ae_title="CT1")
    modality.add_supported_context(STORAGE_COMMITMENT, scu_role=True, scp_role=True)
    server = modality.start_server(
        ("127.0.0.1", 0), block=False, evt_handlers=[(evt.EVT_N_EVENT_REPORT, on_report)]
    )
    peers = {"CT1": Peer("127.0.0.1", server.server_address[1])}
    try:
        with listening(outbox, storage_commitment_peers=peers) as source:
            with association(source.port, RDSR_CLASS, STORAGE_COMMITMENT) as assoc:
                assoc.send_c_store(sent)
                assoc.send_n_action(
                    commitment_request(sent.SOPInstanceUID),
                    1,
                    STORAGE_COMMITMENT,
                    COMMITMENT_INSTANCE,
                )
            assert heard.wait(20)
    finally:
        server.shutdown()


def step(status="IN PROGRESS", **attributes):
    """Attributes of an MPPS message."""
    dataset = Dataset()
    if status:
        dataset.PerformedProcedureStepStatus = status
    for name, value in attributes.items():
        setattr(dataset, name, value)
    return dataset


class Procedure:
    """One procedure step over one association."""

    def __init__(self, assoc):
        self.assoc = assoc
        self.uid = generate_uid()

    def create(self, dataset):
        """N-CREATE; returns the status."""
        return self.assoc.send_n_create(dataset, MPPS, self.uid)[0]

    def set(self, dataset):
        """N-SET; returns the status."""
        return self.assoc.send_n_set(dataset, MPPS, self.uid)[0]


@pytest.mark.parametrize("final", ["COMPLETED", "DISCONTINUED"])
def test_p53_dose_of_a_step_is_kept_however_it_ends(source, outbox, final):
    """P53: a completed and a discontinued step both leave their dose, merged with the start."""
    with association(source.port, MPPS) as assoc:
        procedure = Procedure(assoc)
        created = step(PatientID="T-1", Modality="RF", SpecificCharacterSet="ISO_IR 100")
        created.PatientName = "Müller^Änne"
        assert procedure.create(created).Status == 0x0000
        dose = step(final, ImageAndFluoroscopyAreaDoseProduct="12.5", TotalNumberOfExposures=7)
        assert procedure.set(dose).Status == 0x0000
    assert outbox.status().last_sequence == 2
    merged = dcmread(io.BytesIO(evidence_of(outbox, 2)))
    assert merged.file_meta.MediaStorageSOPInstanceUID == procedure.uid
    assert merged.PatientName == "Müller^Änne"
    assert merged.PerformedProcedureStepStatus == final
    assert merged.ImageAndFluoroscopyAreaDoseProduct == 12.5


def test_p53_final_step_is_not_reopened(source, outbox):
    """P53: N-SET after the end answers 0x0110 with error id 0xA710, and adds no record."""
    with association(source.port, MPPS) as assoc:
        procedure = Procedure(assoc)
        procedure.create(step())
        procedure.set(step("COMPLETED"))
        answer = procedure.set(step("IN PROGRESS"))
    assert (answer.Status, answer.ErrorID) == (0x0110, 0xA710)
    assert outbox.status().last_sequence == 2


def test_p53_step_sent_twice(source, outbox):
    """P53: a second N-CREATE of the same step answers 0x0111, and adds no record."""
    with association(source.port, MPPS) as assoc:
        procedure = Procedure(assoc)
        assert procedure.create(step()).Status == 0x0000
        assert procedure.create(step()).Status == 0x0111
    assert outbox.status().last_sequence == 1


@pytest.mark.parametrize(
    ("dataset", "status"),
    [(step("COMPLETED"), 0x0106), (step("", PatientID="T-1"), 0x0120), (step("BEGUN"), 0x0106)],
    ids=["completed", "missing", "unknown"],
)
def test_p53_step_begins_in_progress(source, outbox, dataset, status):
    """P53: an N-CREATE in any other state than IN PROGRESS is answered as PS3.4 F.7 says."""
    with association(source.port, MPPS) as assoc:
        assert Procedure(assoc).create(dataset).Status == status
    assert outbox.status().last_sequence == 0


def test_p53_unknown_step_and_state(source, outbox):
    """P53: N-SET of an unknown step is kept once and answers 0x0112, of an undefined state 0x0106.

    A box may be new within a procedure, and a modality does not send the dose of a step again.
    """
    with association(source.port, MPPS) as assoc:
        procedure = Procedure(assoc)
        for _ in range(2):
            assert procedure.set(step("COMPLETED")).Status == 0x0112
        assert outbox.status().last_sequence == 1
        assert dcmread(io.BytesIO(evidence_of(outbox, 1))).SOPInstanceUID == procedure.uid
        procedure.create(step())
        assert procedure.set(step("PAUSED")).Status == 0x0106
        assert procedure.set(step("", PatientID="T-1")).Status == 0x0000


def test_p53_step_goes_on_after_a_restart(tmp_path):
    """P53: a box that restarts within a procedure completes it with all its attributes."""
    uid = generate_uid()
    for number, status in enumerate(("IN PROGRESS", "COMPLETED"), start=1):
        with (
            opened_outbox(tmp_path) as outbox,
            listening(outbox) as source,
            association(source.port, MPPS) as assoc,
        ):
            procedure = Procedure(assoc)
            procedure.uid = uid
            send = procedure.create if number == 1 else procedure.set
            extra = {"PatientID": "T-1"} if number == 1 else {}
            assert send(step(status, **extra)).Status == 0x0000
            last = evidence_of(outbox, number)
    assert dcmread(io.BytesIO(last)).PatientID == "T-1"


def test_p53_character_sets_of_two_messages_meet(source, outbox):
    """P53: messages in different character sets are merged without damage, in UTF-8."""
    with association(source.port, MPPS) as assoc:
        procedure = Procedure(assoc)
        first = step(SpecificCharacterSet="ISO_IR 100")
        first.PatientName = "Müller"
        second = step("COMPLETED", SpecificCharacterSet="ISO_IR 144")
        second.PerformedProcedureStepDescription = "Рентген"
        procedure.create(first)
        assert procedure.set(second).Status == 0x0000
    merged = dcmread(io.BytesIO(evidence_of(outbox, 2)))
    assert merged.PatientName == "Müller"
    assert merged.PerformedProcedureStepDescription == "Рентген"


def test_role_of_the_box_in_commitment_is_scp(source):
    """A modality that proposes roles for Storage Commitment is the SCU, the box the SCP."""
    role = build_role(STORAGE_COMMITMENT, scu_role=True)
    with association(source.port, STORAGE_COMMITMENT, ext_neg=[role]) as assoc:
        assert assoc.accepted_contexts[0].as_scu
