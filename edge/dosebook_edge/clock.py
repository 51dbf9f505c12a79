"""How far the box's clock can be trusted (P26): asked of the kernel, never corrected here."""

import ctypes
import time
from pathlib import Path
from typing import Final

from dosebook_protocol.record import Clock

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_UNSYNCHRONISED_STATE: Final = 5  # TIME_ERROR
_STA_UNSYNC: Final = 0x0040
# The kernel's largest error grows for ever without a time source; beyond this it says nothing.
_LARGEST_KNOWN_S: Final = 15.9


class _Timex(ctypes.Structure):
    """`struct timex` of adjtimex(2), with room for what follows the fields that are read."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("freq", ctypes.c_long),
        ("maxerror", ctypes.c_long),
        ("esterror", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_byte * 256),
    )


class BoxClock:
    """Makes the clock part of records: quality, uncertainty, boot and monotonic time."""

    def __init__(self, boot_id_file: Path = _BOOT_ID) -> None:
        try:
            self._boot_id = boot_id_file.read_text().strip()
        except OSError:
            self._boot_id = ""
        self._adjtimex = getattr(ctypes.CDLL(None), "adjtimex", None)

    def __call__(self) -> Clock:
        """The clock's state now."""
        monotonic_s = round(time.clock_gettime(time.CLOCK_BOOTTIME), 3)
        base = Clock(boot_id=self._boot_id, monotonic_s=monotonic_s)
        answer = self._ask()
        if answer is None:
            return base
        is_synchronised, uncertainty_s = answer
        if not is_synchronised:
            return base.model_copy(update={"quality": "unsynchronised"})
        known = uncertainty_s if uncertainty_s < _LARGEST_KNOWN_S else None
        return base.model_copy(update={"quality": "synchronised", "uncertainty_s": known})

    def _ask(self) -> tuple[bool, float] | None:
        """Whether the kernel's clock is disciplined, and its largest error; None if unknown."""
        if self._adjtimex is None:
            return None
        timex = _Timex()
        state = self._adjtimex(ctypes.byref(timex))
        if state < 0:
            return None
        is_synchronised = state != _UNSYNCHRONISED_STATE and not timex.status & _STA_UNSYNC
        return is_synchronised, timex.maxerror / 1e6
