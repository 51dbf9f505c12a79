"""Instruments: a day of every profile with faults, and what eight at once cost a box."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dosebook_edge.capture.instrument.catalogue.loader import shipped
from dosebook_edge.capture.instrument.exposures.words import ENDINGS
from dosebook_edge.capture.instruments import InstrumentSources
from dosebook_edge.capture.room import Room
from dosebook_edge.clock import BoxClock
from dosebook_edge.config.instrument_source import InstrumentSourceSection
from dosebook_edge.outbox import Appended, Draft, Outbox, OutboxSettings
from dosebook_edge.simulate.instrument.lines import Line, PtyLine, PushLine, TcpLine
from dosebook_edge.simulate.instrument.plan import Pace, make_plan
from dosebook_edge.simulate.instrument.profile import load
from dosebook_edge.simulate.instrument.stage import playing
from dosebook_protocol.cose import Signer
from tools.bench.measure import percentile, scratch
from tools.bench.receivers import cpu_seconds
from tools.bench.row import Row
from tools.instruments.day import run_day
from tools.instruments.verdict import judge, table
from tools.site.box import Box
from tools.site.ports import free_port
from tools.site.program import wait

EIGHT: Final = (
    "ptw-multidos", "ptw-unidos-tango-romeo", "capintec-crc-35r", "veenstra-vik-202",
    "mirion-accurad", "sarad-modbus-rtu", "dap-line", "ludlum-375-network",
)  # fmt: skip
_LOCAL: Final = "127.0.0.1"
_PACE: Final = Pace(shortest_s=3.0, longest_s=3.0, pause_s=4.0)
_EXPOSURES: Final = 60
_PLAYED_S: Final = 70.0
_DEADLINE_S: Final = 60.0
_BY_A_BYTE: Final = frozenset({ENDINGS["state"], ENDINGS["settled"]})


def bench_instrument_day() -> Iterator[Row]:
    """50 exposures of every shipped profile with every fault, in simulated time."""
    verdicts = [judge(run_day(name, "1")) for name in shipped()]
    print(table(verdicts))
    yield Row("instrument-day-true", sum(one.true for one in verdicts), "events")
    yield Row("instrument-day-exact", sum(one.exact for one in verdicts), "events")
    explained = sum(one.incomplete + one.unseen for one in verdicts)
    yield Row("instrument-day-incomplete", explained, "events")
    yield Row("instrument-day-wrong", sum(len(one.wrong) for one in verdicts), "events", aim="<= 0")


def bench_eight_instruments_box() -> Iterator[Row]:
    """CPU and memory of a box that reads eight instruments at once, over real lines."""
    with scratch() as folder, contextlib.ExitStack() as stack:
        sections = _plugged(folder, stack)
        box = Box(
            folder / "box",
            "bench-box",
            (),
            settings="[uplink]\nenabled = false\n" + "".join(map(_toml, sections)),
        )
        box.start()
        stack.callback(box.stop)
        wait(lambda: _heard(box) == len(EIGHT), _DEADLINE_S, "eight instruments heard")
        start, before = time.monotonic(), cpu_seconds(box.pid)
        threading.Event().wait(_PLAYED_S / 2)
        spent = cpu_seconds(box.pid) - before
        share = 100 * spent / (time.monotonic() - start)
        stored = len(box.records("--limit", "500"))
        yield Row("instruments-8-cpu", share, "%", against=f"of one core, {stored} records")
        yield Row("instruments-8-rss", _resident_mb(box.pid), "MB", aim="<= 120")


def bench_eight_instruments_latency() -> Iterator[Row]:
    """From the last byte of an instrument to the commit in the outbox, eight at once."""
    waits: list[float] = []
    with scratch() as folder, contextlib.ExitStack() as stack:
        lines: dict[str, _Timed] = {}
        sections = _plugged(folder, stack, lines)
        outbox = _TimedOutbox(folder / "data", lines, waits)
        stack.callback(outbox.close)
        sources = InstrumentSources("bench-box", outbox, BoxClock(), Room())
        for section in sections:
            source = sources.of(section)
            source.start()
            stack.callback(source.stop)
        threading.Event().wait(_PLAYED_S)
    ms = [1000 * one for one in waits]
    yield Row("instruments-8-latency-p50", percentile(ms, 50), "ms", against=f"{len(ms)} records")
    yield Row(
        "instruments-8-latency-p95",
        percentile(ms, 95),
        "ms",
        against=f"{len(ms)} records, last byte on the line to commit",
        aim="<= 200",
    )


class _Timed:
    """A line that remembers when it sent last."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self.sent_at = 0.0
        self.plug, self.unplug = line.plug, line.unplug
        self.is_open, self.read = line.is_open, line.read

    @property
    def address(self) -> str:
        """As of the line."""
        return self._line.address

    def write(self, data: bytes) -> None:
        """Send and remember."""
        self._line.write(data)
        self.sent_at = time.monotonic()


class _TimedOutbox(Outbox):
    """An outbox that measures the time since the last byte, where that byte made the record.

    What time alone has ended is not counted.
    """

    def __init__(self, folder: Path, lines: dict[str, _Timed], waits: list[float]) -> None:
        signer = Signer(Ed25519PrivateKey.generate(), "bench-box")
        folder.mkdir()
        super().__init__(folder, "bench-box", signer, OutboxSettings())
        self._lines, self._waits = lines, waits

    def append(
        self, draft: Draft, also: Callable[[sqlite3.Connection], None] | None = None
    ) -> Appended:
        """Append, and note how long ago the instrument's last byte left."""
        record = super().append(draft, also)
        ended = {item.text for item in draft.reading.items if item.name == "exposure_end"}
        if ended & _BY_A_BYTE:
            self._waits.append(time.monotonic() - self._lines[draft.source].sent_at)
        return record


def _plugged(
    folder: Path, stack: contextlib.ExitStack, lines: dict[str, _Timed] | None = None
) -> list[InstrumentSourceSection]:
    """Play the eight, each on a line of its own; the sections by which a box reads them."""
    sections = []
    for name in EIGHT:
        profile = load(name)
        line: Line = _line(folder, name, profile.engine, str(profile.transport["kind"]))
        if lines is not None:
            line = lines[name] = _Timed(line)
        plan = make_plan(profile, f"bench:{name}", _EXPOSURES, (), _PACE)
        stack.enter_context(playing(profile, plan, line))
        sections.append(
            InstrumentSourceSection(
                name=name,
                kind="instrument",
                profile=name,
                address=line.address,
                allowed_peers=(_LOCAL,) if profile.engine == "push" else (),
                serial_number="bench",
                idle="2s",
            )
        )
    return sections


def _line(folder: Path, name: str, engine: str, kind: str) -> Line:
    if engine == "push":
        return PushLine(_LOCAL, free_port())
    return PtyLine(folder / name) if kind == "serial" else TcpLine(_LOCAL, 0)


def _toml(section: InstrumentSourceSection) -> str:
    keys = ("name", "kind", "profile", "address", "serial_number")
    lines = [f'{key} = "{getattr(section, key)}"' for key in keys]
    peers = ", ".join(f'"{one}"' for one in section.allowed_peers)
    return "\n".join(["[[source]]", *lines, f"allowed_peers = [{peers}]", 'idle = "2s"', "", ""])


def _heard(box: Box) -> int:
    """How many sources are heard, by the box's own word; started at `box`'s next tick."""
    sources = box.outbox()["sources"]
    return sum(one["state"] == "listening" for one in sources)


def _resident_mb(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(one.split()[1]) * 1024 / 1e6 for one in lines if one.startswith("VmRSS"))
