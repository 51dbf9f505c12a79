"""The present view of an exam: one number a column, the right one, or none."""

from decimal import Decimal

from dosebook_central.derivation.rows import ExamRow, dose_row
from dosebook_central.dosimetry.derive import derive
from dosebook_central.dosimetry.packages import shipped
from tests.support.derivation import no_procedure
from tests.support.exams import event, exam, total


def _row(of):
    derived = derive(of, shipped(), no_procedure)
    return dose_row(ExamRow(of, "p", "g", "s", has_facts=True), derived, 1)


def test_p14_reported_and_imaging_dlp_are_two_columns():
    """P14: the report's total with its localiser, and the DLP of imaging, each in its column."""
    row = _row(
        exam(
            event(1, "chest", "localiser", dlp=10),
            event(2, "chest", dlp=300),
            totals=(total("dlp", 310, phantom="32cm"),),
        )
    )
    assert (row["dlp_mgy_cm"], row["dlp_imaging_mgy_cm"]) == (Decimal(310), Decimal(300))


def test_p12_dlp_of_two_phantoms_is_no_number():
    """P12: with a head and a body phantom the columns stay empty: the two are never added."""
    row = _row(exam(event(1, "head", dlp=500), event(2, "chest", dlp=300)))
    assert (row["dlp_mgy_cm"], row["dlp_imaging_mgy_cm"]) == (None, None)
