"""The demo's hospital: a registry, its boxes, and a seeded morning's work sent to them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from dosebook_edge.simulate import hospital
from dosebook_edge.simulate.exam import Exam
from dosebook_edge.simulate.scene import SimObject
from dosebook_edge.simulate.send import SendResult, send
from tools.demo import console, meter
from tools.site.box import Box
from tools.site.program import SiteError, wait
from tools.site.registry import HOST, Registry

SEED: Final = 20261120
EXAMS: Final = 24
DELIVERY_DEADLINE_S: Final = 90.0

_IMAGING: Final = (
    ("ct", "CT_BOX"),
    ("dx", "DX_BOX"),
    ("mg", "MG_BOX"),
    ("pet", "PET_BOX"),
    meter.MODALITY,
)
_THEATRE: Final = (("c-arm", "XA_BOX"),)
_SCANNER: Final = (console.MODALITY,)
_SOURCE_OF: Final = {"CT": "ct", "DX": "dx", "CR": "dx", "MG": "mg", "PT": "pet", "XA": "c-arm"}


class Scanner:
    """The room of the console, and the box that watches its screen."""

    def __init__(self, folder: Path) -> None:
        self.room = console.ConsoleRoom(folder, SEED)
        self.box = Box(
            folder,
            "scanner-3",
            _SCANNER,
            room="CT 2",
            settings=self.room.settings,
            reads_screens=True,
        )


class Hospital:
    """Everything that runs in the demo."""

    def __init__(self, folder: Path) -> None:
        self.registry = Registry(folder / "central")
        self.metered = meter.MeteredRoom(folder / "imaging", SEED)
        self.imaging = Box(
            folder / "imaging",
            "imaging-1",
            _IMAGING,
            room="Imaging, ground floor",
            settings=self.metered.settings,
        )
        self.boxes = [
            self.imaging,
            Box(folder / "theatre", "theatre-2", _THEATRE, room="Theatre 2"),
        ]
        self.no_screen = console.lacking()
        self.scanner = None if self.no_screen else Scanner(folder / "scanner")
        if self.scanner is not None:
            self.boxes.append(self.scanner.box)
        self._playing = ExitStack()

    def start(self) -> None:
        """Make the registry, enrol the boxes and start everything."""
        self.registry.cli("init")
        for box in self.boxes:
            self.registry.enrol(box)
        self.registry.spawn()
        self._playing.enter_context(self.metered.measuring())
        for box in self.boxes:
            box.spawn()
        self.registry.wait_ready()
        for box in self.boxes:
            box.wait_ready()

    def stop(self) -> None:
        """Stop everything, boxes first."""
        for box in self.boxes:
            box.stop()
        self._playing.close()
        self.registry.stop()

    def add_user(self, login: str, name: str, role: str, password: str) -> None:
        """Let one person in."""
        options = ("--name", name, "--role", role, "--password-stdin", "--keep-password")
        self.registry.cli("user", "add", login, *options, text=password + "\n")

    def send(self, exam: Exam) -> list[SendResult]:
        """Send all objects of one exam from its modality to its box; raises `SiteError`."""
        source = _SOURCE_OF[exam.truth.modality]
        box, title = next(
            (box, title)
            for box, sources in zip(self.boxes, (_IMAGING, _THEATRE), strict=True)
            for name, title in sources
            if name == source
        )
        return self._send(exam.objects, exam, box, (source, title))

    def screen(self) -> list[SendResult]:
        """Let the fluoroscopy room do its exam, the meter measuring; raises `SiteError`."""
        exam, box = self.metered.exam, self.imaging
        self.metered.wait_heard(box)
        opened = self._send(exam.objects[:1], exam, box, meter.MODALITY)
        self.metered.irradiate(box)
        return opened + self._send(exam.objects[1:], exam, box, meter.MODALITY)

    def scan(self) -> list[SendResult]:
        """Let the CT that sends no report do its exam, its console showing the doses.

        Nothing where no screen can be read; raises `SiteError`.
        """
        if self.scanner is None:
            return []
        exam, box = self.scanner.room.exam, self.scanner.box
        opened = self._send(exam.objects[:1], exam, box, console.MODALITY)
        self.scanner.room.show_page(box)
        return opened + self._send(exam.objects[1:], exam, box, console.MODALITY)

    @staticmethod
    def _send(
        objects: Sequence[SimObject], exam: Exam, box: Box, source: tuple[str, str]
    ) -> list[SendResult]:
        name, title = source
        results = send(objects, HOST, box.port(name), title, name.upper())
        refused = [result for result in results if result.status != 0]
        if refused:
            raise SiteError(f"box {box.box_id} refused {len(refused)} objects of {exam.truth.exam}")
        return results

    def wait_delivered(self) -> int:
        """Wait until every box has a receipt for all that it stored; returns how many records."""
        for box in self.boxes:
            wait(box.is_delivered, DELIVERY_DEADLINE_S, f"every record of {box.box_id} receipted")
        return sum(box.records("--limit", "1")[0]["sequence"] for box in self.boxes)


@contextmanager
def running(folder: Path) -> Iterator[Hospital]:
    """A hospital that runs for the length of the block, its logs shown if it fails."""
    found = Hospital(folder)
    try:
        found.start()
        yield found
    except SiteError as error:
        print(error, file=sys.stderr)
        raise
    finally:
        found.stop()


def work() -> Iterator[Exam]:
    """Prior years of some patients, then the morning."""
    yield from hospital.priors(SEED)
    yield from hospital.morning(SEED, EXAMS)
