"""Typefaces to draw in: fetched as Debian packages, checked by hash, opened at a size."""

import fnmatch
import hashlib
import subprocess
import tomllib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final, Literal

from PIL import ImageFont

LIST: Final = Path(__file__).with_name("typefaces.toml")
Use = Literal["train", "evaluate"]
_SEVEN: Final = "0123456789.-: "  # what a face of seven segments draws readably


class TypefaceError(Exception):
    """A package of typefaces is missing or not the one that is listed."""


@dataclass(frozen=True, slots=True)
class Face:
    """One file of a typeface; `size` is 0 for outlines, else the height of its bitmaps in px."""

    file: Path
    size: int

    @property
    def kind(self) -> Literal["outline", "bitmap", "segments"]:
        """How it is drawn."""
        if self.file.name.startswith("DSEG"):
            return "segments"
        return "bitmap" if self.size else "outline"

    def font(self, size: int) -> ImageFont.FreeTypeFont:
        """The face at a size in px; bitmaps have but one."""
        return _open(self.file, self.size or size)

    def can_draw(self, text: str) -> bool:
        """Whether every character has a shape of its own in this face."""
        if self.kind == "segments":
            return all(character in _SEVEN for character in text)
        return all(_has_shape(self.file, self.size, character) for character in text)


def faces(folder: Path, use: Use) -> tuple[Face, ...]:
    """The faces of one use, in the order of the list; fetches what `folder` lacks.

    Raises:
        TypefaceError: a package cannot be had, or is another than the listed one.
    """
    found = []
    for package in tomllib.loads(LIST.read_text())["package"]:
        root = _unpacked(folder, package["name"], package["version"], package["sha256"])
        for pattern in package.get(use, []):
            files = sorted(path for path in root.rglob("*") if fnmatch.fnmatch(path.name, pattern))
            found += [face for face in map(_face, files) if face is not None]
    return tuple(dict.fromkeys(found))


def _unpacked(folder: Path, name: str, version: str, sha256: str) -> Path:
    root = folder / f"{name}-{sha256[:12]}"
    if root.is_dir():
        return root
    folder.mkdir(parents=True, exist_ok=True)
    try:
        subprocess.run(
            ["apt-get", "-qq", "download", f"{name}={version}"],
            cwd=folder, check=True, capture_output=True, text=True,
        )  # fmt: skip
    except (OSError, subprocess.CalledProcessError) as error:
        detail = getattr(error, "stderr", "") or error
        raise TypefaceError(f"cannot fetch {name} {version} of Debian 12: {detail}") from error
    file = next(iter(folder.glob(f"{name}_*.deb")))
    if hashlib.sha256(file.read_bytes()).hexdigest() != sha256:
        raise TypefaceError(f"{file.name} is not the listed one: its SHA-256 differs")
    subprocess.run(["dpkg-deb", "-x", file, root], check=True)
    file.unlink()
    return root


def _face(file: Path) -> Face | None:
    if not file.name.endswith(".pcf.gz"):
        return Face(file, 0)
    for size in range(8, 33):
        try:
            _open(file, size)
        except OSError:
            continue
        return Face(file, size)
    return None


@lru_cache(maxsize=2000)
def _open(file: Path, size: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(str(file), size, layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=20000)
def _has_shape(file: Path, size: int, character: str) -> bool:
    if character == " ":
        return True
    font = _open(file, size or 20)
    shape, missing = (bytes(font.getmask(one)) for one in (character, "\ufffe"))
    return any(shape) and shape != missing
