"""Nuclear medicine: activity, agent by code, coefficient by age, and what forbids a coefficient."""

from decimal import Decimal

import pytest

from dosebook_central.dosimetry.inputs import Concept
from dosebook_central.dosimetry.nuclear import BALANCE, nuclear_findings
from dosebook_central.dosimetry.nuclear_effective import LABEL_STATED
from dosebook_central.dosimetry.sets import Choices
from dosebook_protocol.reading import EventKind
from tests.support.exams import context_of, event, exam, library, reasons_of, total, values_of

ACTIVITY = "administered_activity"
FDG = Concept("SCT", "35321007", "Fluorodeoxyglucose F^18^")
FDG_LEGACY = Concept("SRT", "C-B1031", "Fluorodeoxyglucose F^18^")
SESTAMIBI = Concept("SCT", "424299003", "Technetium Tc^99m^ sestamibi")
TETROFOSMIN = Concept("SCT", "424118002", "Technetium Tc^99m^Tetrofosmin")
MIBG = Concept("SCT", "395789007", "Iodine^131 3-Iodobenzylguanidine MIBG")
DCFPYL = Concept("NCIt", "C116352", "Piflufolastat F^18^")
DOTATATE = Concept("SCT", "724025002", "Dotatate Ga^68^")
F18 = Concept("SCT", "77004003", "^18^Fluorine")
TC99M = Concept("99SDM", "C-163A8", "99m Technetium")
I123 = Concept("SCT", "21572004", "^123^Iodine")
I131 = Concept("SCT", "1368003", "^131^Iodine")
THERAPY = {"intent": Concept("SCT", "262202000", "Therapeutic Intent")}


def given(agent, activity, ordinal=1, nuclide=None, coded=None, **fields):
    """One administration."""
    concepts = {"radiopharmaceutical_agent": agent} if agent is not None else {}
    if nuclide is not None:
        concepts["radionuclide"] = nuclide
    return event(
        ordinal,
        kind=EventKind.RADIOPHARMACEUTICAL,
        coded=concepts | (coded or {}),
        administered_activity=activity,
        started="2026-03-02T09:12:30",
        **fields,
    )


def found(*events, sets=None, procedure="", **fields):
    """Nuclear findings of an exam whose total is the sum of its administrations."""
    amounts = [one.values[ACTIVITY] for one in events if ACTIVITY in one.values]
    totals = (total(ACTIVITY, sum(amounts), "summed"),) if amounts else ()
    one = exam(*events, **({"modality": "NM", "totals": totals} | fields))
    return nuclear_findings(one, context_of(one, sets, procedure))


def dose(findings):
    """The effective dose of the whole."""
    (value,) = values_of(findings, "effective_dose", event=0)
    return value


@pytest.mark.parametrize(
    ("agent", "activity", "born", "expected", "used"),
    [
        (FDG, "394", "19700101", "7.486", "icrp128"),  # a machine's own report says 7.486
        (FDG_LEGACY, "100", "20250302", "9.5", "icrp128"),  # 1 y: 0.095 mSv/MBq
        (FDG, "100", "20210302", "5.6", "icrp128"),  # 5 y: 0.056
        (FDG, "100", "20160302", "3.7", "icrp128"),  # 10 y: 0.037
        (FDG, "100", "20110302", "2.4", "icrp128"),  # 15 y: 0.024
        (DCFPYL, "370", "19700101", "4.292", "fda-label"),  # label: 4.3 mSv for 370 MBq
        (DOTATATE, "150", "19700101", "3.15", "fda-label"),  # label: 0.021 mSv/MBq
    ],
)
def test_p60_effective_dose_per_activity_by_agent_and_age(agent, activity, born, expected, used):
    """P60: ICRP 128 and label coefficients at their reference ages, to three digits."""
    value = dose(found(given(agent, activity), birth_date=born))
    assert value.value == Decimal(expected)
    assert value.method.coefficient_set == used
    assert value.unit == "mSv"


@pytest.mark.parametrize(
    ("born", "mass_kg", "published"),
    [("20250302", "9.7", "5.4"), ("20210302", "19.8", "5.9"), ("20160302", "33.2", "6.3"),
     ("20110302", "56.8", "7.2"), ("19700101", "70", "6.7")],
)  # fmt: skip
def test_sestamibi_agrees_with_the_published_doses_of_children(born, mass_kg, published):
    """J Nucl Med, doses of common paediatric procedures, Table 1: 740 MBq scaled by mass at rest.

    The table gives two digits; the coefficients were derived from it, rounding included.
    """
    activity = Decimal(740) * Decimal(mass_kg) / 70
    value = dose(found(given(SESTAMIBI, activity, protocol="Rest"), birth_date=born))
    assert abs(value.value - Decimal(published)) <= Decimal("0.06")


def test_between_reference_ages_the_coefficient_is_interpolated():
    """FDG at 3 years: half way between 0.095 (1 y) and 0.056 (5 y), which are its bounds."""
    value = dose(found(given(FDG, 100), birth_date="20230302"))
    assert value.value == Decimal("7.55")
    assert (value.interval.low, value.interval.high) == (Decimal("5.6"), Decimal("9.5"))
    assert "linear between 1 y and 5 y (4 digits)" in value.method.text


def test_from_fifteen_to_eighteen_the_coefficient_of_15_years_is_held():
    """FDG at 17 years: 0.024, the adult's 0.019 from 18 on."""
    assert dose(found(given(FDG, 100), birth_date="20090303")).value == Decimal("2.4")
    assert dose(found(given(FDG, 100), birth_date="20080302")).value == Decimal("1.9")


def test_p30_no_adult_coefficient_for_a_child_or_an_unknown_age():
    """P30: an agent with adult coefficients only has none for a child; no age is no adult."""
    child = found(given(DCFPYL, 100), birth_date="20160302")
    assert "for a child of this age" in reasons_of(child, "effective_dose")["no-coefficient"]
    infant = found(given(FDG, 20), birth_date="20251201")
    assert "no-coefficient" in reasons_of(infant, "effective_dose")
    ageless = found(given(FDG, 100), birth_date="")
    assert "no-age" in reasons_of(ageless, "effective_dose")
    for findings in (child, infant, ageless):
        assert not values_of(findings, "effective_dose")


def test_p60_activity_is_that_at_the_stated_time():
    """P60: the activity carries the moment to which it is corrected, its agent and radionuclide."""
    findings = found(given(FDG, 394, nuclide=F18, half_life="6586.2"))
    (value,) = values_of(findings, ACTIVITY, event=1)
    assert (value.value, value.unit, value.place.agent) == (394, "MBq", "F-18 FDG")
    assert "activity at 2026-03-02 09:12:30, the start of the administration" in value.notes
    inputs = {one.name: one.value for one in value.inputs}
    assert inputs == {"agent": "F-18 FDG", "radionuclide": "F-18", "half-life": "6586.2"}


def test_p60_measured_before_and_after_stand_beside_what_is_stated():
    """P60: 400 - 12 = 388 MBq beside 385 stated; 300 stated differs by more than decay may."""
    one = {"pre_administration_activity": 400, "post_administration_activity": 12}
    agreeing = found(given(FDG, 385, **one))
    balance = next(v for v in values_of(agreeing, ACTIVITY) if v.label == BALANCE)
    assert balance.value == 388
    assert not agreeing.flags
    assert [flag.code for flag in found(given(FDG, 300, **one)).flags] == ["activity-balance"]


def test_p60_without_a_stated_activity_the_balance_stands_alone():
    """P60: only the two measurements are known: their difference is shown, no dose is computed."""
    one = given(FDG, None, pre_administration_activity=400, post_administration_activity=12)
    findings = found(one)
    assert [v.label for v in values_of(findings, ACTIVITY)] == [BALANCE]
    assert "not-stated" in reasons_of(findings, "effective_dose")


def test_p60_prescription_is_named_and_never_taken_for_the_activity():
    """P60: the object's prescription stands as an input; what was given is the administered one."""
    prescription = {"prescription_identifier": Concept(text="RX-77, 400 MBq")}
    (value,) = values_of(found(given(FDG, 394, coded=prescription)), ACTIVITY, event=1)
    assert value.value == 394
    assert ("prescription", "RX-77, 400 MBq") in [(one.name, one.value) for one in value.inputs]


def test_p60_extravasation_voids_the_coefficient():
    """P60: activity in the tissue is flagged, and no published coefficient is used."""
    for fields in (
        {"estimated_extravasation": 30},
        {"coded": {"intravenous_extravasation_symptoms": Concept("DCM", "113568", "visible")}},
    ):
        findings = found(given(FDG, 394, **fields))
        assert [flag.code for flag in findings.flags] == ["extravasation"]
        assert "extravasation" in reasons_of(findings, "effective_dose")
        assert not values_of(findings, "effective_dose")


def test_p60_the_two_parts_of_a_pet_ct_are_numbered():
    """P60: in a PET/CT the administration is the second part; alone it is no part."""
    both = found(event(2, region="chest"), given(FDG, 394, 1), modality="PT")
    assert {one.place.part for one in both.values} == {2}
    assert {one.place.part for one in found(given(FDG, 394)).values} == {0}


def test_a_code_of_two_agents_needs_the_radionuclide():
    """MIBG has one code for I-123 and I-131, whose doses differ tenfold: the nuclide decides."""
    value = dose(found(given(MIBG, 185, nuclide=I123)))
    assert (value.value, value.place.agent) == (Decimal("2.405"), "I-123 MIBG")
    iodine131 = found(given(MIBG, 185, nuclide=I131))
    assert not values_of(iodine131, "effective_dose")
    unknown = found(given(MIBG, 185))
    assert "no radionuclide tells them apart" in reasons_of(unknown, "effective_dose")["no-agent"]


def test_an_exact_name_with_its_radionuclide_is_taken_with_low_confidence():
    """A header's text "Sestamibi" with coded Tc-99m is that agent; the doubt is in a note."""
    named = dose(found(given(Concept(text="Sestamibi"), 320, nuclide=TC99M, protocol="Rest IQ")))
    assert named.value == Decimal("2.912")
    assert any("low confidence in the agent" in note for note in named.notes)
    for agent, nuclide in ((Concept(text="Sestamibi"), None), (Concept(text="Cardio"), TC99M)):
        findings = found(given(agent, 320, nuclide=nuclide))
        assert "no-agent" in reasons_of(findings, "effective_dose")


@pytest.mark.parametrize("text", ["18F", "F-18", "F18", "^18^Fluorine", "Fluorine-18"])
def test_spellings_of_a_radionuclide_are_one(text):
    """A radionuclide that is only a text is known by its element and mass."""
    (value,) = values_of(found(given(FDG, 394, nuclide=Concept(text=text))), ACTIVITY, event=1)
    assert ("radionuclide", "F-18") in [(one.name, one.value) for one in value.inputs]


def test_an_agent_that_contradicts_its_radionuclide_has_no_coefficient():
    """FDG with Tc-99m is a slip of one of them: flagged, and no dose is computed."""
    findings = found(given(FDG, 394, nuclide=TC99M))
    assert [flag.code for flag in findings.flags] == ["agent-radionuclide"]
    assert not values_of(findings, "effective_dose")


def test_rest_and_exercise_have_coefficients_of_their_own():
    """ICRP 128 tetrofosmin: 0.0080 at rest, 0.0069 at exercise; unstated, the higher with both."""
    rest = dose(found(given(TETROFOSMIN, 500, protocol="MYOCARD REST")))
    stress = dose(found(given(TETROFOSMIN, 500, protocol="Stress")))
    unstated = dose(found(given(TETROFOSMIN, 500)))
    assert (rest.value, stress.value, unstated.value) == (4, Decimal("3.45"), 4)
    assert (unstated.interval.low, unstated.interval.high) == (Decimal("3.45"), 4)
    assert any("rest or exercise is not stated" in note for note in unstated.notes)


def test_rest_and_exercise_of_one_exam_add_up():
    """Two injections: each has its dose, the exam their sum; lows and highs add up too."""
    findings = found(
        given(TETROFOSMIN, 250, 1, protocol="Stress"), given(TETROFOSMIN, 750, 2, protocol="Rest")
    )
    assert [v.value for v in values_of(findings, "effective_dose") if v.place.event] == [
        Decimal("1.725"),
        6,
    ]
    assert dose(findings).value == Decimal("7.725")
    assert dose(findings).is_headline


def test_r100_a_treatment_has_no_diagnostic_coefficient():
    """R100: a therapeutic intent, or a radionuclide given for its particles, gets no dose."""
    lutetium = Concept("SCT", "447553000", "^177^Lutetium")
    for findings in (
        found(given(SESTAMIBI, 740), coded=THERAPY),
        found(given(Concept(text="Lu-PSMA"), 7400, nuclide=lutetium)),
    ):
        assert "therapeutic" in reasons_of(findings, "effective_dose")
        assert not values_of(findings, "effective_dose")


def test_another_route_than_a_vein_has_no_coefficient():
    """Coefficients are for intravenous injection; an inhaled or subcutaneous agent has none."""
    findings = found(
        given(FDG, 40, coded={"route_of_administration": Concept("SCT", "447694001", "Inhaled")})
    )
    assert "route" in reasons_of(findings, "effective_dose")
    vein = {"route_of_administration": Concept("SRT", "G-D101", "Intravenous route")}
    assert dose(found(given(FDG, 100, coded=vein))).value == Decimal("1.9")


def test_a_condition_that_nothing_states_is_not_taken_for_granted():
    """I-123 iodide has a coefficient for a thyroid without uptake only: it is not used."""
    iodide = Concept("SCT", "67690002", "Sodium iodide I^123^")
    sets = library(snmmi_thyroid=Choices(is_enabled=True))
    reasons = reasons_of(found(given(iodide, 20, nuclide=I123), sets=sets), "effective_dose")
    assert "0 % thyroid uptake only, which is not stated" in reasons["no-coefficient"]


def test_stated_effective_dose_stands_beside_ours_and_is_not_merged():
    """The object's own dose keeps its label and says how far it is from ours."""
    findings = found(given(FDG, 394, effective_dose="8.0"))
    stated = next(v for v in values_of(findings, "effective_dose") if v.label == LABEL_STATED)
    assert (stated.value, stated.is_headline) == (Decimal("8.0"), False)
    assert "+6.9 % from the value by icrp128" in stated.notes
    assert dose(findings).value == Decimal("7.486")


def test_stated_effective_dose_is_the_headline_where_ours_is_not_computable():
    """An agent that no set knows: the dose that the object states is shown as the object's."""
    findings = found(given(Concept("X", "1", "New agent"), 100, effective_dose="2.5"))
    assert (dose(findings).value, dose(findings).label) == (Decimal("2.5"), LABEL_STATED)


def test_p29_an_administration_without_activity_is_no_zero():
    """P29: an agent without activity gives reasons, no activity of 0 and no dose of 0."""
    findings = found(given(FDG, None))
    assert not findings.values
    assert "not-stated" in reasons_of(findings, ACTIVITY)


def test_typical_value_of_the_mapped_procedure_where_the_agent_is_unknown():
    """A bone scan with an unknown agent has the labelled typical 4.4 mSv for adults."""
    value = dose(found(given(None, 600), procedure="nm_bone"))
    assert (value.value, value.is_estimate) == (Decimal("4.4"), True)
