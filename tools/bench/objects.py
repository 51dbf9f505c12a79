"""The objects that benches measure on: simulated, seeded, as many different ones as asked for."""

import hashlib
import os
import re
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path
from random import Random
from typing import Final

from dosebook_edge.simulate import carm, ct
from dosebook_edge.simulate.scene import IMPLEMENTATION_UID, fixed_uid, to_bytes
from tools.terminal import ROOT

_CT: Final = "siemens-ct"
_CARM: Final = "siemens-artis"
_UID: Final = re.compile(rb"2\.25\.\d+")
# Implementation and device are the same in every object of one machine.
_STABLE: Final = {IMPLEMENTATION_UID.encode(), *(fixed_uid(name).encode() for name in (_CT, _CARM))}


@cache
def ct_report() -> bytes:
    """A CT dose report of 25 KB, five scans."""
    return to_bytes(ct.ct_rdsr(Random(2), _CT, events=5)[0])


@cache
def projection_report(events: int) -> bytes:
    """A fluoroscopy dose report of one plane."""
    return to_bytes(carm.carm_rdsr(Random(1), _CARM, events=events)[0])


@cache
def large_report(size: int) -> bytes:
    """A fluoroscopy dose report of at least that many bytes."""
    each = (len(projection_report(200)) - len(projection_report(100))) // 100
    return projection_report(size // each + 1)


def variants(template: bytes, count: int, salt: str) -> Iterator[bytes]:
    """Copies of a simulated object, each another study of another patient.

    Every UID that a sender draws anew and the patient's identifier are exchanged for others of the
    same length, one to one; all else, and so the work of reading, stays as it is.
    """
    patient = _patient_id(template)
    for index in range(count):
        key = f"{salt}:{index}"
        exchanged = _UID.sub(partial(_other_uid, key), template)
        yield exchanged.replace(patient, _digits(f"{key}:patient", len(patient)))


def write_variants(folder: Path, template: bytes, count: int, salt: str) -> list[Path]:
    """Write such copies as files."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"{index:05d}.dcm" for index in range(count)]
    for path, data in zip(paths, variants(template, count, salt), strict=True):
        path.write_bytes(data)
    return paths


def corpus_files(pattern: str) -> list[Path]:
    """Real files, none where the corpus is not at hand."""
    folder = Path(os.environ.get("DOSEBOOK_CORPUS", ROOT.parent / "shared" / "corpus"))
    return sorted(folder.glob(pattern))


def _other_uid(key: str, found: re.Match[bytes]) -> bytes:
    value = found[0]
    if value in _STABLE:
        return value
    # The first digit stays: a UID component must not begin with 0 (PS3.5 §9.1).
    return value[:6] + _digits(f"{key}:{value.decode()}", len(value) - 6)


def _digits(key: str, length: int) -> bytes:
    number = int.from_bytes(hashlib.sha512(key.encode()).digest())
    return f"{number:0{length}d}"[-length:].encode()


def _patient_id(template: bytes) -> bytes:
    """Value of Patient ID (0010,0020), LO, explicit VR little endian."""
    start = template.index(b"\x10\x00\x20\x00LO")
    length = int.from_bytes(template[start + 6 : start + 8], "little")
    return template[start + 8 : start + 8 + length].rstrip()
