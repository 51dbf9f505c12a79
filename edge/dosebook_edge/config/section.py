"""What every table of a box's configuration is."""

from typing import Final

from pydantic import BaseModel, ConfigDict, Field, JsonValue

LOCAL_ONLY: Final[dict[str, JsonValue]] = {"local_only": True}
"""Marks keys that the registry may not set."""
DURATION: Final[dict[str, JsonValue]] = {"unit": "duration"}
"""Says for people that a key is a length of time."""


class Section(BaseModel):
    """A table of the file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, validate_default=True)


class NamedSource(Section):
    """What every source has, whatever its way of capture."""

    name: str = Field(
        pattern="^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$",
        description="Name of the source, stated in each of its records.",
        examples=["ct"],
        json_schema_extra=LOCAL_ONLY,
    )
