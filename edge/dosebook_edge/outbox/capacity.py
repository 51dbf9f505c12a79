"""Room for records: how much is used, when to refuse, and what is kept back for receipts."""

import contextlib
import errno
import os
import sqlite3
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from dosebook_edge.outbox.model import Level, OutboxFullError

_LARGEST_RESERVE: Final = 16 * 1024 * 1024
# As much as SQLite's log holds before it is moved into the database (1,000 pages).
_SMALLEST_RESERVE: Final = 5 * 1024 * 1024
_ROW_OVERHEAD: Final = 2048
_ORDINARY_RECORD: Final = 64 * 1024
_NEAR_THE_END: Final = 32 * 1024 * 1024
_MEASURE_EVERY_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Usage:
    """Bytes used by the database, and the state of the file system that it lies on."""

    used: int
    reusable: int
    disk_percent: float
    disk_free: int
    kept_free: int
    """What records must leave free, where the blocks for receipts are not set aside in a file."""


def disk_percent(disk: os.statvfs_result) -> float:
    """Part of a file system that is used of what the box may use: `df` counts it so too.

    Blocks that are kept back for root are neither used nor free.
    """
    used = disk.f_blocks - disk.f_bfree
    room = used + disk.f_bavail
    return 100.0 * used / room if room else 100.0


class Capacity:
    """Watches one database against its largest size and its file system.

    A file of reserved blocks lies beside the database: when the disk is full, giving it up makes
    room for receipts, which is what empties a full outbox.
    """

    def __init__(self, database: Path, max_bytes: int, warn_percent: float) -> None:
        self.max_bytes = max_bytes
        self._warn_percent = warn_percent
        self._folder = database.parent
        self._reserve = database.with_suffix(".reserve")
        self._known_room = 0
        self._known_until = 0.0

    def surely_fits(self, incoming: int) -> bool:
        """Whether the last measurement, a moment ago, left room to spare; if not, measure."""
        self._known_room -= 2 * (incoming + _ROW_OVERHEAD)
        return self._known_room > 0 and time.monotonic() < self._known_until

    def usage(self, connection: sqlite3.Connection) -> Usage:
        """Measure now."""
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        free_pages = connection.execute("PRAGMA freelist_count").fetchone()[0]
        page_size = connection.execute("PRAGMA page_size").fetchone()[0]
        disk = os.statvfs(self._folder)
        size = _reserve_size(disk)
        usage = Usage(
            used=(pages - free_pages) * page_size,
            reusable=free_pages * page_size,
            disk_percent=disk_percent(disk),
            disk_free=disk.f_bavail * disk.f_frsize,
            kept_free=0 if self._is_reserve_kept(size) else size,
        )
        room = min(self.max_bytes - usage.used, usage.disk_free)
        self._known_room = room - _NEAR_THE_END
        self._known_until = time.monotonic() + _MEASURE_EVERY_S
        return usage

    def percent(self, usage: Usage) -> float:
        """How full the outbox is of its largest size."""
        return min(100.0, 100.0 * usage.used / self.max_bytes)

    def level(self, usage: Usage) -> Level:
        """`full` when the next ordinary record would be refused."""
        if self.missing(usage, _ORDINARY_RECORD) > 0:
            return "full"
        fullest = max(self.percent(usage), usage.disk_percent)
        return "warning" if fullest >= self._warn_percent else "ok"

    def missing(self, usage: Usage, incoming: int) -> int:
        """Bytes that must be freed before a payload of that size fits; 0 when it fits."""
        over_limit = usage.used + incoming + _ROW_OVERHEAD - self.max_bytes
        # A payload is written twice: to the log, then to the database, where pages may be free.
        written = incoming + _ROW_OVERHEAD
        over_disk = written + max(0, written - usage.reusable) + usage.kept_free - usage.disk_free
        return max(0, over_limit, over_disk)

    def refusal(self, usage: Usage) -> OutboxFullError:
        """The sentence for whoever is refused."""
        return OutboxFullError(
            f"The outbox is full: {usage.used / 1e6:.1f} of {self.max_bytes / 1e6:.1f} MB used, "
            f"{usage.disk_free / 1e6:.1f} MB free on the disk. New objects are refused until the "
            "registry has received what waits, or there is space. "
            "Run: dosebook-box check uplink"
        )

    def keep_reserve(self) -> None:
        """Set blocks aside for receipts, where there is room to."""
        disk = os.statvfs(self._folder)
        size = _reserve_size(disk)
        if self._is_reserve_kept(size) or disk.f_bavail * disk.f_frsize < 2 * size:
            return
        descriptor = os.open(self._reserve, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            os.ftruncate(descriptor, 0)
        finally:
            os.close(descriptor)

    def _is_reserve_kept(self, size: int) -> bool:
        return size == 0 or (self._reserve.exists() and self._reserve.stat().st_size >= size)

    def give_up_reserve(self) -> bool:
        """Free the reserved blocks; whether there were any."""
        with contextlib.suppress(FileNotFoundError):
            self._reserve.unlink()
            return True
        return False


def _reserve_size(disk: os.statvfs_result) -> int:
    total = disk.f_blocks * disk.f_frsize
    return (
        0
        if total < 4 * _SMALLEST_RESERVE
        else max(_SMALLEST_RESERVE, min(_LARGEST_RESERVE, total // 50))
    )
