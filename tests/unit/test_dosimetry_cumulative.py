"""Shares of doses by region, and sums with bounds: exact, never mixed, order-free (P12)."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.anatomy_tables import atlas
from dosebook_central.dosimetry.cumulative import region_shares
from dosebook_central.dosimetry.inputs import Concept
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import view
from dosebook_central.dosimetry.sums import add_up
from dosebook_central.dosimetry.values import DerivedValue, Interval, Method, Place
from dosebook_protocol.reading import EventKind, Plane
from tests.support.exams import context_of, ct_of, event, exam, total

PARTS = view(shipped(), atlas).parts


def _shares(of, values=None):
    derived = ct_of(of).values if values is None else values
    return region_shares(of, derived, context_of(of).regions, shipped())


def _by_region(shares, quantity):
    return {one.region: one.value for one in shares if one.quantity == quantity}


def _effective(value, event_ordinal=0, region="", interval=None, label="", *, headline=True):
    return DerivedValue(
        "effective_dose",
        Decimal(value),
        "mSv",
        Method("kap-factor", "", "1", ""),
        Place(event_ordinal, region=region),
        interval,
        label,
        is_headline=headline and not event_ordinal,
    )


def test_composite_is_split_in_equal_parts_and_the_last_takes_the_rest():
    """100 mGy·cm over chest, abdomen and pelvis: two equal parts and the rest (ADR 0017)."""
    shares = _shares(exam(event(region="chest_abdomen_pelvis", dlp=100)))
    dlp = {one.region: one for one in shares if one.quantity == "dlp"}

    assert {region: one.value for region, one in dlp.items()} == {
        "chest": Decimal("33.33333333"),
        "abdomen": Decimal("33.33333333"),
        "pelvis": Decimal("33.33333334"),
    }
    assert all(one.is_split and one.events == (1,) for one in dlp.values())
    assert all(one.phantom == "32cm" for one in dlp.values())


def test_unmapped_and_whole_body_are_never_spread():
    """What has no region, or all of them, is a line of its own."""
    shares = _shares(exam(event(1, "", dlp=70), event(2, "whole_body", dlp=30)))

    assert _by_region(shares, "dlp") == {"unmapped": 70, "whole_body": 30}
    assert not any(one.is_split for one in shares)


def test_dlp_of_two_phantoms_stays_apart():
    """One region scanned in both phantoms has two shares, which nothing adds (P12)."""
    shares = _shares(
        exam(event(1, "chest", dlp=50, phantom="16cm"), event(2, "chest", dlp=20, phantom="32cm"))
    )

    assert [(one.phantom, one.value) for one in shares if one.quantity == "dlp"] == [
        ("16cm", 50),
        ("32cm", 20),
    ]


def test_effective_dose_of_events_counts_once_and_their_sum_not_again():
    """The exam's sum names no region, so the regions hold the events' doses only."""
    shares = _shares(exam(event(1, "head", dlp=1000), event(2, "chest", dlp=400)))

    assert _by_region(shares, "effective_dose") == {
        "head": Decimal("2.1"),
        "chest": Decimal("5.6"),
    }
    (chest,) = [one for one in shares if (one.region, one.quantity) == ("chest", "effective_dose")]
    assert (chest.low, chest.high) == (Decimal("5.6"), Decimal("8.4"))


def test_effective_dose_of_a_whole_part_counts_at_its_region():
    """A dose from the total KAP, or a typical value, belongs to the region that it names."""
    of = exam(event(kind=EventKind.PROJECTION), modality="XA")
    bounds = Interval(Decimal(4), Decimal(9), "x")
    values = [
        _effective("6.6", region="heart", interval=bounds),
        _effective("3", label="as the object states it", event_ordinal=1),
        _effective("2", region="chest", label="of some events only", headline=False),
    ]
    (share,) = _shares(of, values)

    assert (share.region, share.value, share.low, share.high) == ("heart", Decimal("6.6"), 4, 9)
    assert share.events == ()


def test_glandular_dose_stays_with_its_breast():
    """AGD is shared per side and never added over breasts (P3); a specimen view is nobody's."""
    views = [
        event(n, kind=EventKind.MAMMOGRAPHY, side=side, average_glandular_dose=dose, protocol=name)
        for n, (side, dose, name) in enumerate(
            [
                ("left", "1.2", ""),
                ("left", "1.3", ""),
                ("right", "1.1", ""),
                ("left", 9, "SPECIMEN"),
            ],
            1,
        )
    ]
    shares = _shares(exam(*views, modality="MG"), [])

    assert [(one.region, one.side, one.value) for one in shares] == [
        ("breast", "left", Decimal("2.5")),
        ("breast", "right", Decimal("1.1")),
    ]


def test_activity_is_whole_body_and_kap_is_at_the_region_of_its_event():
    """A radiopharmaceutical counts for the whole body, KAP where the beam was."""
    chest = {"target_region": Concept("SCT", "816094009", "Chest")}
    of = exam(
        event(1, kind=EventKind.RADIOPHARMACEUTICAL, administered_activity=300),
        event(2, kind=EventKind.PROJECTION, coded=chest, dose_area_product="0.12"),
    )

    assert [(one.region, one.quantity, one.value) for one in _shares(of, [])] == [
        ("chest", "dose_area_product", Decimal("0.12")),
        ("whole_body", "administered_activity", 300),
    ]


def test_total_that_no_event_states_counts_once():
    """A biplane's KAP over both planes counts as one; without one region it stays unmapped."""
    totals = (
        total("dose_area_product", 30, plane=Plane.ALL),
        total("dose_area_product", 20, plane=Plane.A),
        total("dose_area_product", 10, plane=Plane.B),
    )
    heart = {"target_region": Concept("SCT", "80891009", "Heart")}
    silent = event(kind=EventKind.PROJECTION, coded=heart)

    assert _by_region(_shares(exam(silent, totals=totals), []), "dose_area_product") == {
        "heart": 30
    }
    assert _by_region(_shares(exam(totals=totals), []), "dose_area_product") == {"unmapped": 30}


EVENTS = st.lists(
    st.tuples(
        st.sampled_from(["", "head", "chest", "chest_abdomen_pelvis", "abdomen_pelvis"]),
        st.one_of(st.none(), st.decimals(0, 5000, places=3)),
    ),
    max_size=6,
)


@given(EVENTS, st.randoms(use_true_random=False))
def test_regions_add_up_to_the_listed_events_exactly_in_any_order(rows, random):
    """Sum over regions = sum of listed events, to the last digit; a missing dose is no share."""
    events = [event(n, region, dlp=dlp, phantom="32cm") for n, (region, dlp) in enumerate(rows, 1)]
    of = exam(*events)
    shares = _shares(of)
    doses = [one.value for one in ct_of(of).values if one.quantity == "effective_dose"
             and one.place.event]  # fmt: skip
    sums = defaultdict(Decimal)
    for one in shares:
        sums[one.quantity] += one.value
        assert PARTS[one.region] == (one.region,)

    stated = [dlp for _, dlp in rows if dlp is not None]
    assert sums == ({"dlp": sum(stated)} if stated else {}) | (
        {"effective_dose": sum(doses)} if doses else {}
    )
    assert _shares(exam(*random.sample(events, len(events)))) == shares


def test_lows_add_to_lows_and_a_part_without_bounds_counts_with_its_value():
    """Sums take the safe side: all err together; where nobody has an interval there is none."""
    chest = add_up([(Decimal(7), Decimal(6), Decimal(10)), (Decimal(2), None, None)])
    head = add_up([(Decimal(1), None, None)])

    assert (chest.value, chest.low, chest.high) == (9, 8, 12)
    assert (head.value, head.low, head.high) == (1, None, None)
    assert add_up([]).value == 0


AMOUNTS = st.decimals(0, 1000, places=3)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS)), st.randoms(use_true_random=False))
def test_sums_keep_every_digit_in_any_order(parts, random):
    """Nothing is lost or doubled, a sum lies within its bounds, and order never matters."""
    bounded = [(low + step, low, low + step + more) for low, step, more in parts]
    added = add_up(bounded)

    assert added.value == sum((one for one, _, _ in bounded), Decimal(0))
    assert add_up(random.sample(bounded, len(bounded))) == added
    if bounded:
        assert added.low is not None
        assert added.high is not None
        assert added.low <= added.value <= added.high
