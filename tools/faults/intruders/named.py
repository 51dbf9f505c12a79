"""Intruders with a plan, one of each, and what must come of it."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from random import Random

from cryptography import x509
from sqlalchemy import select

from dosebook_central.store.models import Quarantine, Record
from dosebook_central.store.queries.boxes import list_boxes
from dosebook_edge.identity.identity import Identity
from dosebook_edge.simulate.scene import to_bytes
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.wire import encode_record, encode_record_message
from tools.faults.intruders.hostile_mqtt import (
    connect_packet,
    is_let_in,
    knock,
    self_made,
    stranger_context,
)
from tools.faults.intruders.hostile_records import Forger, Publisher, oversize
from tools.faults.ledger import Ledger, outbox_rows, stored_records
from tools.faults.modality import work_of
from tools.faults.stack import BOX, Stack
from tools.site.box import Box
from tools.site.program import SiteError, wait

TRUST_CODES = ("topic", "box-unknown", "box-revoked", "other-box", "signature", "message")
_WAIT_S = 1.0
_READ_S = 2.0


@dataclass(frozen=True, slots=True)
class Rogue:
    """An enrolled box in the wrong hands: certificate, key, and code of its own."""

    box_id: str
    identity: Identity
    forger: Forger

    @classmethod
    def enrol(cls, stack: Stack, seed: int, box_id: str = "rogue-1") -> "Rogue":
        """Enrol it as any box; it is never started."""
        identity = Identity.load(stack.add_box(box_id).data_dir / "identity")
        objects = [item for exam in work_of(seed + 77_003, 20) for item in exam.objects]
        evidence = [to_bytes(item.dataset) for item in objects if item.kind == "store"]
        return cls(box_id, identity, Forger(box_id, identity.signer, evidence))

    @property
    def records(self) -> str:
        """Its own topic."""
        return topic(self.box_id, Channel.RECORDS)

    @property
    def context(self) -> ssl.SSLContext:
        """TLS with its own certificate."""
        assert self.identity.enrolled is not None
        return self.identity.enrolled.ssl_context()

    def publisher(self, stack: Stack) -> Publisher:
        """Its client."""
        return Publisher(stack.box_port, self.box_id, self.context, v5=stack.kind == "servers")


def named_intruders(ledger: Ledger, stack: Stack, box: Box, rogue: Rogue, folder: Path) -> None:
    """Let each try, and check what came of it."""
    v5 = stack.kind == "servers"
    revoked = Rogue.enrol(stack, 0, "revoked-1")
    stack.revoke(revoked.box_id)
    for name, context, client_id in (
        ("no TLS", None, BOX),
        ("no certificate", stranger_context(None), BOX),
        ("TLS 1.2", _old_tls(rogue), rogue.box_id),
        ("self-made authority", _forged(stack, folder), BOX),
        ("revoked certificate", revoked.context, revoked.box_id),
    ):
        _must_not_enter(ledger, stack, name, context, connect_packet(client_id, v5=v5))
    greeting = connect_packet(BOX, v5=v5)
    if stack.kind == "embedded":  # Mosquitto gives each the client id of its certificate
        _must_not_enter(ledger, stack, "another's client id", rogue.context, greeting)
    with rogue.publisher(stack) as publisher:
        _other_topics(ledger, stack, box, rogue, publisher)
        _forgeries(ledger, stack, box, rogue, publisher)
    _replayed_by_owner(ledger, stack, box)


def _must_not_enter(
    ledger: Ledger, stack: Stack, name: str, context: ssl.SSLContext | None, greeting: bytes
) -> None:
    answer = knock(stack.box_port, context, greeting, _READ_S)
    entered = is_let_in(answer, v5=stack.kind == "servers")
    shown = answer if isinstance(answer, str) else (answer.hex(" ") or "closed")
    ledger.say(name, f"LET IN ({shown})" if entered else f"refused ({shown})")
    if entered:
        ledger.problems.append(f"{name}: the broker let the intruder in")


def _old_tls(rogue: Rogue) -> ssl.SSLContext:
    context = rogue.context
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_2
    return context


def _forged(stack: Stack, folder: Path) -> ssl.SSLContext:
    pem = stack.credentials.authority.certificate_path.read_bytes()
    issuer = x509.load_pem_x509_certificate(pem).subject
    return stranger_context(None, self_made(folder, BOX, issuer))


def _other_topics(
    ledger: Ledger, stack: Stack, box: Box, rogue: Rogue, publisher: Publisher
) -> None:
    """Speak and listen where only another box may."""
    rng = Random(1)
    _, message = rogue.forger.honest(rng, box_id=BOX, sequence=10_000)
    for name, where in (
        ("box A writes box B's records", topic(BOX, Channel.RECORDS)),
        ("box A writes box B's receipts", topic(BOX, Channel.RECEIPTS)),
        ("box A writes box B's configuration", topic(BOX, Channel.CONFIG)),
    ):
        answer = publisher.publish(where, message)
        if answer.endswith("Success"):  # MQTT 3.1.1 knows no refusal: the connection must end
            answer = publisher.answer()
        _expect(ledger, name, answer, answer == "disconnected" or "Not authorized" in answer)
        publisher.connect()
    came = [code for code in TRUST_CODES for _ in _quarantined(stack, BOX, code)]
    told = box.log.read_text().count("message_distrusted")
    came_through = f"{len(came)} at the registry, {told} at box B"
    _expect(ledger, "what came through of it", came_through, not came and not told)
    for where in (topic(BOX, Channel.RECEIPTS), "dosebook/v1/#", "#"):
        publisher.connect()
        answer = publisher.subscribe(where)
        heard = [one for one in publisher.heard(_WAIT_S) if rogue.box_id not in one[0]]
        what = f"box A listens to {where.replace(BOX, 'B')}"
        _expect(ledger, what, f"{answer}, heard {len(heard)}", not heard)
    publisher.connect()


def _forgeries(ledger: Ledger, stack: Stack, box: Box, rogue: Rogue, publisher: Publisher) -> None:
    """Records that are not the rogue's own, on the rogue's own topic."""
    rng = Random(2)
    envelope, evidence = _a_record_of(stack)
    honest = len(stored_records(stack.engine, BOX))
    replayed = encode_record_message(envelope, evidence)
    record, own_evidence = rogue.forger.record(rng, box_id=BOX, sequence=20_000)
    as_other = rogue.forger.message(encode_record(record), own_evidence)
    for _ in range(2):
        _, message = rogue.forger.honest(rng, sequence=1)
        publisher.publish(rogue.records, message)
    _expect(ledger, "a number given twice", *_told_of_reuse(stack, rogue.box_id))
    for name, message, code in (
        ("record signed by another box", replayed, "signature"),
        ("record in another box's name", as_other, "other-box"),
        ("record beyond the limit", oversize(rogue.forger, rng), "message"),
    ):
        before = _quarantined(stack, rogue.box_id, code)
        publisher.publish(rogue.records, message)
        publisher.connect()
        found = _until_more(stack, rogue.box_id, code, before)
        _expect(ledger, name, found or "nothing in quarantine", bool(found))
    surplus = len(stored_records(stack.engine, BOX)) - len(outbox_rows(box.data_dir / "outbox.db"))
    _expect(ledger, "records of box B after that", f"{honest} and its own", surplus <= 0)


def _told_of_reuse(stack: Stack, box_id: str) -> tuple[str, bool]:
    """A box may say whatever it signs, but pages tell that it gave a number twice."""

    def reused() -> int:
        with stack.engine.connect() as connection:
            return sum(one.reused for one in list_boxes(connection) if one.id == box_id)

    try:
        wait(reused, 20, "a number given twice is told")
    except SiteError:
        return "not told", False
    return "both kept, and told", True


def _replayed_by_owner(ledger: Ledger, stack: Stack, box: Box) -> None:
    """A record of the honest box once more, as a network that repeats packets would."""
    identity = Identity.load(box.data_dir / "identity")
    assert identity.enrolled is not None
    envelope, evidence = _a_record_of(stack)
    name = BOX if stack.kind == "servers" else f"{BOX}/again"
    context = identity.enrolled.ssl_context()
    with Publisher(stack.box_port, name, context, v5=stack.kind == "servers") as publisher:
        for _ in range(3):
            publisher.publish(
                topic(BOX, Channel.RECORDS), encode_record_message(envelope, evidence)
            )
    ids = [one.id for one in stored_records(stack.engine, BOX)]
    _expect(ledger, "record replayed three times", "stored once", len(ids) == len(set(ids)))


def _a_record_of(stack: Stack) -> tuple[bytes, bytes]:
    """Envelope and evidence of a record that the honest box sent: somebody listened."""
    with stack.engine.connect() as connection:
        row = connection.execute(
            select(Record.envelope, Record.evidence_sha256).where(Record.box_id == BOX)
        ).first()
    assert row is not None
    return row.envelope, stack.evidence.get(row.evidence_sha256)


def _quarantined(stack: Stack, box_id: str, code: str) -> list[str]:
    statement = select(Quarantine.reason).where(
        Quarantine.box_id == box_id, Quarantine.code == code
    )
    with stack.engine.connect() as connection:
        return list(connection.scalars(statement))


def _until_more(stack: Stack, box_id: str, code: str, before: list[str]) -> str:
    """The reason of what came into quarantine since; empty where nothing did."""
    try:
        wait(
            lambda: len(_quarantined(stack, box_id, code)) > len(before), 20, f"{code} quarantined"
        )
    except Exception:  # noqa: BLE001 - told by the caller
        return ""
    new = [one for one in _quarantined(stack, box_id, code) if one not in before]
    return f"{code}: {(new or before)[0][:70]}"


def _expect(ledger: Ledger, name: str, shown: str, is_good: bool) -> None:  # noqa: FBT001 - said last
    ledger.say(name, shown)
    if not is_good:
        ledger.problems.append(f"{name}: {shown}")
