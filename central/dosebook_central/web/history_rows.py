"""The rows of a history's two tables, written at once.

With 150 exams a template would spend most of the page's time on walking cell by cell. Everything
that comes from an object is escaped here, as a template would.
"""

from collections.abc import Iterable, Mapping
from html import escape

from markupsafe import Markup

from dosebook_central.store.queries.history import EffectiveDose
from dosebook_central.web.derived_text import derived_number, interval_text
from dosebook_central.web.measures import measures_html
from dosebook_central.web.modalities import chips, evidence_short, evidence_word
from dosebook_central.web.numbers import lined_up, local_time_text, quantity_html
from dosebook_central.web.timeline import Row

Marks = Mapping[str, Markup]
"""How a page marks `alert:LEVEL`, `conflict`, `double`, `imported`, open states and `missing`."""


def chart_rows(rows: Iterable[Row], exam_url: str, marks: Marks) -> Markup:
    """The numbers of the chart, oldest first."""
    drawn = sorted((row for row in rows if row.exam.started), key=lambda row: row.exam.started)
    return Markup("".join(_chart_row(row, exam_url, marks) for row in drawn))  # noqa: S704 - escaped


def exam_rows(rows: Iterable[Row], exam_url: str, marks: Marks, *, with_place: bool) -> Markup:
    """The exams of a patient; `with_place` names the institution of each."""
    listed = list(rows)
    doses = [_effective_number(row.exam.effective_dose) for row in listed]
    html = (
        _exam_row(row, exam_url, marks, lined_up(dose, doses), with_place=with_place)
        for row, dose in zip(listed, doses, strict=True)
    )
    return Markup("".join(html))  # noqa: S704 - escaped


def _chart_row(row: Row, exam_url: str, marks: Marks) -> str:
    exam, drawn = row.exam, row.drawn
    cells = (
        f"<td>{quantity_html(drawn.quantity)}</td>"
        f'<td class="num right">{drawn.full}</td><td>{escape(drawn.unit_text)}</td>'
        f'<td class="muted">{escape(drawn.qualifier)}</td>'
        if drawn
        else f'<td></td><td class="right">{marks["missing"]}</td><td></td><td></td>'
    )
    return (
        f'<tr data-exam="{escape(exam.id)}" data-value="{drawn.full if drawn else ""}">'
        f'<td class="num nowrap">{escape(local_time_text(exam.started))}</td>'
        f"<td>{chips(exam.modalities)}</td>"
        f'<td class="named"><a href="{exam_url}{escape(exam.id)}">{escape(row.title)}</a></td>'
        f"{cells}</tr>\n"
    )


def _exam_row(row: Row, exam_url: str, marks: Marks, dose: str, *, with_place: bool) -> str:
    exam = row.exam
    missing = marks["missing"]
    alert = [f"alert:{exam.alert}"] if exam.alert else []
    states = alert + [exam.state] + ["conflict"] * exam.has_conflict
    states += ["double"] * exam.may_be_double + [exam.origin]
    shown = "".join(marks[state] for state in states if state in marks)
    where = " · ".join(filter(None, (exam.station, exam.institution if with_place else "")))
    return (
        f'<tr data-exam="{escape(exam.id)}">'
        f'<td class="num nowrap">{escape(local_time_text(exam.started))}</td>'
        f"<td>{chips(exam.modalities)}</td>"
        f'<td class="named"><a data-row-link href="{exam_url}{escape(exam.id)}">'
        f'{escape(row.title)}</a>{shown}<span class="sub muted">{escape(where)}</span></td>'
        f'<td class="wide-only">{escape(row.region) if row.region else missing}</td>'
        f'<td class="measures">{measures_html(row.listed) or missing}</td>'
        f'<td class="num right">{_effective(exam.effective_dose, dose) or missing}</td>'
        f'<td class="num right wide-only">{exam.event_count or missing}</td>'
        f'<td class="muted wide-only">{_read_from(exam.evidence_kind) or missing}</td></tr>\n'
    )


def _read_from(kind: str) -> str:
    """A kind of evidence in a word or two, written out in its title."""
    words, short = evidence_word(kind), evidence_short(kind)
    if words == short:
        return escape(short)
    return f'<abbr title="{escape(words)}">{escape(short)}</abbr>'


def _effective_number(dose: EffectiveDose | None) -> str:
    return derived_number(dose.value, "effective_dose") if dose else ""


def _effective(dose: EffectiveDose | None, number: str) -> str:
    """An effective dose whose title says how sure it is and by which set."""
    if dose is None:
        return ""
    interval = interval_text(dose.low, dose.high, "effective_dose")
    title = ", ".join(
        (
            "estimate for a reference person",
            f"{interval} mSv" if interval else "no interval",
            "typical value of the procedure" if dose.is_typical else dose.set_id or "as stated",
        )
    )
    return f'<span title="{escape(title)}">{"~" * dose.is_typical}{number}</span>'
