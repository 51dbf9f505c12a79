"""`make demo ONCE=1`: a small hospital over the real interfaces, verified (Show 1)."""

import re
import subprocess
import sys

import pytest


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_demo_verifies_itself(repository):
    """Every exam of the demo's table is held exactly once with its totals; it exits with 0.

    The exposures of the DAP meter corroborate the report of the same exam: one dose (P7). The
    doses of the CT that sends no report are those of its console's screen, with their pictures.
    """
    command = [sys.executable, "-m", "tools.demo", "--once"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, timeout=280, cwd=repository
    )
    assert done.returncode == 0, f"{done.stdout[-4000:]}{done.stderr[-2000:]}"
    lines = done.stdout.splitlines()
    (first,) = (number for number, line in enumerate(lines) if re.fullmatch(r"[- ]+", line))
    rows = [line for line in lines[first + 1 :] if "  " in line and " / " in line]
    assert len(rows) > 20
    assert [row for row in rows if not row.endswith("  ok")] == []
    (said,) = re.findall(r"all (\d+) exams are in the registry", done.stdout + done.stderr)
    assert int(said) == len(rows)
    measured = r"DAP meter: 4 exposures of ([0-9.]+) Gy·cm² beside a report of \1 Gy·cm²: one dose"
    assert re.search(measured, done.stdout + done.stderr)
    (page,) = (row for row in rows if row.startswith("ct-page "))
    (events, dlp) = re.search(r" - / (\d+) +dlp ([0-9.]+) +ok$", page).groups()
    read = f"console screen: {events} irradiations and a DLP of {dlp} mGy·cm read from its page"
    assert f"{read}: what it showed, each with its picture" in done.stdout
