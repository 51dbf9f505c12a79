"""The irradiation events of one planned exam."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Final

from dosebook_edge.simulate import codes
from dosebook_edge.simulate.codes import Code
from dosebook_edge.simulate.population.plan import Number, PlannedEvent
from dosebook_edge.simulate.population.procedures import Procedure
from dosebook_edge.simulate.scene import uid

_VIEWS: Final = (
    ("left", codes.CRANIO_CAUDAL),
    ("right", codes.CRANIO_CAUDAL),
    ("left", codes.MEDIO_LATERAL_OBLIQUE),
    ("right", codes.MEDIO_LATERAL_OBLIQUE),
)
_LOW_DOSE_CT: Final = Procedure("ct_low_dose", "CT", ("AC CT",), codes.ENTIRE_BODY, 3.2, 950)


def expose(
    rng: Random, procedure: Procedure, started: datetime, weight_kg: float, years: float
) -> Iterator[PlannedEvent]:
    """Yield the events of an exam; a heavier patient takes more, a child less."""
    size = max(0.2, weight_kg / 75)
    if procedure.modality == "CT":
        yield from _ct(rng, procedure, started, size, years)
    elif procedure.modality == "MG":
        yield from _mammography(rng, procedure, started)
    elif procedure.agent is not None:
        yield _injection(rng, procedure, started, size)
        if procedure.with_ct:
            yield from _ct(rng, _LOW_DOSE_CT, started + timedelta(minutes=62), size, years)
    else:
        yield from _projection(rng, procedure, started, size)


def _ct(
    rng: Random, procedure: Procedure, started: datetime, size: float, years: float
) -> Iterator[PlannedEvent]:
    # P11: some scanners state a child's body scan for the head phantom.
    in_head_phantom = procedure.is_head or (years < 12 and rng.random() < 0.5)
    phantom = "16cm" if in_head_phantom else "32cm"
    length = procedure.length_mm * min(1.0, 0.45 + years / 30) * rng.uniform(0.9, 1.1)
    level = procedure.level * (1 if procedure.is_head else size**0.7) * rng.lognormvariate(0, 0.25)
    if in_head_phantom and not procedure.is_head:
        level *= 2.1
    plan: list[tuple[Code, float, float]] = [(codes.CT_CONSTANT_ANGLE, 0.12, length)]
    if procedure.bolus:
        plan.append((codes.CT_STATIONARY, rng.uniform(1, 4), 10))
    main = codes.CT_SEQUENCED if procedure.is_head else codes.CT_SPIRAL
    plan += [(main, level, length)] * procedure.phases
    name = procedure.names[0]
    for number, (kind, wanted, range_mm) in enumerate(plan):
        ctdi = max(wanted, 0.01)
        yield PlannedEvent(
            uid(rng), "ct", started + timedelta(seconds=40 * number), kind, name, procedure.region,
            (
                Number("ctdi_vol", f"{ctdi:.2f}", "mGy"),
                Number("dlp", f"{round(ctdi, 2) * range_mm / 10:.2f}", "mGy.cm"),
                Number("scanning_length", f"{range_mm:.0f}", "mm"),
            ),
            phantom=phantom,
        )  # fmt: skip


def _mammography(rng: Random, procedure: Procedure, started: datetime) -> Iterator[PlannedEvent]:
    thickness = rng.triangular(25, 90, 55)
    for number, (side, view) in enumerate(_VIEWS):
        dose = procedure.level * (thickness / 55) * rng.lognormvariate(0, 0.12)
        yield PlannedEvent(
            uid(rng), "mammography", started + timedelta(seconds=75 * number), None,
            procedure.names[0], codes.BREAST,
            (
                Number("average_glandular_dose", f"{dose:.2f}", "mGy"),
                Number("compression_thickness", f"{thickness:.0f}", "mm"),
            ),
            side=side,
            view=view,
        )  # fmt: skip


def _injection(rng: Random, procedure: Procedure, started: datetime, size: float) -> PlannedEvent:
    activity = procedure.level * min(size, 1.6) * rng.lognormvariate(0, 0.08)
    return PlannedEvent(
        uid(rng), "radiopharmaceutical", started, None, procedure.names[0], None,
        (Number("administered_activity", f"{activity:.1f}", "MBq"),),
        agent=procedure.agent,
    )  # fmt: skip


def _projection(
    rng: Random, procedure: Procedure, started: datetime, size: float
) -> Iterator[PlannedEvent]:
    level = procedure.level * size**1.4 * rng.lognormvariate(0, 0.45)
    shares = [rng.expovariate(1) if procedure.fluoro_s else 1.0 for _ in range(procedure.events)]
    for number, share in enumerate(shares):
        part = share / sum(shares)
        values = [Number("dose_area_product", f"{level * part / 10000:.9f}", "Gy.m2")]
        kind = codes.STATIONARY
        if procedure.fluoro_s:
            kind = codes.FLUOROSCOPY if number % 2 == 0 else codes.STATIONARY
            kerma = procedure.kerma_mgy * level / procedure.level * part / 1000
            values.append(Number("dose_rp", f"{kerma:.6f}", "Gy"))
            seconds = procedure.fluoro_s * part * rng.uniform(0.7, 1.3)
            values.append(Number("irradiation_duration", f"{seconds:.1f}", "s"))
        yield PlannedEvent(
            uid(rng), "projection", started + timedelta(seconds=60 * number), kind,
            procedure.names[0], procedure.region, tuple(values),
        )  # fmt: skip
