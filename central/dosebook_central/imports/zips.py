"""ZIPs from anywhere: opened and read so that a damaged or hostile one gives a reason, no more.

Python's zipfile raises about anything on a damaged ZIP, and makes an object of every line of the
directory that it finds at the end: 200 KB can hold a ZIP whose directory takes gigabytes.
"""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final, TypeVar, cast

MOST_OF_A_DIRECTORY: Final = 32 * 1024 * 1024
"""Some 200,000 files; in memory ten times as much."""

T = TypeVar("T")


class EntryError(Exception):
    """An entry that cannot be read; the text says why."""


def attempt(read: Callable[[], T]) -> T:
    """Return what a reading of a ZIP gives; whatever goes wrong is an `EntryError`."""
    try:
        return read()
    except EntryError:
        raise
    except (RuntimeError, NotImplementedError) as error:  # encrypted, unknown compression
        raise EntryError(f"cannot be unpacked: {error}") from None
    except zipfile.BadZipFile as error:
        raise EntryError(f"begins like a ZIP, but is damaged or cut ({error})") from None
    except Exception as error:  # noqa: BLE001 - zipfile and its unpackers raise anything
        what = error.strerror if isinstance(error, OSError) and error.strerror else error
        raise EntryError(f"cannot be read: {what or type(error).__name__}") from None


@contextmanager
def opened(source: Path | bytes) -> Iterator[zipfile.ZipFile]:
    """Open a ZIP; raises `EntryError` where it is none, or its directory is too large."""
    stream: BinaryIO = (
        io.BytesIO(source) if isinstance(source, bytes) else attempt(lambda: source.open("rb"))
    )
    with stream:
        bounded = _Bounded(stream)
        with attempt(lambda: zipfile.ZipFile(cast(BinaryIO, bounded))) as archive:
            bounded.is_open = True
            yield archive


class _Bounded:
    """A stream for zipfile, which asks for the whole directory in one reading when it opens."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.is_open = False

    def read(self, size: int = -1) -> bytes:
        """Read as the stream does; raises `EntryError` for a directory over the limit."""
        if size > MOST_OF_A_DIRECTORY and not self.is_open:
            raise EntryError(
                f"its directory has {size} bytes, the limit is {MOST_OF_A_DIRECTORY}: unpack it "
                "and import the folder"
            )
        return self._stream.read(size)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
