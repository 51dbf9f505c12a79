"""Wait for a file descriptor; without select's limit of 1,024 open files."""

import select


def is_readable(fileno: int, timeout_s: float) -> bool:
    """Whether bytes, or an end, came within some seconds."""
    poll = select.poll()
    poll.register(fileno, select.POLLIN)
    return bool(poll.poll(max(0.0, timeout_s) * 1000))
