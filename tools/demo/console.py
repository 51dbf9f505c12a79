"""A CT whose console sends no report: its dose page is read from the screen.

The modality opens its step over MPPS, the console shows the page of its doses, and the step ends
without telling one. The registry has to hold the doses of the page, with the pictures of them.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from sqlalchemy import Connection, Engine, select

from dosebook_central.domain.exam import from_json
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.store.models import Exam as HeldExam
from dosebook_central.store.models import Record
from dosebook_edge.capture.source import CaptureError
from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.exam import Exam, ct_page_exam
from dosebook_edge.simulate.random_patient import SimPatient
from dosebook_edge.simulate.screens.rows import rows_of
from dosebook_protocol.screen import KIND, unpack
from tools.site.box import Box
from tools.site.program import wait

if TYPE_CHECKING:
    from PIL.Image import Image

MODALITY: Final = ("ct-2", "CT2_BOX")
_SOURCE: Final = "ct-2-console"
_LAYOUT: Final = "ge-ct"
PROFILE: Final = "ge-ct-dose-report"
_DEADLINE_S: Final = 60.0


def lacking() -> str:
    """Why no screen can be read here, in the words of the box; "" where one can."""
    try:
        from dosebook_edge.capture.screen.equip import equip

        equip((PROFILE,))
    except (ImportError, CaptureError) as error:
        return str(error)
    return ""


class ConsoleRoom:
    """The room, its one exam, and the screen that a box watches; needs what draws pictures."""

    def __init__(self, folder: Path, seed: int) -> None:
        from dosebook_edge.simulate.screens.framebuffer import FramebufferFile

        patient = hospital.people(seed)[2]
        now = datetime.now().replace(microsecond=0)  # noqa: DTZ005 - as a modality's clock shows
        dice = Random(f"{seed}:console")  # noqa: S311 - seeded on purpose
        self.exam: Exam = ct_page_exam(dice, patient, now - timedelta(minutes=10))
        self.rows = rows_of(self.exam.truth.objects[0])
        self.picture = self._page(patient)
        folder.mkdir(parents=True, exist_ok=True)
        self._file = folder.resolve() / "screen"
        self._screen = FramebufferFile(self._file)
        self._screen.show(self.picture.point(lambda _: 0))  # dark, until it shows the page

    @property
    def settings(self) -> str:
        """The source of the box, as its configuration says it."""
        return (
            f'[[source]]\nname = "{_SOURCE}"\nkind = "screen"\nprofiles = ["{PROFILE}"]\n'
            f'address = "xwd:{self._file}"\nsteps_from = ["{MODALITY[0]}"]\n'
        )

    def show_page(self, box: Box) -> None:
        """Show the dose page until it is a record."""
        before = self._said(box)["last_record_at"]
        self._screen.show(self.picture)
        wait(partial(self._has_news, box, before), _DEADLINE_S, "a record of the console's page")

    def verdict(self, engine: Engine, evidence: Path) -> tuple[str, bool]:
        """A sentence on what the registry made of the page, and whether it is what was shown.

        Args:
            engine: of the registry's database.
            evidence: the folder of the registry's evidence.
        """
        with engine.connect() as connection:
            exam = connection.execute(
                select(HeldExam.summary, HeldExam.evidence_kind, HeldExam.event_count).where(
                    HeldExam.study_uid == self.exam.truth.study_instance_uid
                )
            ).one()
            held = from_json(exam.summary)
            dlp = [one for part in held.parts for one in part.values if one.quantity == "dlp"]
            pictured = _crops(connection, EvidenceFolder(evidence))
        has_crops = all(
            (one.record_id, one.path) in pictured for value in dlp for one in value.sources
        )
        shown = [Decimal(one.value) for one in self.exam.truth.totals]
        is_read = (
            [one.value for one in dlp] == shown
            and exam.evidence_kind == KIND
            and exam.event_count == len(self.rows)
            and has_crops
            and not held.conflicts
        )
        return (
            f"console screen: {exam.event_count} irradiations and a DLP of "
            f"{', '.join(str(one.value) for one in dlp)} mGy·cm read from its page: "
            + ("what it showed, each with its picture" if is_read else f"it showed {shown}"),
            is_read,
        )

    def _page(self, patient: SimPatient) -> "Image":
        """The dose page that the console shows of the exam."""
        from dosebook_edge.simulate.screens.faces import faces_here
        from dosebook_edge.simulate.screens.gallery import draw
        from dosebook_edge.simulate.screens.visit import Visit

        visit = Visit.of(Random(0), patient, self.exam.truth.accession_number)  # noqa: S311 - a date
        drawn = draw(_LAYOUT, 0, visit=visit, faces=faces_here(), rows=self.rows)
        return drawn.picture

    def _has_news(self, box: Box, before: str | None) -> bool:
        return bool(self._said(box)["last_record_at"] != before)

    def _said(self, box: Box) -> dict[str, Any]:
        """What the box says of the screen."""
        sources: list[dict[str, Any]] = box.outbox()["sources"]
        return next(one for one in sources if one["name"] == _SOURCE)


def _crops(connection: Connection, evidence: EvidenceFolder) -> set[tuple[str, str]]:
    """Record and path of each value of a screen whose picture the registry holds."""
    records = connection.execute(
        select(Record.id, Record.evidence_sha256).where(Record.source_kind == KIND)
    )
    return {
        (record_id, path)
        for record_id, sha256 in records
        for path in unpack(evidence.get(sha256)).crops
    }
