"""`kill -9` of a box while its dosimeter measures: no dose lost, none twice, none negative.

A simulated DIAMENTOR counts on, whatever becomes of the box. Its plan is the truth; what the box
has in its outbox at the end must add up to it, and what once was there must still be there.
"""

import re
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Final

from dosebook_edge.folder import IDENTITY
from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox import Outbox
from dosebook_edge.outbox.schema import connect
from dosebook_edge.simulate.instrument.lines import TcpLine
from dosebook_edge.simulate.instrument.plan import Pace, Plan, make_plan
from dosebook_edge.simulate.instrument.profile import load, shipped
from dosebook_edge.simulate.instrument.stage import playing
from dosebook_protocol.cose import verify
from dosebook_protocol.record import Record
from dosebook_protocol.wire import decode_record, split_record_message
from tools.faults import crash
from tools.faults.ledger import Ledger, outbox_problems
from tools.faults.nursery import MortalBox, Nursery
from tools.faults.scenario import Size
from tools.site.program import SiteError, wait

PROFILE: Final = "ptw-diamentor"
SOURCE: Final = "dap"
_PACE: Final = Pace(shortest_s=0.5, longest_s=1.5, pause_s=1.2)
_IDLE_S: Final = 1
_QUICK: Final = {
    "settle_s = 0.2 ": "settle_s = 0.0 ",
    "every_s = 2 ": "every_s = 0.1 ",
    "every_active_s = 0.5 ": "every_active_s = 0.05 ",
}
_FROM_CENTI: Final = Decimal("0.01")  # cGy·cm² in Gy·cm²
_SHOWS: Final = re.compile(r"shows ([0-9.]+) ")
_EXPOSURES_A_KILL: Final = 1.2
_PATIENCE_S: Final = 30.0


@dataclass(frozen=True, slots=True)
class _Kill:
    """Some seconds after the box is ready, or at a point of its way, whichever comes first."""

    after_s: float
    point: str
    call: int

    @property
    def armed(self) -> tuple[str, int] | None:
        """Where the box dies by itself."""
        return (self.point, self.call) if self.point else None


class _Clock:
    """The time of the plan, which begins once the box has heard the instrument."""

    def __init__(self) -> None:
        self._began: float | None = None

    def __call__(self) -> float:
        return 0.0 if self._began is None else time.monotonic() - self._began

    def start(self) -> None:
        """The plan begins."""
        self._began = time.monotonic()


def kill_measuring(folder: Path, size: Size) -> Ledger:
    """Kill the box at seeded moments and points while exposures go on."""
    ledger = Ledger()
    rng = size.rng("kill-measuring")
    profile = _quick_profile(folder)
    simulated = load(str(profile))
    kills = list(_kills(rng, size.kills))
    exposures = round(size.kills * _EXPOSURES_A_KILL) + 2
    plan = make_plan(simulated, f"{size.seed}", exposures, (), _PACE)
    line = TcpLine("127.0.0.1", 0)
    line.plug()
    clock = _Clock()
    with Nursery() as nursery, playing(simulated, plan, line, seed=f"{size.seed}", clock=clock):
        box = MortalBox(folder / "box", "faults-1", (), settings=_settings(profile, line.address))
        box.nursery = nursery
        try:
            box.start()
            wait(lambda: _count(box, "instrument"), _PATIENCE_S, "the box knows the instrument")
            clock.start()
            confirmed, at_points = _kill_all(box, kills)
            time.sleep(max(0.0, plan.ended_s - clock()))
            total = sum(one.amount for one in plan.exposures)
            _wait_for_end(box, simulated.measure.start + total)
        finally:
            box.stop()
    _compare(ledger, box, plan, confirmed)
    ledger.say("kills", f"{len(kills)}, {at_points} of them at named points")
    return ledger


def _kills(rng: Random, count: int) -> Iterator[_Kill]:
    points = crash.points_of("measuring-box")
    for _ in range(count):
        point = rng.choice(points) if rng.random() < 0.5 else ""
        yield _Kill(rng.uniform(0.3, 2.5), point, rng.randint(1, 3))


def _kill_all(box: MortalBox, kills: list[_Kill]) -> tuple[dict[int, str], int]:
    """Carry out the kills; what was confirmed before each of them, and how many were at points."""
    confirmed: dict[int, str] = {}
    at_points = 0
    for number, kill in enumerate(kills):
        until = time.monotonic() + kill.after_s
        while box.is_running and time.monotonic() < until:
            time.sleep(0.02)
        at_points += not box.is_running
        confirmed |= _rows(box)
        box.kill()
        following = kills[number + 1] if number + 1 < len(kills) else None
        box.armed = following.armed if following else None
        try:
            box.start()
        except SiteError:
            if box.armed is None or box.is_running:
                raise
    return confirmed, at_points


def _wait_for_end(box: MortalBox, shown: Decimal) -> None:
    """Wait until the box has seen where the counter stands, and nothing goes on."""

    def is_over() -> bool:
        detail = str(box.outbox()["sources"][0]["detail"])
        found = _SHOWS.search(detail)
        return found is not None and Decimal(found[1]) == shown and "measures" not in detail

    wait(is_over, _PATIENCE_S, f"the box has seen {shown}, and it is over\n{box.tail(2000)}")


def _compare(ledger: Ledger, box: MortalBox, plan: Plan, confirmed: dict[int, str]) -> None:
    records = _records(box)
    events = [event for one in records for event in one.reading.events]
    values = [event.values[0].value for event in events]
    truth = sum(one.amount for one in plan.exposures) * _FROM_CENTI
    flagged = sum(bool(one.reading.deviations) for one in records)
    ledger.say("exposures, true dose", f"{len(plan.exposures)}, {truth} Gy.cm2")
    ledger.say("records, flagged incomplete", f"{len(records)}, {flagged}")
    found = sum(values)
    wrong = [] if found == truth else [f"the records add up to {found}, true are {truth}"]
    ledger.check("dose in the records", wrong, f"{found} Gy.cm2")
    ledger.check("negative or none", [str(one) for one in values if one <= 0], "none")
    uids = [event.uid for event in events]
    ledger.check("events told twice", [one for one in uids if uids.count(one) > 1], "none")
    rows = _rows(box)
    lost = [f"record {one} is gone" for one, name in confirmed.items() if rows.get(one) != name]
    ledger.check("confirmed before a kill and still there", lost, str(len(confirmed)))
    ledger.check("integrity_check", outbox_problems(box.data_dir / "outbox.db"), "ok")


def _count(box: MortalBox, table: str) -> int:
    with closing(connect(box.data_dir / "outbox.db", read_only=True)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0])  # noqa: S608


def _rows(box: MortalBox) -> dict[int, str]:
    database = box.data_dir / "outbox.db"
    if not database.exists():
        return {}
    with closing(connect(database, read_only=True)) as connection:
        return dict(connection.execute("SELECT sequence, record_id FROM record").fetchall())


def _records(box: MortalBox) -> list[Record]:
    identity = Identity.load(box.data_dir / IDENTITY)
    outbox = Outbox(box.data_dir, box.box_id, identity.signer)
    try:
        messages = [one.message for one in outbox.unacknowledged(0, 10**6, 10**9)]
    finally:
        outbox.close()
    key = identity.signer.public_key
    return [decode_record(verify(split_record_message(one)[0], key)) for one in messages]


def _quick_profile(folder: Path) -> Path:
    """A copy of the profile whose instrument is asked often, so that a run takes minutes."""
    text = shipped()[PROFILE].read_text()
    for slow, quick in _QUICK.items():
        assert slow in text, slow
        text = text.replace(slow, quick)
    path = folder / f"{PROFILE}.toml"
    path.write_text(text)
    return path


def _settings(profile: Path, address: str) -> str:
    return f"""
[uplink]
enabled = false

[[source]]
kind = "instrument"
name = "{SOURCE}"
profile = "{profile}"
address = "{address}"
idle = "{_IDLE_S}s"
"""
