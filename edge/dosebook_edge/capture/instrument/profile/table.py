"""What every table of a profile is."""

from pydantic import BaseModel, ConfigDict


class Table(BaseModel):
    """A table of the file: an unknown key and a wrong type are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)
