"""The reader against pydicom's own read and full walk, over the same bytes in the same process.

Both in CPU time: they run alone in one thread. pydicom's validation of values is off for both, as
`dosebook_protocol.dicom.read` switches it off; with it pydicom would be slower still.
"""

import io
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial

from pydicom import Dataset, dcmread

from dosebook_protocol.dicom.read import read_object
from dosebook_protocol.reading import Outcome
from tools.bench.measure import in_turns
from tools.bench.objects import corpus_files, ct_report, projection_report
from tools.bench.row import Row

AIM = "<= 0.25"
AGAINST = "pydicom dcmread and every element's value"


def bench_reader_ct() -> Iterator[Row]:
    """A simulated CT RDSR of 26 KB, and the CT reports of the corpus."""
    yield _row("reader-ct", [ct_report()], rounds=20, repeats=9)
    real = [path.read_bytes() for path in corpus_files("ct/*RDSR*.dcm")]
    if real:
        yield _row(f"reader-ct-corpus ({len(real)} files)", real, rounds=1, repeats=9)


def bench_reader_rf() -> Iterator[Row]:
    """A simulated fluoroscopy RDSR of 300 events, and the RF reports of the corpus."""
    yield _row("reader-rf-300", [projection_report(300)], rounds=1, repeats=3)
    real = [path.read_bytes() for path in corpus_files("rf/*RDSR*.dcm")]
    if real:
        yield _row(f"reader-rf-corpus ({len(real)} files)", real, rounds=1, repeats=5)


def walk(dataset: Dataset) -> int:
    """Convert the value of every element, at any depth; returns how many there are."""
    count = 0
    for element in dataset:
        count += 1
        if element.VR == "SQ":
            count += sum(walk(item) for item in element.value)
        else:
            _ = element.value
    return count


def _row(name: str, objects: Sequence[bytes], *, rounds: int, repeats: int) -> Row:
    for data in objects:
        reading = read_object(data)
        if reading.outcome is not Outcome.READ or not walk(dcmread(io.BytesIO(data))):
            raise RuntimeError(f"{name}: the reader says {reading.outcome}: {reading.reason}")
    ours, theirs = in_turns(
        [partial(_each, read_object, objects, rounds), partial(_each, _pydicom, objects, rounds)],
        repeats=repeats,
        clock=time.process_time,
    )
    each = 1000 / (rounds * len(objects))
    return Row(name, ours * each, "ms", reference=theirs * each, against=AGAINST, aim=AIM)


def _pydicom(data: bytes) -> int:
    return walk(dcmread(io.BytesIO(data)))


def _each(work: Callable[[bytes], object], objects: Sequence[bytes], rounds: int) -> None:
    for _ in range(rounds):
        for data in objects:
            work(data)
