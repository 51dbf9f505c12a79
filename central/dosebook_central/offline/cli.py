"""`dosebook-registry derive`: the doses of files, without a registry."""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

import click

from dosebook_central.derivation.engine import Rules
from dosebook_central.domain.procedures.resolve import Resolver
from dosebook_central.domain.procedures.vocabulary import vocabulary_of
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.values import DerivedValue, NotComputable
from dosebook_central.offline.document import document
from dosebook_central.offline.exams import Found, OfflineExam, find_exams
from dosebook_central.offline.skin import FLUOROSCOPY, QUANTITY, skin_dose
from dosebook_central.offline.table import lines
from dosebook_central.terminal import say
from dosebook_protocol.reading import Outcome
from dosebook_protocol.report import to_json

_TELL_EVERY_S: Final = 0.5


@click.command("derive")
@click.argument(
    "paths",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, path_type=Path),
    metavar="PATH…",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option("--no-skin-dose", is_flag=True, help="Leave out skin dose maps, the slowest part.")
def derive(paths: tuple[Path, ...], *, as_json: bool, no_skin_dose: bool) -> None:
    """Derive the doses of the exams in files; nothing is stored and no registry is needed.

    Coefficient sets are those shipped, procedures are told by codes and words alone. Each exam
    shows its values with method, set, interval and place, or why there is none; a file that gives
    none is named with its reason. Exits with 3 where a file or an exam could not be read.
    """
    library = shipped()
    rules = Rules(library, Resolver(vocabulary_of(library)))
    teller = _Teller()
    found = find_exams(paths, rules, teller.counted)
    found = replace(
        found,
        exams=tuple(
            _with(one, _left_out(one) if no_skin_dose else skin_dose(one, teller.beams(one)))
            for one in found.exams
        ),
    )
    teller.end()
    if as_json:
        click.echo(to_json(document(found, library), indent=1))
    else:
        for line in lines(found):
            say(line)
    if not _is_sound(found):
        sys.exit(3)


def _is_sound(found: Found) -> bool:
    is_read = all(one.outcome is not Outcome.QUARANTINED for one in found.files)
    return is_read and all(one.is_sound for one in found.exams)


def _with(found: OfflineExam, skin: DerivedValue | NotComputable | None) -> OfflineExam:
    derived = found.derived
    if isinstance(skin, DerivedValue):
        derived = replace(derived, values=(*derived.values, skin))
    elif skin is not None:
        derived = replace(derived, absences=(*derived.absences, skin))
    return replace(found, derived=derived)


def _left_out(found: OfflineExam) -> NotComputable | None:
    if found.exam.modality not in FLUOROSCOPY:
        return None
    return NotComputable(QUANTITY, "left-out", "left out by --no-skin-dose")


class _Teller:
    """Tells how far it is on one line of the terminal, twice a second at most."""

    def __init__(self) -> None:
        self._last = time.monotonic()

    def counted(self, what: str, count: int) -> None:
        self._tell(f"{count} {what}")

    def beams(self, found: OfflineExam) -> Callable[[int, int], None]:
        return lambda done, total: self._tell(
            f"skin dose of exam {found.number}: {done} of {total} events"
        )

    def end(self) -> None:
        click.echo("", err=True)

    def _tell(self, text: str) -> None:
        now = time.monotonic()
        if now - self._last >= _TELL_EVERY_S:
            self._last = now
            click.echo(f"\r{text:<60}", nl=False, err=True)
