"""Which reading of a record counts: the one of the reader version that the record names."""

from typing import Final

from sqlalchemy import ColumnElement, and_

from dosebook_central.store.models import Reading, Record

READING_IN_FORCE: Final[ColumnElement[bool]] = and_(
    Reading.record_id == Record.id, Reading.reader_version == Record.reader_version
)
"""The condition of a join of `Record` and `Reading`; every version is kept (P56)."""
