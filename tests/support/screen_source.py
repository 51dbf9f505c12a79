"""A screen source over pictures that a test puts before it, into a real outbox."""

from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any

import cbor2
import numpy as np
from PIL import Image

from dosebook_edge.capture.screen.equipped import Equipped
from dosebook_edge.capture.screen.grabbing import Grabber, ScreenLostError
from dosebook_edge.capture.screen.loader import find
from dosebook_edge.capture.screen.picture import Way
from dosebook_edge.capture.screen.read import ScreenReader
from dosebook_edge.capture.screen.source import ScreenSettings, ScreenSource
from dosebook_edge.capture.screen.to_reading import Whose
from dosebook_edge.capture.screen.video_signal import VideoSignal
from dosebook_protocol.reading import Patient, Study
from dosebook_protocol.record import Clock, Record
from dosebook_protocol.screen import unpack
from dosebook_protocol.wire import check_evidence, decode_record, split_record_message
from tests.support.box import BOX
from tests.support.screen_reading import PROFILES, TruthNet


@dataclass
class Monitor:
    """What is on the screen now; None: the signal is lost."""

    grey: Any = None
    way: Way = "lossless"
    words: str = "framebuffer"
    grabs: int = 0
    signal: VideoSignal | None = None

    def show(self, picture) -> None:
        """Put a Pillow picture or a grey array on the screen."""
        self.grey = np.asarray(picture.convert("L")) if hasattr(picture, "convert") else picture

    def grab(self):
        self.grabs += 1
        if self.grey is None:
            raise ScreenLostError("the cable is out")
        return self.grey.copy()

    def close(self) -> None:
        """Nothing is held."""


@dataclass
class NoisyMonitor(Monitor):
    """A screen behind a frame grabber: new noise and new JPEG edges in each picture."""

    way: Way = "grabbed"
    words: str = "grabber"

    def __post_init__(self) -> None:
        self._noise = np.random.default_rng(1)

    def grab(self):
        grey = super().grab().astype(float)
        noisy = np.clip(grey + self._noise.normal(0, 4, grey.shape), 0, 255).astype(np.uint8)
        stream = BytesIO()
        Image.fromarray(noisy).save(stream, "JPEG", quality=80)
        return np.asarray(Image.open(stream).convert("L"))


@dataclass
class Watched:
    """A running source, what it refused, and the exam that runs in the room."""

    source: ScreenSource
    monitor: Monitor
    outbox: Any
    whose: Whose = field(default_factory=lambda: Whose(unassigned="nothing runs"))
    refused: list[str] = field(default_factory=list)

    def records(self) -> list[tuple[Record, Any]]:
        """Every record of the outbox with its opened evidence."""
        return [opened(one.message) for one in self.outbox.unacknowledged(0, 100, 10**8)]


def opened(message: bytes) -> tuple[Record, Any]:
    """A record and the screen it was read from."""
    _, evidence = split_record_message(message)
    return record_of(message), unpack(evidence)


def record_of(message: bytes) -> Record:
    """The record of a message, whose evidence is the one that it states."""
    envelope, evidence = split_record_message(message)
    record = decode_record(cbor2.loads(envelope).value[2])
    check_evidence(record, evidence)
    return record


def reader_of(*screens, **arguments) -> Equipped:
    """A reader with the profiles of drawn screens and a net that knows their crops."""
    loaded = {screen.layout: find(PROFILES[screen.layout]) for screen in screens}
    nets = [TruthNet(screen, loaded[screen.layout], **arguments) for screen in screens]
    for other in nets[1:]:
        nets[0].known |= other.known
    reader = ScreenReader(tuple(loaded.values()), nets[0])
    return Equipped(reader, {one.profile.id: one.profile for one in loaded.values()})


def whose(screen, step: str = "2.25.72") -> Whose:
    """The exam whose patient a drawn screen shows."""
    texts = {cell.field: cell.text for cell in screen.cells}
    return Whose(
        patient=Patient(texts["patient_id"]),
        study=Study(f"{step}.1", accession_number=texts.get("accession", "")),
        modality="CT",
        performed_step_uid=step,
    )


@contextmanager
def watching(
    outbox,
    equipped: Equipped,
    monitor: Monitor | None = None,
    opening: Callable[[str], Grabber] | None = None,
    **settings: Any,
):
    """A source that watches a test's monitor, or what `opening` opens, stopped afterwards."""
    monitor, refused = monitor or Monitor(), []
    usual: dict[str, Any] = {"address": "xwd:/test", "interval_s": 0.01, "settle_s": 0.03}
    source = ScreenSource(
        ScreenSettings("screen", BOX, **(usual | settings)),
        outbox,
        Clock,
        lambda: equipped,
        running=lambda _: watched.whose,
        refuse=refused.append,
        opening=opening or (lambda _: monitor),
    )
    watched = Watched(source, monitor, outbox, refused=refused)
    source.start()
    try:
        yield watched
    finally:
        source.stop()
