"""Durations and sizes as people write them: `30s`, `12h`, `4GB`."""

import re
from datetime import timedelta
from typing import Annotated, Final

from pydantic import BeforeValidator, PlainSerializer

_NUMBER: Final = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*\Z")
_SECONDS: Final = {"ms": 0.001, "s": 1, "min": 60, "m": 60, "h": 3600, "d": 86400}
_BYTES: Final = {"b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "kib": 2**10, "mib": 2**20} | {
    "gib": 2**30
}


def parse_duration(value: object) -> object:
    """Turn `90s`, `5min`, `12h`, `30d` into a duration."""
    if not isinstance(value, str):
        return value
    number, unit = _split(value, _SECONDS, "a duration is a number and ms, s, min, h or d: 30s")
    return timedelta(seconds=float(number) * _SECONDS[unit])


def parse_size(value: object) -> object:
    """Turn `500MB`, `4GB`, `1GiB` into bytes."""
    if not isinstance(value, str):
        return value
    number, unit = _split(value, _BYTES, "a size is a number and B, kB, MB, GB, MiB or GiB: 4GB")
    return int(float(number) * _BYTES[unit])


def _split(value: str, units: dict[str, int] | dict[str, float], rule: str) -> tuple[str, str]:
    match = _NUMBER.match(value)
    if match is None or match[2].lower() not in units:
        raise ValueError(f"{value!r} is not understood: {rule}")
    return match[1], match[2].lower()


def show_duration(value: timedelta) -> str:
    """Write a duration in its largest whole unit."""
    seconds = value.total_seconds()
    for unit in ("d", "h", "min", "s"):
        if seconds >= _SECONDS[unit] and seconds % _SECONDS[unit] == 0:
            return f"{seconds / _SECONDS[unit]:g}{unit}"
    return f"{seconds * 1000:g}ms"


def show_size(value: int) -> str:
    """Write a size in its largest whole unit."""
    for unit, name in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if value >= unit and value % unit == 0:
            return f"{value // unit}{name}"
    return f"{value}B"


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(show_duration, return_type=str),
]
Size = Annotated[int, BeforeValidator(parse_size), PlainSerializer(show_size, return_type=str)]
