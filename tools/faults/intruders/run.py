"""All intruders against one site, with control exams before, during and after them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Final

import psutil
from sqlalchemy import Engine, func, select

from dosebook_central.store.models import Quarantine
from dosebook_edge.simulate.exam import Exam
from tools.faults import ledger as ledgers
from tools.faults.intruders.hostile_dicom import (
    bases_of,
    conversation,
    store_damaged,
    store_oversize,
    talk_damaged,
)
from tools.faults.intruders.hostile_mqtt import throw_packets
from tools.faults.intruders.named import TRUST_CODES, Rogue, named_intruders
from tools.faults.ledger import Ledger
from tools.faults.modality import Gate, Sent, key_of, work_of
from tools.faults.scenario import Morning, Size, sending
from tools.faults.stack import BOX, SOURCE, Stack, drain
from tools.site.box import Box
from tools.site.program import wait
from tools.site.truth import compare

_CONTROL: Final = 60
_MAX_GROWTH_MB: Final = 300
# What the registry keeps of messages that nobody signed, in an hour (ingest/quarantine.py).
_STRANGERS_KEPT: Final = 200


@dataclass(frozen=True, slots=True)
class Shares:
    """How the hostile messages are divided among their kinds."""

    dicom: int
    conversations: int
    altered: int
    garbage: int
    before_tls: int
    after_tls: int

    @classmethod
    def of(cls, total: int) -> "Shares":
        """Most of them where most code reads them: in the readers and in ingest."""
        dicom, talks, altered, garbage, before = (
            total * percent // 100 for percent in (36, 8, 12, 30, 6)
        )
        after = total - dicom - talks - altered - garbage - before
        return cls(dicom, talks, altered, garbage, before, after)


def intruders(folder: Path, size: Size) -> Ledger:
    """Let everybody try, and see that nothing came of it."""
    ledger = Ledger()
    kind = size.stack or "embedded"
    ledger.say("stack", kind)
    control = work_of(size.seed, min(_CONTROL, max(12, size.intruders // 10)))
    objects = len({key_of(item) for exam in control for item in exam.objects})
    with Stack(folder, kind) as stack:
        rogue = Rogue.enrol(stack, size.seed)
        box = stack.add_box()
        box.start()
        with sending(box, control, Gate(0)) as morning:
            _send_part(morning, objects // 3)
            drain(box, 60)
            started = _state(stack, box)
            morning.gate.open_to(objects * 2 // 3)
            named_intruders(ledger, stack, box, rogue, folder)
            accepted = _floods(ledger, stack, box, rogue, size)
            if not morning.finish(60):
                ledger.problems.append("control exams were not taken after the intruders")
            drain(box, 120)
            _sentinel(ledger, stack, rogue)
            _check_alive(ledger, started, _state(stack, box))
            box.stop()
            stack.registry.stop()
            _compare(ledger, stack, box, control, morning.sent, accepted)
    return ledger


def _send_part(morning: Morning, objects: int) -> None:
    morning.gate.open_to(objects)
    wait(lambda: morning.sent.with_box >= objects, 60, "the first control exams are taken")


def _floods(ledger: Ledger, stack: Stack, box: Box, rogue: Rogue, size: Size) -> int:
    """The mutated payloads; returns how many damaged objects the box accepted."""
    shares, rng = Shares.of(size.intruders), size.rng("intruders")
    exams = work_of(size.seed + 1_000_003, 60)
    bases = bases_of(exams)
    stores = store_damaged(rng, box.port(SOURCE), bases, shares.dicom)
    ledger.say(f"{shares.dicom} damaged objects", _words(stores.answers))
    drain(box, 120)
    _say_memory(ledger, stack, box)
    status = store_oversize(box.port(SOURCE), bases[0])
    ledger.say("an object beyond the limit", "none" if status is None else f"0x{status:04X}")
    if status == 0:
        ledger.problems.append("an object beyond the limit was accepted")
    first = next(item for exam in exams for item in exam.objects if item.kind == "store")
    spoken = conversation(box.port(SOURCE), first)
    talk = talk_damaged(rng, box.port(SOURCE), spoken, shares.conversations)
    ledger.say(f"{shares.conversations} damaged conversations", _words(talk))
    _flood_records(ledger, stack, rogue, rng, shares)
    _say_memory(ledger, stack, box)
    for name, count, context in (
        ("before TLS", shares.before_tls, None),
        ("after TLS", shares.after_tls, rogue.context),
    ):
        thrown = throw_packets(rng, stack.box_port, context, rogue.box_id, rogue.records, count)
        ledger.say(f"{count} damaged MQTT packets {name}", _words(thrown))
        _say_memory(ledger, stack, box)
    return stores.accepted + 1  # and the one of the conversation that was listened to


def _flood_records(ledger: Ledger, stack: Stack, rogue: Rogue, rng: Random, shares: Shares) -> None:
    with rogue.publisher(stack) as publisher:
        for name, messages, count in (
            ("altered after signing", rogue.forger.altered(rng, shares.altered), shares.altered),
            ("signed garbage", rogue.forger.garbage(rng, shares.garbage), shares.garbage),
        ):
            publisher.answers.clear()
            publisher.publish_all((rogue.records, message) for message in messages)
            ledger.say(f"{count} records {name}", _words(publisher.answers))


def _sentinel(ledger: Ledger, stack: Stack, rogue: Rogue) -> None:
    """An honest record behind everything: once it is stored, all before it was dealt with."""
    record_id, message = rogue.forger.honest(Random(0))
    with rogue.publisher(stack) as publisher:

        def is_stored() -> bool:
            publisher.publish(rogue.records, message)
            return any(
                one.id == record_id for one in ledgers.stored_records(stack.engine, rogue.box_id)
            )

        wait(is_stored, 120, "an honest record of the rogue box is stored behind its garbage")
    ledger.say("an honest record behind the garbage", "stored")


@dataclass(frozen=True, slots=True)
class State:
    """The processes at a moment."""

    pids: tuple[int, ...]
    megabytes: tuple[float, ...]


def _state(stack: Stack, box: Box) -> State:
    pids = (box.pid, stack.registry.pid)
    return State(pids, tuple(psutil.Process(one).memory_info().rss / 1e6 for one in pids))


def _say_memory(ledger: Ledger, stack: Stack, box: Box) -> None:
    here, there = _state(stack, box).megabytes
    ledger.say("  memory then", f"box {here:.0f} MB, registry {there:.0f} MB")


def _check_alive(ledger: Ledger, before: State, after: State) -> None:
    if before.pids != after.pids:
        ledger.problems.append("a program was ended by an intruder")
    pairs = list(zip(("box", "registry"), before.megabytes, after.megabytes, strict=True))
    ledger.say("memory", ", ".join(f"{name} {a:.0f} → {b:.0f} MB" for name, a, b in pairs))
    ledger.problems += [
        f"the {name} grew from {a:.0f} to {b:.0f} MB"
        for name, a, b in pairs
        if b - a > _MAX_GROWTH_MB
    ]


def _compare(
    ledger: Ledger, stack: Stack, box: Box, control: Sequence[Exam], sent: Sent, accepted: int
) -> None:
    database = box.data_dir / "outbox.db"
    rows = ledgers.outbox_rows(database)
    records = ledgers.stored_records(stack.engine, BOX)
    wanted = {key_of(item) for exam in control for item in exam.objects}
    ledger.say("control objects", f"{len(wanted)} of {len(control)} exams, {_words(sent.answers)}")
    outcomes = Counter(f"{one.status}/{one.outcome}" for one in records)
    ledger.say("records of the honest box", f"{len(records)}: {_words(outcomes)}")
    ledger.check(
        "damaged objects that were accepted",
        _accepted_problems(len(rows), len(wanted), accepted),
        f"{len(rows) - len(wanted)} records for {accepted}, repeats once",
    )
    ledger.check(
        "receipts",
        [f"{one.sequence} waits" for one in rows if one.status == "waiting"],
        f"{len(rows)} of {len(rows)}",
    )
    ledger.check("same records on both sides", ledgers.transport_problems(rows, records), "yes")
    last = rows[-1].sequence if rows else 0
    ledger.check("sequence gaps", ledgers.gap_problems(records, last), "none")
    uids = {uid for _, uid in wanted}
    ledger.check(
        "each control object stored once",
        ledgers.object_problems(wanted, [one for one in records if one.sop_instance_uid in uids]),
        f"{len(wanted)} of {len(wanted)}",
    )
    compared = compare(stack.engine, [exam.truth for exam in control])
    ledger.check(
        "control exams as in truth",
        [f"{one.truth.exam}: {what}" for one in compared.exams for what in one.problems],
        f"{len(control)} of {len(control)}",
    )
    ledger.check(
        "evidence", ledgers.evidence_problems(stack.evidence, records), f"{len(records)} verified"
    )
    _check_quarantine(ledger, stack.engine)
    ledger.check("integrity_check of the outbox", ledgers.outbox_problems(database), "ok")
    ledger.check("integrity_check of the registry", ledgers.database_problems(stack.engine), "ok")


def _accepted_problems(rows: int, control: int, accepted: int) -> list[str]:
    # Damage may give the same bytes twice, which is one record; never more records than answers.
    surplus = rows - control - accepted
    return [f"{surplus} records that nobody heard 0x0000 for"] if surplus > 0 else []


def _check_quarantine(ledger: Ledger, engine: Engine) -> None:
    with engine.connect() as connection:
        statement = select(Quarantine.code, func.count()).group_by(Quarantine.code)
        counts = Counter({row[0]: row[1] for row in connection.execute(statement)})
        silent = connection.scalar(select(func.count()).where(Quarantine.reason == ""))
    ledger.say("quarantine", _words(counts))
    if silent:
        ledger.problems.append(f"{silent} messages are in quarantine without a reason")
    kept = sum(counts[code] for code in TRUST_CODES)
    if kept > _STRANGERS_KEPT:
        ledger.problems.append(
            f"{kept} messages that nobody signed were kept: it should be bounded"
        )


def _words(counts: Counter[str]) -> str:
    return ", ".join(f"{name} × {times}" for name, times in sorted(counts.items())) or "none"
