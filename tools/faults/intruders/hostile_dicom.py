"""Damaged DICOM into the box: data sets over C-STORE, and whole conversations over TCP."""

import contextlib
import socket
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from io import BytesIO
from random import Random
from typing import Any, Final

from pydicom import dcmread
from pydicom.uid import UID
from pynetdicom import AE
from pynetdicom.dimse_primitives import C_STORE
from pynetdicom.presentation import build_context

from dosebook_edge.simulate.exam import Exam
from dosebook_edge.simulate.scene import SimObject, to_bytes, uid
from dosebook_edge.simulate.send import send
from tools.faults.intruders.mutate import mutate
from tools.faults.proxy import Proxy
from tools.faults.stack import AE_TITLE

_TOO_LARGE: Final = 17 * 1024 * 1024
_READ_S: Final = 0.05
_SUCCESS: Final = 0x0000


@dataclass(frozen=True, slots=True)
class Base:
    """An intact object: class, transfer syntax and the bytes of its data set."""

    sop_class: str
    syntax: str
    sop_instance: str
    dataset: bytes


@dataclass(slots=True)
class Stores:
    """What the box answered to damaged objects."""

    answers: Counter[str] = field(default_factory=Counter)
    accepted: int = 0


def bases_of(exams: Sequence[Exam]) -> list[Base]:
    """The data sets of the stored objects of some exams."""
    return [_base(item) for exam in exams for item in exam.objects if item.kind == "store"]


def _base(item: SimObject) -> Base:
    file = BytesIO(to_bytes(item.dataset))
    meta = dcmread(file, stop_before_pixels=True, specific_tags=[]).file_meta
    start = 132 + 12 + int(meta.FileMetaInformationGroupLength)
    return Base(
        str(meta.MediaStorageSOPClassUID),
        str(meta.TransferSyntaxUID),
        str(item.sop_instance_uid),
        file.getvalue()[start:],
    )


def store_damaged(rng: Random, port: int, bases: Sequence[Base], count: int) -> Stores:
    """Send damaged data sets over C-STORE, on a new association whenever the box ends one."""
    stores = Stores()
    left = count
    while left > 0:
        with _association(port, bases) as association:
            while left > 0 and association.is_established:
                left -= 1
                base = rng.choice(bases)
                instance = base.sop_instance if rng.random() < 0.5 else uid(rng)
                status = _store(association, base, instance, mutate(rng, base.dataset))
                stores.answers["none" if status is None else f"0x{status:04X}"] += 1
                stores.accepted += status == _SUCCESS
    return stores


def store_oversize(port: int, base: Base) -> int | None:
    """Send an object that is larger than a record may be; the box's status."""
    with _association(port, [base]) as association:
        return _store(association, base, base.sop_instance, base.dataset + bytes(_TOO_LARGE))


@contextlib.contextmanager
def _association(port: int, bases: Sequence[Base]) -> Iterator[Any]:
    ae = AE(ae_title="INTRUDER")
    ae.acse_timeout = ae.dimse_timeout = ae.network_timeout = 30
    wanted = dict.fromkeys((base.sop_class, base.syntax) for base in bases)
    association = ae.associate(
        "127.0.0.1",
        port,
        contexts=[build_context(sop_class, [UID(syntax)]) for sop_class, syntax in wanted],
        ae_title=AE_TITLE,
        max_pdu=131072,
    )
    if not association.is_established:
        raise ConnectionError("the box takes no association any more")
    try:
        yield association
    finally:
        if association.is_established:
            association.release()


def _store(association: Any, base: Base, instance: str, dataset: bytes) -> int | None:
    """One C-STORE of bytes as they are; pynetdicom itself would not send what it cannot read."""
    context = next(
        one
        for one in association.accepted_contexts
        if (one.abstract_syntax, one.transfer_syntax[0]) == (base.sop_class, base.syntax)
    )
    request = C_STORE()
    request.MessageID = 1
    request.Priority = 2
    request.AffectedSOPClassUID = base.sop_class
    request.AffectedSOPInstanceUID = instance
    request.DataSet = BytesIO(dataset)
    association._reactor_checkpoint.clear()
    paused = threading.Event()
    while not association._is_paused:
        paused.wait(0.0005)
    try:
        association.dimse.send_msg(request, context.context_id)
        _, answer = association.dimse.get_msg(block=True)
    finally:
        association._reactor_checkpoint.set()
    status = getattr(answer, "Status", None)
    return None if status is None else int(status)


def conversation(port: int, item: SimObject) -> bytes:
    """What a modality says to the box for one object, from A-ASSOCIATE to A-RELEASE."""
    with Proxy(port, keep=True) as proxy:
        send([item], "127.0.0.1", proxy.port, AE_TITLE, "INTRUDER")
        return proxy.heard


def talk_damaged(rng: Random, port: int, spoken: bytes, count: int) -> Counter[str]:
    """Say a damaged conversation, and hang up."""
    answers: Counter[str] = Counter()
    for _ in range(count):
        # The front holds the association's negotiation; that is where lengths and items are.
        said = spoken[: rng.randint(1, 600)] if rng.random() < 0.7 else spoken
        answers[_say(port, mutate(rng, said))] += 1
    return answers


def _say(port: int, data: bytes) -> str:
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as one:
            one.sendall(data)
            one.settimeout(_READ_S)
            answer = one.recv(1)
    except TimeoutError:
        return "silence"
    except OSError:
        return "reset"
    names = {
        b"": "closed",
        b"\x02": "A-ASSOCIATE-AC",
        b"\x03": "A-ASSOCIATE-RJ",
        b"\x07": "A-ABORT",
    }
    return names.get(answer, "other")
