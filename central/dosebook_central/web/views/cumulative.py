"""A patient's doses added up: by region, over a period, diagnostic or therapeutic."""

from collections import Counter
from collections.abc import Mapping
from datetime import date

from flask import Blueprint, abort, render_template, request

from dosebook_central.access.rights import Right
from dosebook_central.store.queries.cumulative import ExamLine, PatientDoses, get_doses
from dosebook_central.store.queries.same_exams import pairs_of_patient
from dosebook_central.web.context import context
from dosebook_central.web.cumulative_choices import CHOICES, Choice
from dosebook_central.web.cumulative_doubles import doubtful
from dosebook_central.web.cumulative_figure import interval_of, shaded
from dosebook_central.web.cumulative_query import (
    DIAGNOSTIC,
    PERIODS,
    THERAPEUTIC,
    CumulativeQuery,
)
from dosebook_central.web.cumulative_steps import steps
from dosebook_central.web.cumulative_sums import Cumulative, RegionSum, cumulate
from dosebook_central.web.cumulative_words import REFERENCE_PERSON, meaning, remarks
from dosebook_central.web.derived_text import derived_number
from dosebook_central.web.gate import needs, tell
from dosebook_central.web.modalities import FAMILIES, family
from dosebook_central.web.regions import region_text

bp = Blueprint("cumulative", __name__, url_prefix="/patients")
bp.add_app_template_filter(derived_number)


@bp.get("/<patient_id>/cumulative")
@needs(Right.PATIENT_READ)
def show(patient_id: str) -> str:
    """Show what a patient's exams add up to; the address holds an opaque id and the query."""
    with context().engine.connect() as connection:
        doses = get_doses(connection, patient_id)
        doubles = pairs_of_patient(connection, patient_id)
    if doses is None:
        abort(404)
    tell("cumulative.read", "patient", patient_id, exams=len(doses.exams))
    query = CumulativeQuery.from_arguments(request.args, _today())
    found = cumulate(query.select(doses.exams), doses.shares, query.choice)
    regions = shaded(found)
    return render_template(
        "cumulative.html",
        patient=doses.patient,
        query=query,
        found=found,
        regions=regions,
        by_region={one.region: one for one in regions},
        column=[one.sum.value for one in found.regions if one.sum],
        interval=interval_of(found.total, query.choice.quantity),
        interval_of=interval_of,
        chosen=_chosen(found, query.region),
        remarks=[*doubtful(found, doubles), *remarks(found)],
        meaning=meaning(found),
        steps=steps(found.contributions, is_count=query.choice.is_count),
        choices=_choices(doses, query),
        intents=_intents(doses, query),
        families=_families(doses.exams),
        outside=sum(exam.origin == "imported" for exam in doses.exams),
        periods=PERIODS,
        reference_person=REFERENCE_PERSON if query.choice.has_interval else "",
        region_text=region_text,
    )


def _today() -> date:
    return context().now().astimezone().date()


def _chosen(found: Cumulative, region: str) -> RegionSum | None:
    return next((one for one in found.regions if one.region == region), None)


def _choices(doses: PatientDoses, query: CumulativeQuery) -> list[Choice]:
    """The quantities that occur with this patient, and the one that is shown."""
    occurring = {
        (share.quantity, share.phantom, share.side)
        for shares in doses.shares.values()
        for share in shares
    }
    for choice in CHOICES.values():
        if choice.column and choice.phantom is None:
            occurring |= {
                (choice.quantity, "", choice.side or "")
                for exam in doses.exams
                if getattr(exam.dose, choice.column, None) is not None
            }
    always = {query.quantity, "effective_dose", "exams"}
    return [
        choice
        for choice in CHOICES.values()
        if choice.key in always
        or any(
            choice.quantity == quantity
            and choice.phantom in (None, phantom)
            and choice.side in (None, side)
            for quantity, phantom, side in occurring
        )
    ]


def _intents(doses: PatientDoses, query: CumulativeQuery) -> Mapping[str, int]:
    """Exams of each intent that period, modality and origin let through (R100)."""
    let_through = filter(query.lets_through, doses.exams)
    counts = Counter(THERAPEUTIC if exam.is_therapeutic else DIAGNOSTIC for exam in let_through)
    return {intent: counts[intent] for intent in (DIAGNOSTIC, THERAPEUTIC)}


def _families(exams: tuple[ExamLine, ...]) -> list[str]:
    present = {family(exam.modality) for exam in exams}
    return [key for key in FAMILIES if key in present]
