"""The box's own reader, run as a program on this machine: what it reads here, a box will read.

The registry shares no code with the box. The program gets a folder of its own that is gone
afterwards, an environment with nothing in it, bounded time, memory and output, and no shell.
"""

import json
import os
import resource
import shutil
import signal
import subprocess
import sys
import threading
from base64 import b64decode
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

TIMEOUT_S: Final = 60.0
_TURN_S: Final = 20.0
_MOST_OUTPUT: Final = 16 * 1024 * 1024
_MOST_MEMORY: Final = 4 * 1024**3
_AT_A_TIME: Final = threading.BoundedSemaphore(2)
_LISTED: Final[dict[str, list["Known"]]] = {}
"""What programs ship, asked once: it changes with their version only."""
_ANSWERS: Final = (0, 1, 3)
"""Exit codes with an answer: all accepted, refused or faulty, some for a person."""

T = TypeVar("T")


class ReaderError(Exception):
    """The program gave no answer; the text says why, and what to do."""


class Fault(BaseModel):
    """What is wrong in a profile: its key and the cure."""

    key: str
    text: str


class Checked(BaseModel):
    """What the box says of a profile; `profile` is what its file has."""

    id: str
    faults: list[Fault]
    profile: dict[str, Any]


class Known(BaseModel):
    """A profile that comes with the box."""

    id: str
    maker: str
    model: str


class Refused(BaseModel):
    """Why a picture is not read at all."""

    code: str
    detail: str


class Value(BaseModel):
    """One value on a picture; without a quantity it is context and never counts."""

    name: str
    label: str
    text: str
    value: str | None
    unit: str
    quantity: str
    meaning: str
    confidence: float
    state: str
    reason: str
    crop: tuple[int, int, int, int]


class Label(BaseModel):
    """What stands where a label has to be."""

    name: str
    text: str
    found: bool
    crop: tuple[int, int, int, int]


class Who(BaseModel):
    """What stands where the screen shows the patient."""

    what: str
    text: str
    crop: tuple[int, int, int, int]


class PictureRead(BaseModel):
    """All that the box reads on one picture."""

    language: str
    refused: Refused | None
    accepted: int
    review: int
    values: list[Value]
    labels: list[Label]
    patient: list[Who]


_READ: Final = TypeAdapter(list[PictureRead])
_CHECKED: Final = TypeAdapter(Checked)
_KNOWN: Final = TypeAdapter(list[Known])


@dataclass(frozen=True, slots=True)
class BoxReader:
    """The program by its name or path; "" switches reading back off."""

    program: str
    timeout_s: float = TIMEOUT_S

    def check(self, toml: str) -> Checked:
        """Every fault of a profile; raises `ReaderError`."""
        files = {"profile.toml": toml.encode()}
        return self._ask(_CHECKED, ["screen", "check", "profile.toml", "--json"], files)

    def known(self) -> list[Known]:
        """The profiles that come with the box; raises `ReaderError`."""
        if self.program not in _LISTED:
            _LISTED[self.program] = self._ask(_KNOWN, ["screen", "list", "--json"], {})
        return _LISTED[self.program]

    def profile(self, name: str) -> dict[str, Any]:
        """A profile that comes with the box; raises `ReaderError`."""
        if name not in {one.id for one in self.known()}:
            raise ReaderError(f"{name} does not come with the box: choose one of the list")
        return self._ask(_CHECKED, ["screen", "check", name, "--json"], {}).profile

    def read(
        self, toml: str, pictures: Sequence[bytes], *, grabbed: bool, frames: bool
    ) -> list[PictureRead]:
        """What stands on pictures, one answer each in their order; raises `ReaderError`."""
        names = [f"picture-{number}.png" for number in range(1, len(pictures) + 1)]
        options = [*(["--grabbed"] if grabbed else []), *(["--frames"] if frames else [])]
        files = {"profile.toml": toml.encode()} | dict(zip(names, pictures, strict=True))
        line = ["screen", "test", "profile.toml", *names, *options, "--json"]
        found = self._ask(_READ, line, files)
        if len(found) != len(pictures):
            raise ReaderError(_nonsense(self.program))
        return found

    def cut(self, picture: bytes, box: Sequence[int]) -> str:
        """A part of a picture as the `png` of a patch; raises `ReaderError`."""
        line = ["screen", "cut", "picture.png", *map(str, box)]
        return self._run(line, {"picture.png": picture}).decode("ascii", "replace").strip()

    def picture(self, capture: bytes) -> bytes:
        """The first frame of a DICOM secondary capture as PNG; raises `ReaderError`."""
        answer = self._run(["screen", "picture", "capture.dcm"], {"capture.dcm": capture})
        try:
            return b64decode(answer.strip(), validate=True)
        except ValueError:
            raise ReaderError(_nonsense(self.program)) from None

    def _ask(self, answer: TypeAdapter[T], line: Sequence[str], files: dict[str, bytes]) -> T:
        try:
            return answer.validate_python(json.loads(self._run(line, files)))
        except (ValueError, ValidationError, RecursionError):
            raise ReaderError(_nonsense(self.program)) from None

    def _run(self, line: Sequence[str], files: dict[str, bytes]) -> bytes:
        """Standard output of one run."""
        path = _found(self.program)
        if not _AT_A_TIME.acquire(timeout=_TURN_S):
            raise ReaderError("others are reading pictures back: try again in a minute")
        try:
            with TemporaryDirectory(prefix="dosebook-reader-") as name:
                folder = Path(name)
                for each, data in files.items():
                    (folder / each).write_bytes(data)
                return self._within(folder, [path, *line])
        finally:
            _AT_A_TIME.release()

    def _within(self, folder: Path, line: Sequence[str]) -> bytes:
        said, told = folder / "stdout", folder / "stderr"
        with said.open("wb") as out, told.open("wb") as err:
            try:
                process = subprocess.Popen(  # noqa: S603 - the program of the configuration
                    line,
                    stdin=subprocess.DEVNULL,
                    stdout=out,
                    stderr=err,
                    cwd=folder,
                    env=_environment(folder),
                    start_new_session=True,
                )
            except OSError as error:
                raise ReaderError(
                    f"{self.program} cannot be started, {error.strerror}: see screens.reader"
                ) from None
            code = self._waited(process)
        if code not in _ANSWERS or not said.stat().st_size:
            raise ReaderError(_told(told, self.program))
        if said.stat().st_size > _MOST_OUTPUT:
            raise ReaderError(_nonsense(self.program))
        return said.read_bytes()

    def _waited(self, process: "subprocess.Popen[bytes]") -> int:
        """The exit code; whatever it started goes with it when time is up."""
        seconds = int(self.timeout_s) + 1
        try:
            for what, most in (
                (resource.RLIMIT_CPU, seconds * 4),
                (resource.RLIMIT_FSIZE, _MOST_OUTPUT + 1),
                (resource.RLIMIT_AS, _MOST_MEMORY),
            ):
                resource.prlimit(process.pid, what, (most, most))
        except ProcessLookupError:
            pass  # it has ended already
        try:
            return process.wait(self.timeout_s)
        except subprocess.TimeoutExpired:
            raise ReaderError(
                f"reading took longer than {self.timeout_s:.0f} s: try fewer pictures"
            ) from None
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def _found(program: str) -> str:
    if not program:
        raise ReaderError(
            "reading back is switched off here: name the box's program in screens.reader"
        )
    path = shutil.which(program, path=_search_path())
    if path is None:
        raise ReaderError(
            f"{program} is not on this machine, so that pictures are not read back and nothing is "
            "checked; drawing works. Install it beside the registry (pip install "
            "'dosebook-edge[screen]') or name its path in screens.reader of registry.toml."
        )
    return path


def _search_path() -> str:
    """Where programs are; first beside this one, where both were installed together."""
    return os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])


def _environment(folder: Path) -> dict[str, str]:
    return {
        "PATH": _search_path(),
        "HOME": str(folder),
        "TMPDIR": str(folder),
        "LANG": "C.UTF-8",
        "PYTHONDONTWRITEBYTECODE": "1",
    }


def _told(path: Path, program: str) -> str:
    """What the program says on standard error, without its warnings; no path of ours is in it."""
    text = path.read_bytes()[-4000:].decode("utf-8", "replace")
    lines = [one.removeprefix("Error: ") for one in text.splitlines() if one.startswith("Error: ")]
    return " ".join(lines)[:500] or _nonsense(program)


def _nonsense(program: str) -> str:
    return f"{program} did not answer as expected: is it of the same version as this registry?"
