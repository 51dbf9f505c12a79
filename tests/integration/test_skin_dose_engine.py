"""The skin dose engine in a process of its own: equal to PySkinDose, and ended well."""

import os
import signal
from dataclasses import replace
from decimal import Decimal

import pytest

from dosebook_central.dosimetry.skin_dose import runner as runners
from dosebook_central.dosimetry.skin_dose.model import Refusal, Request
from dosebook_central.dosimetry.skin_dose.result import conclude
from dosebook_central.dosimetry.skin_dose.runner import (
    ComputationError,
    Runner,
    StoppedError,
    engine_version,
)
from dosebook_central.dosimetry.skin_dose.skin_map import cells_of, side_of
from dosebook_protocol.reading import Plane
from tests.support.pyskindose_own import example, own_dose
from tests.support.skin_dose import ask, beam_event, prepared

# The engine is polite: beside other work its process may wait for most of a minute.
pytestmark = pytest.mark.timeout(240)


def go_on(_):
    """Hear of progress and let it go on."""
    return True


def computed(request):
    """The dose of every cell, row by row, and the events that hit."""
    done = Runner().run(request, go_on)
    return [dose for row in done.rows for dose in row], done.hitting


def assert_equal(ours, own):
    """The same dose in every cell, to a billionth of the peak."""
    assert len(ours) == len(own)
    assert max(own) > 0
    assert max(abs(a - b) for a, b in zip(ours, own, strict=True)) <= 1e-9 * max(own)


@pytest.mark.parametrize(
    ("name", "peak"),
    [
        ("siemens_axiom_example_procedure", 12.721090618623858),
        ("siemens_axiom_artis", 1.3020214659058027),
    ],
)
def test_r23_dose_equals_pyskindose_in_every_cell(name, peak):
    """R23: each cell, and so the peak, is what PySkinDose itself gives for its own examples."""
    request = prepared(example(name))
    assert isinstance(request, Request)
    done = Runner().run(request, go_on)
    ours = [dose for row in done.rows for dose in row]
    assert_equal(ours, own_dose(example(name), [beam.event for beam in request.beams]))
    assert max(ours) == pytest.approx(peak, rel=1e-12)
    result = conclude(request, done, "digest")
    assert float(result.peak_mgy) == pytest.approx(peak, rel=1e-3)


@pytest.mark.parametrize(
    ("name", "offset"),
    [("philips_allura_clarity_u104", 30), ("philips_allura_clarity_u601", 30)],
)
def test_r23_philips_equals_pyskindose_where_the_phantom_is_met(name, offset):
    """R23: Philips' coordinates are PySkinDose's too, on a phantom moved into the beam.

    Fields under 5 cm are left out on both sides: where fewer than four cells are hit PySkinDose
    fails, or takes distances along the wrong axis.
    """
    request = prepared(example(name))
    assert isinstance(request, Request)
    wide = [beam for beam in request.beams if min(_field(beam)) >= 5]
    moved = replace(request.cylinder, head_offset_cm=float(offset))
    ours, _ = computed(replace(request, beams=tuple(wide), cylinder=moved))
    assert_equal(ours, own_dose(example(name), [beam.event for beam in wide], offset))


def _field(beam):
    return beam.field_lateral_cm, beam.field_longitudinal_cm


def test_peak_of_zero_is_a_refusal_that_says_the_beam_missed():
    """A procedure whose beams all pass beside the phantom has no peak skin dose, not one of 0."""
    request = prepared(example("philips_allura_clarity_u104"))
    refusal = conclude(request, Runner().run(request, go_on), "digest")
    assert isinstance(refusal, Refusal)
    assert refusal.code == "beam-missed"
    assert "missed the phantom" in refusal.reason
    assert {one.event for one in refusal.unused} == {beam.event for beam in request.beams}


def test_events_that_hit_no_cell_are_listed_and_too_many_are_a_refusal():
    """Narrow beams that fall between cells are not on the map: under half of the Ka,r refuses."""
    request = prepared(example("philips_allura_clarity_u601"))
    refusal = conclude(request, Runner().run(request, go_on), "digest")
    assert isinstance(refusal, Refusal)
    assert "met no cell" in refusal.reason
    assert "%" in refusal.reason


def test_order_of_events_does_not_change_the_peak():
    """Property: the same beams in another order give the same dose in every cell."""
    beams = ask(
        beam_event(1),
        beam_event(2, dose_rp=20, positioner_primary_angle=30, distance_source_to_detector=1200),
        beam_event(3, dose_rp=5, distance_source_to_detector=1200, kvp=70),
    )
    assert isinstance(beams, Request)
    first, second, third = beams.beams
    orders = (first, second, third), (third, second, first), (second, third, first)
    doses = [computed(replace(beams, beams=order))[0] for order in orders]
    for other in doses[1:]:
        assert_equal(other, doses[0])


def test_p16_two_planes_are_one_map_by_position_and_never_a_sum():
    """P16: planes that hit different skin give two fields on one map; the peak is not their sum."""
    frontal = beam_event(1, plane=Plane.A, dose_rp=100)
    lateral = beam_event(2, plane=Plane.B, dose_rp=80, positioner_primary_angle=90)
    both = ask(frontal, lateral)
    peaks = {}
    for name, request in (("a", ask(frontal)), ("b", ask(lateral)), ("both", both)):
        result = conclude(request, Runner().run(request, go_on), name)
        peaks[name] = result.peak_mgy
        if name == "both":
            cells = cells_of(result.map)
            sides = {side_of(result.map, i % result.map.columns) for i, c in enumerate(cells) if c}
            assert {"back", "right"} <= sides
            assert result.events == (1, 2)
            said = {one.topic: one.text for one in result.assumptions}
            assert "both planes" in said["Planes"]
    assert peaks["both"] == max(peaks["a"], peaks["b"])


def test_overlapping_beams_add_up_where_they_overlap():
    """Two equal events through the same skin give twice the dose of one, exactly."""
    once, _ = computed(ask(beam_event(1)))
    twice, _ = computed(ask(beam_event(1), beam_event(2)))
    assert max(twice) == pytest.approx(2 * max(once), rel=1e-12)


def test_progress_is_told_and_saying_no_ends_the_child():
    """Each event is told; the first refusal to go on ends the computation as stopped."""
    request = prepared(example("siemens_axiom_artis"))
    seen = []
    Runner().run(request, lambda done: (seen.append(done), True)[1])
    assert seen == list(range(1, len(request.beams) + 1))
    with pytest.raises(StoppedError):
        Runner().run(request, lambda done: done < 3)


def test_a_killed_child_is_an_error_in_words(monkeypatch):
    """A child that is killed, for memory perhaps, is a failure that names how it ended."""
    request = prepared(example("siemens_axiom_artis"))
    runner = Runner()

    def kill(_):
        os.kill(runner._child.pid, signal.SIGKILL)
        return True

    with pytest.raises(ComputationError, match="ended with -9"):
        runner.run(request, kill)


def test_a_computation_that_takes_too_long_is_ended():
    """The time limit ends the child and says so."""
    request = prepared(example("siemens_axiom_artis"))
    with pytest.raises(ComputationError, match="not done after"):
        Runner(time_limit_s=0.05).run(request, go_on)


def test_stop_ends_the_child_and_every_later_one():
    """A registry that stops does not wait for a map."""
    runner = Runner()
    request = prepared(example("siemens_axiom_artis"))

    def stop(_):
        runner.stop()
        return True

    with pytest.raises(StoppedError):
        runner.run(request, stop)
    with pytest.raises(StoppedError):
        runner.run(request, go_on)


def test_what_pyskindose_cannot_look_up_is_an_error_in_words():
    """A failure inside the engine is told with its own words, not as a dose."""
    request = ask(beam_event(1))
    broken = replace(request, beams=(replace(request.beams[0], copper_mm=0.55),))
    with pytest.raises(ComputationError, match="pyskindose failed"):
        Runner().run(broken, go_on)


def test_every_covered_filter_and_voltage_has_its_half_value_layer():
    """P19: what the safelist calls covered is in PySkinDose's table, at both ends of the range."""
    request = ask(beam_event(1))
    beams = []
    for layers in (
        ("0", "0"),
        ("0.1", "0"),
        ("0.9", "0"),
        ("0.1", "1"),
        ("0.4", "1"),
        ("0.9", "1"),
    ):
        copper, aluminium = (float(Decimal(text)) for text in layers)
        beams += [
            replace(request.beams[0], copper_mm=copper, aluminium_mm=aluminium, kvp=kvp)
            for kvp in (50.0, 150.0)
        ]
    _, hitting = computed(replace(request, beams=tuple(beams)))
    assert len(hitting) == len(beams)


def test_engine_names_its_version_and_absence(monkeypatch):
    """The version of PySkinDose is that of the installed package, "" where there is none."""
    assert engine_version().startswith("pyskindose ")
    monkeypatch.setattr(runners, "ENGINE", "no-such-package")
    assert engine_version() == ""
