"""What a room usually gives for a procedure: medians of its last exams, looked up now and then."""

import time
from collections.abc import Callable
from statistics import median
from threading import Lock
from typing import Final

from sqlalchemy import Connection, func, select

from dosebook_central.domain.alerts.subject import Reference
from dosebook_central.store.dose_models import ExamDose

ENOUGH: Final = 10
_LAST: Final = 100
_CAPTURED: Final = "captured"
_KEPT_S: Final = 300.0
_COLUMNS: Final = {
    "dlp_imaging": ExamDose.dlp_imaging_mgy_cm,
    "dose_area_product": ExamDose.dose_area_product_gy_cm2,
    "dose_rp": ExamDose.dose_rp_mgy,
    "average_glandular_dose": func.coalesce(ExamDose.agd_left_mgy, ExamDose.agd_right_mgy),
    "administered_activity": ExamDose.administered_activity_mbq,
}

_Key = tuple[str, str, str]


class RoomMedians:
    """Medians by institution, room and procedure; for any number of threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = Lock()
        self._known: dict[_Key, tuple[float, tuple[Reference, ...]]] = {}

    def of(self, connection: Connection) -> Callable[[str, str, str], tuple[Reference, ...]]:
        """Return the lookup of one transaction."""

        def medians(institution: str, station: str, procedure_id: str) -> tuple[Reference, ...]:
            key, now = (institution, station, procedure_id), self._clock()
            with self._lock:
                kept = self._known.get(key)
            if kept is not None and now - kept[0] < _KEPT_S:
                return kept[1]
            found = room_medians(connection, *key)
            with self._lock:
                self._known[key] = now, found
            return found

        return medians


def room_medians(
    connection: Connection, institution: str, station: str, procedure_id: str
) -> tuple[Reference, ...]:
    """Return the medians of a room's last diagnostic exams, of each quantity of ten or more."""
    rows = connection.execute(
        select(*_COLUMNS.values())
        .where(
            ExamDose.procedure_id == procedure_id,
            ExamDose.station == station,
            ExamDose.institution == institution,
            ExamDose.is_therapeutic.is_(False),
            ExamDose.origin == _CAPTURED,  # another site's exams say nothing of this room (P46)
        )
        .order_by(ExamDose.started.desc())
        .limit(_LAST)
    ).all()
    found = []
    for place, quantity in enumerate(_COLUMNS):
        values = [value for row in rows if (value := row[place])]
        if len(values) >= ENOUGH:
            name = f"median of the last {len(values)} exams of this procedure in this room"
            found.append(Reference(quantity, median(values), name))
    return tuple(found)
