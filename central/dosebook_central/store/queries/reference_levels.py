"""The exams that a site's samples are drawn from."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Connection, Float, cast, func, select

from dosebook_central.domain.drl.band import Size
from dosebook_central.domain.drl.site import SiteExam
from dosebook_central.store.dose_models import ExamDose
from dosebook_central.store.models import Exam

_VALUES: Final = {
    "ctdi_vol": ExamDose.ctdi_vol_max_mgy,
    "dlp_imaging": ExamDose.dlp_imaging_mgy_cm,
    "dlp_event": ExamDose.dlp_event_max_mgy_cm,
    "dose_area_product": ExamDose.dose_area_product_gy_cm2,
    "dose_rp": ExamDose.dose_rp_mgy,
    "fluoro_time": ExamDose.fluoro_time_s,
    "average_glandular_dose": ExamDose.agd_view_max_mgy,
    "administered_activity": ExamDose.administered_activity_mbq,
}
_CAPTURED: Final = "captured"


def site_exams(
    connection: Connection, since: str, until: str, procedures: frozenset[str]
) -> Iterator[SiteExam]:
    """Yield the diagnostic exams of this site that begin on days from `since` to `until`.

    Only those of the given standard procedures; imported exams are another site's (P46).
    """
    # As floats: they come back with the same 15 digits, and faster than decimals by far.
    numbers = (*_VALUES.values(), ExamDose.age_years, ExamDose.weight_kg)
    statement = (
        select(
            ExamDose.exam_id,
            ExamDose.started,
            ExamDose.procedure_id,
            ExamDose.station,
            ExamDose.phantom,
            ExamDose.exemptions,
            Exam.event_count,
            cast(ExamDose.compression_thickness_mm, Float),
            *(cast(number, Float) for number in numbers),
        )
        .join(Exam, Exam.id == ExamDose.exam_id)
        .where(
            ExamDose.started >= since,
            ExamDose.started < f"{until}~",  # after every time of that day
            ExamDose.origin == _CAPTURED,
            ExamDose.is_therapeutic.is_(False),
            ExamDose.procedure_id.in_(sorted(procedures)),
        )
    )
    for row in connection.execute(statement):
        yield _exam(row)


def share_mapped(connection: Connection, since: str, until: str) -> tuple[int, int]:
    """Count the captured exams of a period, and those of them whose procedure is mapped (P35)."""
    row = connection.execute(
        select(func.count(), func.count(func.nullif(ExamDose.procedure_id, ""))).where(
            ExamDose.started >= since,
            ExamDose.started < f"{until}~",
            ExamDose.origin == _CAPTURED,
        )
    ).one()
    return row[0], row[1]


def _exam(row: Any) -> SiteExam:
    exam_id, started, procedure, station, phantom, exemptions, events, thickness, *numbers = row
    *values, age, weight = numbers
    return SiteExam(
        exam_id,
        started,
        procedure,
        station,
        Size(_decimal(age), _decimal(weight)),
        events,
        phantom,
        _decimal(thickness),
        {
            name: Decimal(repr(value))
            for name, value in zip(_VALUES, values, strict=True)
            if value is not None
        },
        tuple(filter(None, exemptions.split(";"))),
    )


def _decimal(number: float | None) -> Decimal | None:
    return None if number is None else Decimal(repr(number))
