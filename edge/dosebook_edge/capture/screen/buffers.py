"""Large buffers go back to the system as soon as they are freed.

glibc keeps freed memory for later once it has seen large blocks come and go (mallopt(3), the
dynamic mmap threshold). A process that reads pictures of megapixels now and then would hold the
sum of what its largest pictures took, for ever.
"""

import ctypes
from typing import Final

_M_MMAP_THRESHOLD: Final = -3  # malloc.h
_LARGE: Final = 1024 * 1024


def return_large_buffers() -> None:
    """Set, for this process, that a buffer of a megabyte or more is mapped and unmapped by itself.

    Does nothing where the C library has no mallopt.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
