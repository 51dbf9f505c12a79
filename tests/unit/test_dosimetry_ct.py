"""CT totals and types: phantoms, maxima, localisers and bolus monitoring (P11 to P15, R16, R17)."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.ct_events import AcquisitionKind, acquisition_of
from dosebook_central.dosimetry.ct_totals import LABEL_IMAGING, LABEL_MAX, LABEL_STATED
from dosebook_central.dosimetry.inputs import Concept
from tests.support.exams import ct_of, event, exam, reasons_of, total, values_of


def _kind(acquisition="spiral", **fields):
    return acquisition_of(event(acquisition=acquisition, **fields)).kind


def _labelled(found, quantity):
    return {
        (one.label, one.place.phantom): one.value
        for one in values_of(found, quantity, event=0)
        if one.is_headline
    }


def _flags(found):
    return {flag.code: flag for flag in found.flags}


@pytest.mark.parametrize(
    ("region", "phantom", "birth_date", "code"),
    [
        ("head", "32cm", "19700101", "phantom-region"),
        ("chest", "16cm", "19700101", "phantom-region"),
        ("chest", "16cm", "20200101", None),
        ("chest", "32cm", "20200101", None),
        ("neck", "16cm", "19700101", None),
        ("chest", None, "19700101", "no-phantom"),
    ],
)
def test_p11_phantom_that_does_not_fit_the_region_is_flagged(region, phantom, birth_date, code):
    """A head in 32 cm and an adult's trunk in 16 cm are flagged; a child's trunk is not."""
    found = ct_of(exam(event(region=region, phantom=phantom, ctdi_vol=5), birth_date=birth_date))

    assert set(_flags(found)) == ({code} if code else set())
    assert values_of(found, "ctdi_vol", event=1)[0].place.phantom == phantom


def test_p11_missing_phantom_is_said_where_comparisons_look():
    """An unstated phantom is never guessed: the values say none, and a flag says why it matters."""
    found = ct_of(exam(event(region="chest", phantom=None, ctdi_vol=5, dlp=100)))

    assert _flags(found)["no-phantom"].sentence.endswith("left out of every comparison")
    assert values_of(found, "effective_dose") == []
    assert reasons_of(found, "effective_dose").keys() == {"no-phantom"}


def test_p12_dlp_is_totalled_per_phantom_and_a_mixed_total_is_refused():
    """Head in 16 cm and chest in 32 cm: two totals; the report's one number over both is not."""
    found = ct_of(
        exam(
            event(1, "head", ctdi_vol=50, dlp=900),
            event(2, "chest", ctdi_vol=8, dlp=300),
            totals=(
                total("dlp", 900, "summed", phantom="16cm"),
                total("dlp", 300, "summed", phantom="32cm"),
                total("dlp", 1200),
            ),
        )
    )

    assert {one.value for one in values_of(found, "dlp")} == {Decimal(900), Decimal(300)}
    assert "mixes phantoms" in reasons_of(found, "dlp")["mixed-phantoms"]
    assert _labelled(found, "ctdi_vol") == {}  # two phantoms: no single maximum leads


def test_p12_single_phantom_has_a_single_total():
    """With one phantom the report's total is the exam's, beside the imaging total."""
    found = ct_of(
        exam(
            event(region="chest", ctdi_vol=8, dlp=300), totals=(total("dlp", 305, phantom="32cm"),)
        )
    )

    assert _labelled(found, "dlp") == {
        (LABEL_STATED, "32cm"): Decimal(305),
        (LABEL_IMAGING, "32cm"): Decimal(300),
    }


def test_p13_ctdivol_is_shown_per_event_and_as_maximum_and_never_summed():
    """Two ranges show two values and the larger one (R17); no sum of them stands anywhere."""
    found = ct_of(
        exam(
            event(1, "chest", ctdi_vol="8.1", dlp=300), event(2, "abdomen", ctdi_vol="9.7", dlp=400)
        )
    )
    values = values_of(found, "ctdi_vol")

    assert [(one.place.event, one.value) for one in values] == [
        (1, Decimal("8.1")),
        (2, Decimal("9.7")),
        (0, Decimal("9.7")),
    ]
    assert values[2].label == LABEL_MAX
    assert Decimal("17.8") not in {one.value for one in found.values}


def test_p14_two_labelled_totals():
    """The report's total counts localiser and bolus monitoring, the imaging total does not."""
    found = ct_of(
        exam(
            event(1, "chest", "localiser", ctdi_vol="0.1", dlp="5.5"),
            event(2, "chest", "stationary", ctdi_vol="22.4", dlp="3.2", scanning_length=10),
            event(3, "chest", ctdi_vol="8.1", dlp="300.4", scanning_length=300),
            totals=(total("dlp", "309.1", phantom="32cm"),),
        )
    )

    assert _labelled(found, "dlp") == {
        (LABEL_STATED, "32cm"): Decimal("309.1"),
        (LABEL_IMAGING, "32cm"): Decimal("300.4"),
    }
    assert _labelled(found, "ctdi_vol") == {(LABEL_MAX, "32cm"): Decimal("8.1")}
    assert [one.label for one in values_of(found, "ctdi_vol")[:3]] == [
        "localiser",
        "bolus monitoring",
        "spiral acquisition",
    ]


def test_p14_imaging_total_is_refused_where_an_imaging_dlp_is_missing():
    """A missing DLP is not zero (P29): no imaging total, and the reason names the event."""
    found = ct_of(exam(event(1, "chest", dlp=300, ctdi_vol=8), event(2, "chest", ctdi_vol=7)))

    assert reasons_of(found, "dlp")["no-dlp"].startswith("event 2:")
    assert LABEL_IMAGING not in {one.label for one in found.values}


def test_p14_localisers_alone_have_no_imaging_total():
    """An exam that was ended after its localiser has a report total and no imaging total."""
    found = ct_of(
        exam(event(1, "chest", "localiser", dlp=5), totals=(total("dlp", 5, phantom="32cm"),))
    )

    assert set(_labelled(found, "dlp")) == {(LABEL_STATED, "32cm")}
    assert "localisers or bolus monitoring only" in reasons_of(found, "dlp")["no-imaging"]


@pytest.mark.parametrize(
    ("acquisition", "fields", "kind"),
    [
        ("spiral", {}, AcquisitionKind.SPIRAL),
        ("sequenced", {}, AcquisitionKind.SEQUENCED),
        ("free", {}, AcquisitionKind.FREE),
        ("localiser", {"protocol": "Thorax"}, AcquisitionKind.LOCALISER),
        ("stationary", {"scanning_length": 10}, AcquisitionKind.MONITORING),
        ("stationary", {}, AcquisitionKind.MONITORING),
        ("stationary", {"scanning_length": 160}, AcquisitionKind.STATIONARY),
        ("stationary", {"scanning_length": 160, "protocol": "Bolus"}, AcquisitionKind.MONITORING),
        ("stationary", {"scanning_length": 10, "protocol": "VPCT"}, AcquisitionKind.PERFUSION),
        ("sequenced", {"protocol": "Surview"}, AcquisitionKind.LOCALISER),
        ("", {"protocol": "Topogram"}, AcquisitionKind.LOCALISER),
        ("", {}, AcquisitionKind.UNSTATED),
        ("spiral", {"protocol": "Bolus tracking CTA"}, AcquisitionKind.SPIRAL),
    ],
)
def test_p14_events_are_typed_by_acquisition_type(acquisition, fields, kind):
    """CT Acquisition Type decides; words only where it is open, missing or a surview's."""
    assert _kind(acquisition, **fields) is kind


def test_p14_legacy_code_of_the_type_counts():
    """A spiral coded P5-08001, SRT, is a spiral."""
    one = event(acquisition="", coded={"event_type": Concept("SRT", "P5-08001", "Spiral")})

    assert acquisition_of(one).kind is AcquisitionKind.SPIRAL


def test_p15_perfusion_dual_source_and_dual_energy_are_told_apart():
    """What raises CTDIvol by design is typed, so that rules per protocol and country exempt it."""
    perfusion = event(acquisition="stationary", protocol="Neuro VPCT", scanning_length=100)
    dual = event(protocol="DE_Abdomen", number_of_x_ray_sources=2)
    plain = event(protocol="TC de torax", number_of_x_ray_sources=1)

    assert acquisition_of(perfusion).is_perfusion
    assert acquisition_of(perfusion).is_imaging
    assert acquisition_of(dual).is_dual_energy
    assert acquisition_of(dual).is_multi_source
    assert acquisition_of(plain) == acquisition_of(event())
    found = ct_of(exam(event(region="chest", ctdi_vol=9, protocol="DE", number_of_x_ray_sources=2)))
    assert {"dual energy", "two X-ray sources"} <= set(values_of(found, "ctdi_vol")[0].notes)


def test_r16_ctdiw_is_shown_beside_ctdivol_and_not_as_it():
    """CTDIw is a quantity of its own; it never enters the maximum of CTDIvol."""
    found = ct_of(exam(event(region="head", ctdi_vol=40, ctdi_w=60, dlp=600)))

    assert [one.value for one in values_of(found, "ctdi_w")] == [60]
    assert [one.value for one in values_of(found, "ctdi_vol")] == [40, 40]


def test_exam_without_ct_has_no_ct_findings():
    """A mammography or a plain film leaves CT silent: no values, no reasons."""
    found = ct_of(exam(modality="DX", totals=(total("dose_area_product", "0.1"),)))

    assert found.values == found.absences == ()


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["spiral", "localiser", "stationary", "sequenced"]),
            st.one_of(st.none(), st.decimals(0, 2000, places=2)),
            st.sampled_from(["16cm", "32cm", None]),
        ),
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
def test_imaging_totals_are_the_sums_of_their_events_in_any_order(rows, random):
    """Exactly the imaging events, per phantom, whatever the order; missing never becomes 0."""
    events = [
        event(n, "chest", acquisition, dlp=dlp, phantom=phantom)
        for n, (acquisition, dlp, phantom) in enumerate(rows, 1)
    ]
    shuffled = random.sample(events, len(events))
    imaging = [row for row in rows if row[0] in {"spiral", "sequenced"}]
    expected = {}
    if all(dlp is not None for _, dlp, _ in imaging):
        for _, dlp, phantom in imaging:
            expected[phantom] = expected.get(phantom, Decimal(0)) + dlp

    for order in (events, shuffled):
        found = ct_of(exam(*order))
        totals = {
            one.place.phantom: one.value
            for one in values_of(found, "dlp")
            if one.label == LABEL_IMAGING
        }
        assert totals == expected
