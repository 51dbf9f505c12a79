"""One acquisition with several orders: which event answers which, and parts that add up (P10)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.exam import Order
from dosebook_central.domain.orders import SHARED, Additive, assign, numbers_of, split
from dosebook_central.domain.reconcile import reconcile
from dosebook_protocol.reading import CodedItem, EventKind
from tests.support.readings import event, evidence, reading, step, total

DLP = Additive("dlp", "32cm")
TWO = (Order("A1"), Order("A2"))
_NUMBERS = st.sampled_from([SHARED, "A1", "A2", "A3"])
_DOSES = st.none() | st.decimals(0, 9999, places=3)


def ct(uid, dlp, **fields):
    """A CT event with a DLP in the body phantom."""
    return event(uid, dlp=dlp, phantom="32cm", **fields)


def report(accession, *events, uid="1.2.3", requested="", **fields):
    """A dose report under an accession number."""
    read = reading(uid=uid, accession=accession, events=events, **fields)
    return replace(read, study=replace(read.study, requested_procedure=requested))


def exam_of(*readings):
    """The one exam of some readings."""
    (exam,) = reconcile([evidence(one) for one in readings])
    return exam


def by_rule(orders, uids, fits=None, decisions=None):
    """Number and rule of each event."""
    assigned = assign(orders, uids, fits or {}, decisions or {})
    return {one.uid: (one.number, one.rule) for one in assigned}


def test_p10_an_exam_with_one_order_has_nothing_to_split():
    """One accession number, however often named, gives no orders."""
    exam = exam_of(report("A1", ct("1", 10)), report("A1", ct("2", 20), uid="1.2.4"))
    assert exam.summary.orders == ()


def test_p10_the_smallest_object_that_states_an_event_names_its_order():
    """A report of all under A1 and one of event 2 under A2: event 2 is A2's, the rest A1's."""
    exam = exam_of(
        report("A1", ct("1", 10), ct("2", 20), ct("3", 30)),
        report("A2", ct("2", 20), uid="1.2.4"),
    )
    assert exam.summary.accession_numbers == ("A1", "A2")
    found = by_rule(exam.summary.orders, [one.uid for one in exam.events])
    assert found == {"1": ("A1", "object"), "2": ("A2", "object"), "3": ("A1", "object")}


def test_p10_two_objects_of_one_size_and_two_orders_leave_an_event_open():
    """Where two equal reports name an event under different orders, neither wins silently."""
    exam = exam_of(
        report("A1", ct("1", 10), ct("2", 20)), report("A2", ct("1", 10), ct("3", 5), uid="1.2.4")
    )
    found = by_rule(exam.summary.orders, ["1", "2", "3"])
    assert found == {"1": (SHARED, "none"), "2": ("A1", "object"), "3": ("A2", "object")}


def test_p10_a_report_of_everything_does_not_give_everything_to_its_order():
    """The pitfall itself: the report names A1, the console's step A1 and A2; regions decide."""
    scheduled = [
        CodedItem(name, text=text, path=f"(0040,0270)[{place}]/{name}")
        for place, (number, words) in enumerate((("A1", "CT head"), ("A2", "CT chest")), 1)
        for name, text in (("scheduled_accession_number", number), ("requested_procedure", words))
    ]
    mpps = reading("mpps", uid="1.7", step=step(), performed_step_uid="1.7", items=tuple(scheduled))
    exam = exam_of(report("A1", ct("1", 10), ct("2", 20), ct("3", 30)), mpps)
    orders = exam.summary.orders
    assert [(one.number, one.texts, one.event_uids) for one in orders] == [
        ("A1", ("CT head",), ()),
        ("A2", ("CT chest",), ()),
    ]
    fits = {"A1": {"1", "3"}, "A2": {"2", "3"}}
    found = by_rule(orders, ["1", "2", "3"], fits)
    assert found == {"1": ("A1", "region"), "2": ("A2", "region"), "3": (SHARED, "none")}


def test_p10_an_order_without_words_leaves_the_regions_without_effect():
    """Where one order says no region, an event may be its own: nothing is guessed."""
    assert by_rule(TWO, ["1"], {"A1": {"1"}, "A2": None}) == {"1": (SHARED, "none")}


def test_p10_a_person_decides_before_every_rule():
    """A decision goes before object and region; one for a number that is gone is passed over."""
    orders = (Order("A1", event_uids=("1", "2", "3")), Order("A2"))
    decisions = {"1": "A2", "2": SHARED, "3": "A9"}
    assert by_rule(orders, ["1", "2", "3"], decisions=decisions) == {
        "1": ("A2", "decision"),
        "2": (SHARED, "decision"),
        "3": ("A1", "object"),
    }


def test_p09_numbers_of_all_scheduled_steps_count():
    """P9: an MPPS that answers three requests names three accession numbers, each once."""
    items = [
        CodedItem("scheduled_accession_number", text=text, path=f"(0040,0270)[{n}]/x")
        for n, text in enumerate(("A1", "A2", " A1 ", "A3"), 1)
    ]
    assert numbers_of(reading("mpps", accession="A1", items=tuple(items))) == ("A1", "A2", "A3")


def test_p12_doses_of_two_phantoms_stay_two_columns():
    """P12: parts are split within each phantom; a total over both is that of neither."""
    exam = exam_of(
        report(
            "A1",
            event("1", dlp=100, phantom="16cm"),
            ct("2", 300),
            totals=[total("dlp", 400)],
        ),
        report("A2", ct("2", 300), uid="1.2.4"),
    )
    doses = {one.uid: {Additive("dlp", one.phantom): one.dlp_mgy_cm} for one in exam.events}
    orders = exam.summary.orders
    found = split(
        orders,
        assign(orders, list(doses), {}, {}),
        doses,
        [part.values for part in exam.summary.parts],
    )
    assert found.totals == {Additive("dlp", "16cm"): 100, DLP: 300}
    assert found.rest == {}
    assert [dict(part.values) for part in found.parts[:2]] == [
        {Additive("dlp", "16cm"): 100},
        {DLP: 300},
    ]


def test_p10_the_rounding_of_a_stated_total_is_its_own_line():
    """A report that totals 31 of events of 30.4 keeps 31: 0.6 stands in no event."""
    exam = exam_of(
        report("A1", ct("1", "10.2"), ct("2", "20.2"), totals=[total("dlp", 31, phantom="32cm")]),
        report("A2", uid="1.2.4", step=step(), requested="CT chest"),
    )
    doses = {one.uid: {DLP: one.dlp_mgy_cm} for one in exam.events}
    orders = exam.summary.orders
    parts = split(
        orders, assign(orders, ["1", "2"], {}, {}), doses, [p.values for p in exam.summary.parts]
    )
    assert parts.totals == {DLP: Decimal(31)}
    assert parts.rest == {DLP: Decimal("0.6")}


@given(
    st.lists(st.tuples(_DOSES, st.sampled_from(["16cm", "32cm"]), _NUMBERS), max_size=12),
    st.none() | st.decimals(0, 99999, places=2),
)
def test_p10_parts_of_orders_add_up_to_the_exam_exactly(events, stated):
    """Whatever is assigned or decided, parts and rest are the exam's total to the last digit."""
    listed = [
        event(str(number), dlp=dlp, phantom=phantom)
        if dlp is not None
        else event(str(number), phantom=phantom)
        for number, (dlp, phantom, _) in enumerate(events)
    ]
    totals = [total("dlp", str(stated))] if stated is not None and listed else []
    exams = reconcile([evidence(reading(events=listed, totals=totals))])
    counted = [one for exam in exams for one in exam.events]
    measures = [part.values for exam in exams for part in exam.summary.parts]
    doses = {
        one.uid: {Additive("dlp", one.phantom): one.dlp_mgy_cm}
        for one in counted
        if one.dlp_mgy_cm is not None
    }
    decisions = {str(number): wanted for number, (_, _, wanted) in enumerate(events)}
    uids = [one.uid for one in counted]
    assigned = assign(TWO, uids, {}, decisions)
    found = split(TWO, assigned, doses, measures)

    assert sorted(uid for part in found.parts for uid in part.uids) == sorted(uids)
    for key, whole in found.totals.items():
        added = sum(part.values.get(key, Decimal(0)) for part in found.parts)
        assert added + found.rest.get(key, Decimal(0)) == whole
    shown = [one for values in measures for one in values if one.quantity == "dlp"]
    if len(shown) == 1 and found.totals:
        assert sum(found.totals.values()) == shown[0].value


@pytest.mark.parametrize("kind", [EventKind.PROJECTION, EventKind.MAMMOGRAPHY])
def test_p09_orders_change_no_dose_of_the_exam(kind):
    """P9: an event under two orders counts once in the exam."""
    quantity = {
        EventKind.PROJECTION: "dose_area_product",
        EventKind.MAMMOGRAPHY: "average_glandular_dose",
    }[kind]
    one = event("1", kind, side="left", **{quantity: "2.5"})
    exam = exam_of(report("A1", one), report("A2", one, uid="1.2.4"))
    assert len(exam.events) == 1
    assert exam.summary.accession_numbers == ("A1", "A2")
    found = exam.dose_area_product_gy_cm2 or exam.agd_left_mgy
    assert found == Decimal("2.5")
