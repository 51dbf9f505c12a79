"""The parts that benches are made of, and that every case can be found and is documented."""

import re
import subprocess
import sys

import pytest

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome
from tests.support.tree import ROOT
from tools.bench import measure, objects
from tools.bench.__main__ import cases
from tools.bench.row import Row

CASES = list(cases())


def test_every_case_has_its_own_name():
    """ONLY=name chooses one case: names differ, and no two modules hide one another."""
    names = [name for _, name, _ in CASES]
    assert len(names) == len(set(names))
    modules = {module for module, _, _ in CASES}
    assert modules == {
        "reader", "cstore", "outbox", "flow", "history", "derivation", "population", "box",
        "instruments",
    }  # fmt: skip


def test_every_case_is_documented():
    """The page about benches names each module of cases, and each case tells what it does."""
    page = (ROOT / "docs/reference/bench.md").read_text()
    for module, name, case in CASES:
        assert case.__doc__, name
        assert f"`{module}`" in page


def test_every_aim_can_be_judged():
    """Each aim that stands in a case is a comparison that a row understands."""
    found = []
    for file in sorted((ROOT / "tools/bench").glob("bench_*.py")):
        found += re.findall(r'"([<>]=? [\d.]+)"', file.read_text())
    assert set(found) == {
        "<= 0.25", ">= 3", ">= 0.7", ">= 100", ">= 40", "< 100", "<= 120", "<= 15",
        ">= 2000", "< 10", "< 1000", "<= 0", "<= 200",
    }  # fmt: skip
    for aim in found:
        assert Row("x", 1.0, "ms", aim=aim).met is not None


def test_in_turns_takes_the_median_of_each():
    """One slow repetition does not count, and every piece of work runs in each repetition."""
    ticks = iter([0, 1, 1, 3, 3, 5, 5, 6, 6, 106, 106, 108])
    done = []
    medians = measure.in_turns(
        [lambda: done.append("a"), lambda: done.append("b")],
        repeats=3,
        clock=lambda: float(next(ticks)),
    )
    assert medians == [1.0, 2.0]
    assert done == ["a", "b", "b", "a", "a", "b"]


@pytest.mark.parametrize(("percent", "expected"), [(50, 50.0), (95, 95.0), (100, 100.0), (1, 1.0)])
def test_percentile_is_one_of_the_values(percent, expected):
    """Percentiles are by nearest rank."""
    assert measure.percentile([float(n) for n in range(100, 0, -1)], percent) == expected


def test_percentile_of_few_values_is_the_worst():
    """The 95th percentile of ten values is the largest one, not an estimate below it."""
    assert measure.percentile([1.0] * 9 + [500.0], 95) == 500.0


def test_variants_are_other_exams_that_cost_the_same():
    """Each variant reads as another study of another patient, with as many bytes and events."""
    template = objects.ct_report()
    read = [read_object(data) for data in (template, *objects.variants(template, 3, "test"))]
    assert {one.outcome for one in read} == {Outcome.READ}
    assert len({one.study.uid for one in read}) == 4
    assert len({one.patient.id for one in read}) == 4
    assert len({one.sop_instance_uid for one in read}) == 4
    assert len({event.uid for one in read for event in one.events}) == 4 * len(read[0].events)
    assert len({one.equipment.device_uid for one in read}) == 1
    assert {len(data) for data in objects.variants(template, 3, "test")} == {len(template)}
    assert list(objects.variants(template, 2, "a")) == list(objects.variants(template, 2, "a"))


def test_cpu_of_children_counts_what_they_spent_since():
    """A child's CPU time is counted by its program's name, and what was before is left out."""
    code = "import sys\nsys.stdin.readline()\nsum(range(3_000_000))\nprint(1)\nsys.stdin.readline()"
    with subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as child:
        before = measure.cpu_of_children()
        child.stdin.write("\n")
        child.stdin.flush()
        assert child.stdout.readline() == "1\n"
        spent = measure.cpu_of_children(before)
        child.communicate("\n")
    assert max(spent.values()) > 0
    assert all(seconds >= 0 for seconds in spent.values())


def test_scratch_is_gone_after_a_failure():
    """A case that breaks leaves no files behind."""
    made = []

    def breaks():
        with measure.scratch() as folder:
            made.append(folder)
            (folder / "file").write_text("x")
            raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        breaks()
    assert not made[0].exists()
