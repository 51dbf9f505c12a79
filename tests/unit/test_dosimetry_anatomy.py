"""Where an event irradiated, how sure that is, and what contradicts it (P34)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.dosimetry.anatomy import region_findings, regions_of
from dosebook_central.dosimetry.anatomy_tables import atlas
from dosebook_central.dosimetry.inputs import Concept
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import view
from dosebook_protocol.reading import EventKind
from tests.support.exams import context_of, event, exam


def _region(one, procedure="", source=""):
    (finding,) = regions_of(one, shipped(), procedure, source).values()
    return finding


def _flags(one, procedure=""):
    found = region_findings(one, context_of(one, procedure=procedure))
    return {flag.code: flag.sentence for flag in found.flags}


def _part(text):
    return {"body_part_examined": Concept(text=text)}


@pytest.mark.parametrize(
    ("code", "scheme", "region"),
    [
        ("69536005", "SCT", "head"),
        ("T-D1100", "SRT", "head"),
        ("T-D4000", "SRT", "abdomen"),
        ("113345001", "SCT", "abdomen"),
        ("51185008", "SCT", "chest"),
        ("R-FAB57", "SRT", "abdomen_pelvis"),
        ("416775004", "SCT", "chest_abdomen_pelvis"),
    ],
)
def test_target_region_code_names_the_region(code, scheme, region):
    """Codes of CID 4031 of every edition, SRT or SCT, name a region with high confidence."""
    finding = _region(
        exam(event(coded={"target_region": Concept(scheme, code, "x")}, phantom=None))
    )

    assert (finding.region, finding.confidence) == (region, "high")
    assert finding.said_by == "target region 'x'"


def test_order_of_evidence_and_its_confidence():
    """A code goes before the body part, that before the event's words, those before the exam's."""
    everything = {"descriptions": ("CT Thorax",), "protocols": ("Routine",)}
    coded = exam(event(region="head", coded=_part("ABDOMEN"), protocol="Knee"), **everything)
    part = exam(event(coded=_part("ABDOMEN"), protocol="Knee"), **everything)
    words = exam(event(protocol="Knie nativ"), **everything)
    only_exam = exam(event(), **everything)

    assert [
        (_region(one).region, _region(one).confidence) for one in (coded, part, words, only_exam)
    ] == [("head", "medium"), ("abdomen", "low"), ("lower_limb", "low"), ("chest", "low")]
    assert len(_region(coded).others) == 3
    assert _region(exam(event(coded=_part("ABDOMEN")))).confidence == "medium"


def test_nothing_stated_stays_unmapped():
    """Without evidence an event has no region; it is never put into a default one."""
    finding = _region(exam(event(), descriptions=("Various",)))

    assert (finding.region, finding.confidence) == ("unmapped", "none")


def test_words_of_quality_control_are_no_region():
    """A protocol that names a phantom or quality control is not a patient's region."""
    assert _region(exam(event(protocol="Daily QA"), descriptions=("Thorax",))).region == "unmapped"


def test_p34_event_keeps_its_region_within_those_of_the_procedure():
    """A chest event of a chest-abdomen-pelvis procedure stays chest, a wider code is narrowed."""
    chest = exam(event(region="chest"))
    heart = exam(event(region="chest"))
    nothing = exam(event())

    assert _region(chest, "cta_tavi", "decision").region == "chest"
    assert _region(chest, "cta_tavi", "decision").confidence == "high"
    assert _region(heart, "cta_coronary", "decision").region == "heart"
    assert _region(nothing, "cta_tavi", "decision").region == "chest_abdomen_pelvis"


def test_p34_confirmed_procedure_goes_before_a_contradicting_tag_and_shows_it():
    """The tag is often the first one used on the console: the mapped procedure holds, flagged."""
    one = exam(event(region="head"))
    finding = _region(one, "ct_abdomen_pelvis", "decision")

    assert (finding.region, finding.confidence) == ("abdomen_pelvis", "medium")
    assert finding.others == ("target region 'Head' says Head / brain / skull",)
    assert "target region 'Head'" in _flags(one, "ct_abdomen_pelvis")["region-conflict"]


def test_p34_unconfirmed_procedure_does_not_override_a_code():
    """A procedure that was only read from words is weaker than what the event codes."""
    finding = _region(exam(event(region="head")), "ct_abdomen_pelvis", "words")

    assert finding.region == "head"
    assert len(finding.others) == 1
    assert _region(exam(event()), "ct_abdomen_pelvis", "words").region == "abdomen_pelvis"


def test_p34_long_scan_widens_a_single_region_to_what_the_protocol_says():
    """'Abdomen' over 74 cm under a protocol TAP is chest, abdomen and pelvis."""
    long = exam(event(region="abdomen", protocol="TAP", scanning_length=737))
    short = exam(event(region="abdomen", protocol="TAP", scanning_length=400))

    assert _region(long).region == "chest_abdomen_pelvis"
    assert _region(long).confidence == "medium"
    assert "longer than 50 cm" in _region(long).said_by
    assert _region(short).region == "abdomen"


def test_whole_body_of_a_localiser_is_narrowed_by_words():
    """Consoles send 'Entire body' for a long localiser; a narrower statement holds if any."""
    one = exam(event(region="whole_body", acquisition="localiser"), descriptions=("CT Thorax",))

    assert _region(one).region == "chest"
    assert _region(exam(event(region="whole_body"))).region == "whole_body"


def test_whole_body_of_a_projection_is_doubted():
    """C-arms send 'Entire body' for everything: low confidence, and words that say more hold."""
    target = {"target_region": Concept("SCT", "38266002", "Entire body")}
    x_rays = event(kind=EventKind.PROJECTION, coded=target)

    assert (_region(exam(x_rays)).region, _region(exam(x_rays)).confidence) == ("whole_body", "low")
    assert _region(exam(x_rays, descriptions=("Coronary angiography",))).region == "heart"


def test_head_that_is_too_long_is_flagged():
    """A head of more than 60 cm is doubted: low confidence, and a flag."""
    one = exam(event(region="head", scanning_length=700))

    assert _region(one).confidence == "low"
    assert "longer than 60 cm" in _flags(one)["region-range"]
    assert _flags(exam(event(region="head", scanning_length=180))) == {}


def test_words_that_name_several_regions_contradict_none_of_them():
    """A description of head and chest fits an event of either; one of the knee fits neither."""
    both = {"descriptions": ("CT Schädel und Thorax",)}

    assert _region(exam(event(region="chest"), **both)).others == ()
    assert _region(exam(event(coded=_part("HEAD")), **both)).others == ()
    assert len(_region(exam(event(region="chest"), descriptions=("CT Knie",))).others) == 1


def test_same_conflict_of_many_events_is_one_flag():
    """Twenty events with one contradiction are one sentence, not twenty."""
    events = [event(n, "chest", protocol="Knee") for n in range(1, 4)]
    context = context_of(exam(*events))
    (flag,) = region_findings(exam(*events), context).flags

    assert flag.sentence.startswith("events 1, 2, 3: taken as Chest")
    assert flag.event == 0


@pytest.mark.parametrize(
    ("text", "region"),
    [
        ("Scanner thoraco-abdomino-pelvien", "chest_abdomen_pelvis"),
        ("CT Thorax/Abdomen/Becken", "chest_abdomen_pelvis"),
        ("Rachis cervical", "cervical_spine"),
        ("CT hersenen", "head"),
        ("Schädel nativ", "head"),
        ("Genou droit", "lower_limb"),
        ("Bassin face", "pelvis"),
        ("LWS", "lumbar_spine"),
        ("Coro CT", "heart"),
    ],
)
def test_words_in_several_languages(text, region):
    """Descriptions in French, Dutch and German are found, accents and punctuation aside."""
    assert _region(exam(event(), descriptions=(text,))).region == region


def test_exam_without_events_has_one_finding():
    """A total without events, as MPPS brings it, has a region of the exam, under ordinal 0."""
    finding = _region(exam(descriptions=("CT Abdomen",)))

    assert (finding.event, finding.region) == (0, "abdomen")


def test_radiopharmaceutical_and_mammography_need_no_words():
    """What is injected reaches the whole body, a mammography the breast, whatever words say."""
    given_dose = event(kind=EventKind.RADIOPHARMACEUTICAL, coded=_part("HEAD"))

    assert _region(exam(given_dose)).region == "whole_body"
    assert _region(exam(event(kind=EventKind.MAMMOGRAPHY))).region == "breast"


@given(st.permutations([event(1, "head"), event(2, "chest", protocol="TAP"), event(3)]))
def test_order_of_events_never_matters(events):
    """Each event has the region that it has alone, wherever it stands."""
    found = regions_of(exam(*events), shipped())

    assert {n: finding.region for n, finding in found.items()} == {
        1: "head",
        2: "chest",
        3: "unmapped",
    }


def test_every_region_named_anywhere_is_known():
    """Codes, body parts, words and procedures name regions that exist, with base parts."""
    tables = view(shipped(), atlas)
    named = {*tables.codes.values(), *tables.body_parts.values(), *tables.procedures.values()}

    assert named <= tables.parts.keys()
    for region in named:
        for part in tables.parts[region]:
            assert tables.parts[part] == (part,)
