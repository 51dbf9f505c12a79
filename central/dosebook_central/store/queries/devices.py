"""The machines of projection exams: what they are shown as, and whether they did fluoroscopy."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field

from sqlalchemy import Connection, case, func, select

from dosebook_central.domain.devices import Device
from dosebook_central.domain.exam import from_json
from dosebook_central.store.bulk import one_of
from dosebook_central.store.devices import Decided, decisions, in_force
from dosebook_central.store.models import Exam


@dataclass(frozen=True, slots=True)
class ListedDevice:
    """One machine with the number of its exams by modality, and the decision that holds."""

    device: Device
    exams: Counter[str] = field(default_factory=Counter)
    reported: str = ""  # of one of its exams, where it is shown as something else
    decided: Decided | None = None

    @property
    def name(self) -> str:
        """How people name it."""
        return f"{self.device.manufacturer} {self.device.model}".strip()


@dataclass(frozen=True, slots=True)
class Fluoroscopy:
    """How many exams of a machine state a fluoroscopy time, one of zero, or none."""

    with_time: int
    zero: int
    not_stated: int


def list_devices(connection: Connection) -> list[ListedDevice]:
    """Return every machine that a projection exam names, those of the most exams first."""
    exams: defaultdict[str, Counter[str]] = defaultdict(Counter)
    samples: set[str] = set()
    for ids, modality, count, group in connection.execute(
        select(Exam.devices, Exam.modality, func.count(), func.min(Exam.group_id))
        .where(Exam.devices != "")
        .group_by(Exam.devices, Exam.modality)
    ):
        samples.add(group)
        for device_id in ids.split(";"):
            exams[device_id][modality] += count
    known = _described(connection, samples)
    held = in_force(decisions(connection))
    listed = [
        ListedDevice(device, exams[device_id], reported, held.get(device_id))
        for device_id, (device, reported) in known.items()
        if device_id in exams
    ]
    return sorted(listed, key=lambda one: (-one.exams.total(), one.name, one.device.station))


def _described(connection: Connection, groups: set[str]) -> dict[str, tuple[Device, str]]:
    """Each machine as one of its exams names it, and what that was reported as if not as shown."""
    summaries = connection.scalars(
        select(Exam.summary)
        .where(one_of(connection, Exam.group_id, groups), Exam.devices != "")
        .order_by(Exam.started)
    )
    found: dict[str, tuple[Device, str]] = {}
    for summary in summaries:
        for part in from_json(summary).parts:
            if part.device is not None and part.device.id:
                found[part.device.id] = part.device, part.reported_modality
    return found


def fluoroscopy(connection: Connection, device_id: str) -> Fluoroscopy:
    """Count the exams of one machine by their fluoroscopy time."""
    time = Exam.fluoro_time_s
    row = connection.execute(
        select(
            func.count(case((time > 0, 1))),
            func.count(case((time == 0, 1))),
            func.count(case((time.is_(None), 1))),
        ).where(Exam.devices != "", Exam.devices.contains(device_id))
    ).one()
    return Fluoroscopy(*row)
