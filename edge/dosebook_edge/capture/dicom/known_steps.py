"""The procedure steps that a box knew before it was started anew."""

from datetime import datetime, timedelta
from typing import Final

from dosebook_edge.capture.dicom.contexts import EXPLICIT_LITTLE, MPPS
from dosebook_edge.capture.dicom.mpps import IN_PROGRESS, place_of
from dosebook_edge.capture.dicom.part10 import file_of
from dosebook_edge.capture.room import LONGEST_STEP, RoomStep
from dosebook_edge.outbox import Outbox
from dosebook_protocol.dicom.read import read_object

_JUST_ENDED: Final = timedelta(hours=1)
_RECENT: Final = """
SELECT uid_hash, state, changed_at, sealed,
       (SELECT min(captured_at) FROM record WHERE sop_instance_hash = uid_hash),
       (SELECT source FROM record WHERE sop_instance_hash = uid_hash LIMIT 1)
FROM procedure_step WHERE changed_at > ? OR (state = ? AND changed_at > ?)
"""


def known_steps(outbox: Outbox, now: datetime) -> list[RoomStep]:
    """Steps in progress, and those that have just ended."""
    limits = ((now - _JUST_ENDED).isoformat(), IN_PROGRESS, (now - LONGEST_STEP).isoformat())
    rows = outbox.read(lambda connection: connection.execute(_RECENT, limits).fetchall())
    found = []
    for uid_hash, state, changed_at, sealed, first_at, source in rows:
        dataset = outbox.vault.unseal(place_of(uid_hash), sealed)
        evidence = file_of(dataset, MPPS, "", EXPLICIT_LITTLE)
        reading = read_object(evidence, "application/dicom; mpps=n-set")
        if reading.step is None:
            continue
        changed = datetime.fromisoformat(changed_at)
        found.append(
            RoomStep(
                uid=reading.step.uid,
                source=source or "",
                reading=reading,
                started_at=datetime.fromisoformat(first_at) if first_at else changed,
                ended_at=None if state == IN_PROGRESS else changed,
            )
        )
    return found
