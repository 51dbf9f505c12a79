"""The peak skin doses of derived exams in the present view: an observer of the derivation."""

from collections.abc import Sequence

from sqlalchemy import Connection

from dosebook_central.derivation.engine import DerivedExam
from dosebook_central.store.skin_dose import show_peaks


def shown_peaks(connection: Connection, exams: Sequence[DerivedExam]) -> None:
    """Show the peak that holds for each exam of a batch."""
    show_peaks(connection, [one.exam.exam_id for one in exams])
