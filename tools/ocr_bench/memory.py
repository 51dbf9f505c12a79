"""The greatest memory of this process."""

from pathlib import Path


def peak_kib() -> int:
    """High-water mark of resident memory; getrusage would count what the parent held before."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise OSError("this system does not tell a process's greatest memory")
