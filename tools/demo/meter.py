"""A fluoroscopy room with a DAP meter: the modality tells of an exam, and the meter measures it.

The modality opens its step over MPPS, the meter's counter rises by the dose of each event, then the
modality sends its report and closes the step. The registry has to see one dose and two witnesses.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import Any, Final

from sqlalchemy import Engine, select

from dosebook_central.domain.exam import Role
from dosebook_central.store.models import Exam as HeldExam
from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.exam import Exam, screening_exam
from dosebook_edge.simulate.instrument.lines import PtyLine
from dosebook_edge.simulate.instrument.plan import Pace, exposures_of
from dosebook_edge.simulate.instrument.profile import load
from dosebook_edge.simulate.instrument.stage import playing
from tools.site.box import Box
from tools.site.program import wait

MODALITY: Final = ("screening", "RF_BOX")
_METER: Final = "dap-meter"
_PROFILE: Final = "ptw-diamentor"
_BEFORE_S: Final = -1.0
_PACE: Final = Pace(shortest_s=0.0, longest_s=0.0, pause_s=1.0)  # event n at second n
_DEADLINE_S: Final = 60.0


class MeteredRoom:
    """The room, its one exam, and the meter that a box reads."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._port = folder.resolve() / _METER
        patient = hospital.people(seed)[1]
        now = datetime.now().replace(microsecond=0)  # noqa: DTZ005 - as a modality's clock shows
        dice = Random(f"{seed}:screening")  # noqa: S311 - seeded on purpose
        self.exam: Exam = screening_exam(dice, patient, now - timedelta(minutes=10))
        self._now_s = _BEFORE_S

    @property
    def settings(self) -> str:
        """The source of the box, as its configuration says it."""
        return (
            f'[[source]]\nname = "{_METER}"\nkind = "instrument"\nprofile = "{_PROFILE}"\n'
            f'address = "{self._port}"\nmodality = "RF"\nidle = "1s"\n'
            f'steps_from = ["{MODALITY[0]}"]\ndap_position = "before table"\n'
        )

    @contextmanager
    def measuring(self) -> Iterator[None]:
        """The meter is plugged in for the length of the block."""
        self._port.parent.mkdir(parents=True, exist_ok=True)
        profile = load(_PROFILE)
        plan = exposures_of(profile, self._doses(), _PACE)
        with playing(profile, plan, PtyLine(self._port), clock=lambda: self._now_s):
            yield

    def irradiate(self, box: Box) -> None:
        """Let the counter rise by one event after the other, each once the last is a record."""
        for number in range(len(self._doses())):
            before = self._said(box)["last_record_at"]
            self._now_s = float(number)
            what = f"a record of exposure {number + 1} of the meter"
            wait(partial(self._has_news, box, before), _DEADLINE_S, what)

    def wait_heard(self, box: Box) -> None:
        """Wait until the box shows what the meter shows: what comes then is counted."""
        wait(lambda: "shows" in self._said(box)["detail"], _DEADLINE_S, "the meter heard")

    def verdict(self, engine: Engine) -> tuple[str, bool]:
        """A sentence on what the registry made of the exam, and whether it is one dose."""
        with engine.connect() as connection:
            summary: dict[str, Any] = connection.execute(
                select(HeldExam.summary).where(
                    HeldExam.study_uid == self.exam.truth.study_instance_uid
                )
            ).scalar_one()
        roles = [one["role"] for one in summary["evidences"] if one["kind"] == "instrument"]
        doses = [
            Decimal(one["value"])
            for part in summary["parts"]
            for one in part["values"]
            if one["quantity"] == "dose_area_product"
        ]
        measured = sum(self._doses(), Decimal(0)) / 100
        is_one = (
            roles == [Role.CORROBORATES] * len(self._doses())
            and doses == [measured]
            and not summary["conflicts"]
        )
        return (
            f"DAP meter: {len(roles)} exposures of {measured} Gy·cm² beside a report of "
            f"{', '.join(map(str, doses))} Gy·cm²: "
            + ("one dose, two witnesses" if is_one else f"NOT one dose: {roles}"),
            is_one,
        )

    def _doses(self) -> list[Decimal]:
        """The dose-area product of each event, in cGy·cm² as the meter shows it."""
        return [
            Decimal(value.value) * 100
            for told in self.exam.truth.objects
            for event in told.events
            for value in event.values
            if value.quantity == "dose_area_product"
        ]

    def _has_news(self, box: Box, before: str | None) -> bool:
        return bool(self._said(box)["last_record_at"] != before)

    def _said(self, box: Box) -> dict[str, Any]:
        """What the box says of the meter."""
        sources: list[dict[str, Any]] = box.outbox()["sources"]
        return next(one for one in sources if one["name"] == _METER)
