"""`make demo`: a small hospital that stays up; with ONCE=1 it is verified and ends."""

import argparse
import secrets
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from sqlalchemy import create_engine

from tools.demo.hospital import Hospital, running, work
from tools.site.program import SiteError
from tools.site.truth import Compared, Comparison, compare
from tools.terminal import ROOT, say

BUILD: Final = ROOT / "build"
LOGIN: Final = "physicist"


def main(arguments: Sequence[str]) -> int:
    """Run the demo; 0 where every sent dose is in the registry exactly once."""
    parser = argparse.ArgumentParser(prog="make demo")
    parser.add_argument("--once", action="store_true", help="verify, print the table, end")
    once = parser.parse_args(arguments).once
    BUILD.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="demo-", dir=BUILD))
    say(f"making a registry, enrolling boxes, starting them in {folder.relative_to(ROOT)} …")
    try:
        with running(folder) as hospital:
            failed = _show(hospital, once=once)
    except SiteError:
        failed = 1
    if failed:
        say(f"logs and data are kept in {folder.relative_to(ROOT)}")
    else:
        shutil.rmtree(folder)
    return failed


def _show(hospital: Hospital, *, once: bool) -> int:
    password = secrets.token_urlsafe(9)
    hospital.add_user(LOGIN, "Demo Physicist", "physicist", password)
    comparison, proofs = _work(hospital)
    failed = 0 if comparison.is_exact and all(holds for _, holds in proofs) else 1
    if once:
        print(_table(comparison))
    say(_verdict(comparison))
    for sentence, _ in proofs:
        say(sentence)
    if once:
        return failed
    print(f"\n  {hospital.registry.url}\n  login     {LOGIN}\n  password  {password}\n")
    for box in hospital.boxes:
        ports = ", ".join(f"{name} {port}" for name, port in box.ready["sources"].items() if port)
        print(f"  box {box.box_id}: DICOM ports on 127.0.0.1: {ports}")
    print("\n  Ctrl-C ends the demo.", flush=True)
    _wait_for_interrupt()
    return failed


def _work(hospital: Hospital) -> tuple[Comparison, list[tuple[str, bool]]]:
    """Send everything, wait for the receipts, compare; what else is proved, and whether it is."""
    exams = list(work())
    start = time.monotonic()
    sent = 0
    for number, exam in enumerate(exams, start=1):
        sent += len(hospital.send(exam))
        if number % 20 == 0 or number == len(exams):
            say(f"{number} of {len(exams)} exams sent, {sent} objects")
    say("a fluoroscopy room works with a DAP meter on its box …")
    hospital.screen()
    exams.append(hospital.metered.exam)
    if hospital.scanner is None:
        say(f"left out, a CT whose doses are read from its console's screen: {hospital.no_screen}")
    else:
        say("a CT sends no report: a box reads its console's screen …")
        hospital.scan()
        exams.append(hospital.scanner.room.exam)
    records = hospital.wait_delivered()
    say(f"{records} records delivered and receipted in {time.monotonic() - start:.1f} s")
    data = hospital.registry.data_dir
    engine = create_engine(f"sqlite:///{data / 'registry.db'}")
    try:
        proofs = [hospital.metered.verdict(engine)]
        if hospital.scanner is not None:
            proofs.append(hospital.scanner.room.verdict(engine, data / "evidence"))
        return compare(engine, [exam.truth for exam in exams]), proofs
    finally:
        engine.dispose()


def _verdict(comparison: Comparison) -> str:
    wrong = sum(bool(one.problems) for one in comparison.exams)
    exams = len(comparison.exams)
    if comparison.is_exact:
        return f"all {exams} exams are in the registry, each dose exactly once, totals equal"
    return f"{wrong} of {exams} exams differ, {len(comparison.surplus)} surplus: see the table"


def _table(comparison: Comparison) -> str:
    rows = [_row(one) for one in comparison.exams]
    head = ("exam", "modality", "maker", "events sent/held", "dose as sent", "verdict")
    widths = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, tuple("-" * width for width in widths), *rows)
    ]
    return "\n".join([*lines, *comparison.surplus])


def _row(one: Compared) -> tuple[str, ...]:
    truth = one.truth
    doses = [
        f"{value.quantity}{_place(value.plane, value.side)} {value.value}"
        for value in truth.totals
        if value.quantity in {"dlp", "dose_area_product", "average_glandular_dose"}
        or value.quantity == "administered_activity"
    ]
    sent = "-" if truth.distinct_events is None else str(truth.distinct_events)
    return (
        truth.scenario,
        truth.modality,
        truth.vendor,
        f"{sent} / {one.held_events}",
        ", ".join(doses),
        "; ".join(one.problems) or "ok",
    )


def _place(plane: str | None, side: str | None) -> str:
    word = side or ("" if plane in {None, "single"} else f"plane {plane}")
    return f" ({word})" if word else ""


def _wait_for_interrupt() -> None:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        signal.pause()
    except KeyboardInterrupt:
        say("stopping …")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
