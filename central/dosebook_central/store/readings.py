"""How a reading is written in its column, and read from it."""

from typing import Final

from pydantic import TypeAdapter

from dosebook_protocol.reading import Reading

_READING: Final = TypeAdapter(Reading)


def dump_reading(reading: Reading) -> str:
    """Write a reading as it is stored."""
    return _READING.dump_json(reading, exclude_defaults=True).decode()


def load_reading(body: str) -> Reading:
    """Read a stored reading."""
    return _READING.validate_json(body)
