"""Records per second from the box to the registry's receipt, all on the cores of this machine.

Box, broker and registry are the real processes under their default settings, with mutual TLS.
`flow-outbox-…` starts from an outbox that was filled beforehand and ends with the last receipt; its
clock starts when the uplink says that it is ready, before it has sent anything. `flow-cstore-…`
starts with the first object over four associations and ends with the last receipt; the modality
that sends has its requests ready, because in a hospital it does not share these cores. The `-cpu`
rows say what each process spent on a record: on a busy machine they hold where the rates do not.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox import Draft, Outbox
from dosebook_edge.uplink.state import State
from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.record import SourceKind
from tools.bench.measure import Spent, cpu_of_children, scratch
from tools.bench.modality import Modality, send_prepared
from tools.bench.objects import ct_report, projection_report, variants, write_variants
from tools.bench.receivers import AE_TITLE, SOURCE
from tools.bench.row import Row
from tools.bench.site import Kind, Site, running_site
from tools.site.box import Box
from tools.site.program import SiteError, wait

ASSOCIATIONS = 4
_DEADLINE_S = 60.0


@dataclass(frozen=True, slots=True)
class _Load:
    """Objects of one kind, how many, and what the open peer was measured at."""

    name: str
    template: bytes
    count: int
    peer: str


def bench_flow_postgresql_ct() -> Iterator[Row]:
    """CT RDSRs, PostgreSQL and Mosquitto."""
    yield from _rows("postgresql", _Load("ct", ct_report(), 600, "4.7/s"), aim=">= 100")


def bench_flow_postgresql_rf() -> Iterator[Row]:
    """Fluoroscopy RDSRs of 24 events, PostgreSQL and Mosquitto."""
    yield from _rows("postgresql", _Load("rf24", projection_report(24), 480, "0.5/s"), aim=">= 40")


def bench_flow_sqlite_ct() -> Iterator[Row]:
    """CT RDSRs, SQLite and the built-in broker; the aims are about PostgreSQL."""
    yield from _rows("sqlite", _Load("ct", ct_report(), 600, "4.7/s"), aim="")


def bench_flow_sqlite_rf() -> Iterator[Row]:
    """Fluoroscopy RDSRs of 24 events, SQLite and the built-in broker."""
    yield from _rows("sqlite", _Load("rf24", projection_report(24), 480, "0.5/s"), aim="")


def _rows(kind: Kind, load: _Load, *, aim: str) -> Iterator[Row]:
    with scratch() as folder, running_site(folder, kind) as site:
        for way, measure in (("outbox", _from_outbox), ("cstore", _from_cstore)):
            rate, cpu = measure(site, load, f"{way}-{load.name}")
            name = f"flow-{way}-{load.name}-{kind}"
            against = f"open peer, measured before: {load.peer}"
            yield Row(name, rate, "1/s", against=against, aim=aim)
            each = {program: 1000 * spent / load.count for program, spent in cpu.items()}
            words = " + ".join(f"{program} {ms:.1f}" for program, ms in sorted(each.items()))
            yield Row(f"{name}-cpu", sum(each.values()), "ms", against=f"CPU a record: {words}")


def _from_outbox(site: Site, load: _Load, box_id: str) -> tuple[float, Spent]:
    """Records per second of an outbox that is full when its uplink begins."""
    box = site.enrolled(box_id)
    _fill(box, load)
    box.spawn()
    try:
        start = wait(lambda: _ready_at(box), _DEADLINE_S, "an uplink that is ready")
        spent = cpu_of_children()
        _await_receipts(site, box)
        seconds, spent = time.time() - start, cpu_of_children(spent)
    finally:
        box.stop()
    return load.count / seconds, spent


def _from_cstore(site: Site, load: _Load, box_id: str) -> tuple[float, Spent]:
    """Objects per second from the first association to the last receipt."""
    box = site.enrolled(box_id)
    with _running(box):
        send_prepared([_modality(site, box, load, "warm-up", 5)])
        _await_receipts(site, box)
        modalities = [
            _modality(site, box, load, str(number), load.count // ASSOCIATIONS)
            for number in range(ASSOCIATIONS)
        ]
        start, spent = time.perf_counter(), cpu_of_children()
        send_prepared(modalities)
        _await_receipts(site, box)
        seconds, spent = time.perf_counter() - start, cpu_of_children(spent)
    return load.count / seconds, spent


def _modality(site: Site, box: Box, load: _Load, name: str, count: int) -> Modality:
    salt = f"{box.box_id}-{name}"
    return Modality(
        box.port(SOURCE), write_variants(site.folder / salt, load.template, count, salt)
    )


@contextmanager
def _running(box: Box) -> Iterator[None]:
    box.start()
    try:
        yield
    finally:
        box.stop()


def _fill(box: Box, load: _Load) -> None:
    outbox = Outbox(box.data_dir, box.box_id, Identity.load(box.data_dir / "identity").signer)
    try:
        for evidence in variants(load.template, load.count, box.box_id):
            outbox.append(
                Draft(
                    source=SOURCE,
                    source_kind=SourceKind.DICOM_STORE,
                    captured_at=datetime.now(UTC),
                    evidence=evidence,
                    media_type="application/dicom",
                    transport={"calling_ae_title": "STORESCU", "called_ae_title": AE_TITLE},
                    reading=read_object(evidence),
                )
            )
    finally:
        outbox.close()


def _await_receipts(site: Site, box: Box) -> None:
    try:
        wait(lambda: box.waiting() == 0, _DEADLINE_S, f"all receipts of {box.box_id}")
    except SiteError as error:
        logs = f"{box.tail(2000)}\n{site.registry.tail(4000)}"
        raise SiteError(f"{error}: {box.waiting()} wait\n{logs}") from None


def _ready_at(box: Box) -> float:
    """When the uplink of a box became ready, as its log says; 0 as long as it is not."""
    if not box.is_running:
        raise SiteError(f"the box ended:\n{box.tail(2000)}")
    for line in box.log.read_text().splitlines():
        if '"uplink_state"' in line and line.endswith("}"):
            said = json.loads(line)
            if said["after"] == State.READY:
                return datetime.fromisoformat(said["at"]).timestamp()
    return 0.0
