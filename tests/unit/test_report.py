"""The report of `read --json`: totals that may be summed, exact numbers, a stable form."""

import json
from dataclasses import replace
from decimal import Decimal

from dosebook_protocol.quantities import QUANTITIES
from dosebook_protocol.reading import (
    BreastSide,
    CodedItem,
    DoseValue,
    EventKind,
    IrradiationEvent,
    Outcome,
    Phantom,
    Plane,
    Reading,
    Total,
)
from dosebook_protocol.report import report, to_json
from dosebook_protocol.report_totals import TWO_REFERENCE_POINTS, totals


def value(quantity: str, number: str) -> DoseValue:
    """Build a value in its storage unit."""
    unit = QUANTITIES[quantity].unit
    return DoseValue(quantity, Decimal(number), unit, number, unit, "1/2")


def total(
    quantity: str,
    number: str,
    *,
    plane: Plane | None = None,
    side: BreastSide | None = None,
    phantom: Phantom | None = None,
) -> Total:
    """Build a stated total."""
    return Total(value(quantity, number), plane=plane, side=side, phantom=phantom)


def event(*values: DoseValue, kind: EventKind = EventKind.CT) -> IrradiationEvent:
    """Build an event of those values."""
    return IrradiationEvent(uid="1.2.3", kind=kind, values=values)


def reading(*stated: Total, events: tuple[IrradiationEvent, ...] = ()) -> Reading:
    """Build what a reader saw."""
    return Reading(Outcome.READ, "rdsr-ct", "test", totals=stated, events=events)


def test_p16_planes_add_for_kap_and_are_labelled_for_reference_points() -> None:
    """KAP A + B is the total; Ka,r is shown per plane and its sum says what it is."""
    found = totals(
        reading(
            total("dose_area_product", "1.5", plane=Plane.A),
            total("dose_area_product", "0.5", plane=Plane.B),
            total("dose_rp", "10", plane=Plane.A),
            total("dose_rp", "20", plane=Plane.B),
        )
    )
    assert found["dose_area_product_gy_cm2"] == 2
    assert found["planes"]["a"] == {"dose_area_product_gy_cm2": Decimal("1.5"), "dose_rp_mgy": 10}
    assert found["planes"]["b"]["dose_rp_mgy"] == 20
    assert found["dose_rp_mgy"] == 30
    assert found["notes"] == {"dose_rp_mgy": TWO_REFERENCE_POINTS}


def test_p16_container_of_all_planes_wins() -> None:
    """A stated total over all planes is not added to its own parts."""
    found = totals(
        reading(
            total("dose_area_product", "1.5", plane=Plane.A),
            total("dose_area_product", "0.5", plane=Plane.B),
            total("dose_area_product", "2.1", plane=Plane.ALL),
        )
    )
    assert found["dose_area_product_gy_cm2"] == Decimal("2.1")


def test_p03_breasts_stay_apart() -> None:
    """AGD is one number a breast, stated or summed from events, and never one for both."""
    shots = (
        replace(event(value("average_glandular_dose", "1.1")), side="left"),
        replace(event(value("average_glandular_dose", "1.2")), side="left"),
        replace(event(value("average_glandular_dose", "1.4")), side="right"),
    )
    found = totals(
        reading(
            total("average_glandular_dose", "2.3", side="left"),
            total("average_glandular_dose", "1.4", side="right"),
            events=shots,
        )
    )
    by_breast = {"left": Decimal("2.3"), "right": Decimal("1.4")}
    assert found["average_glandular_dose_mgy"] == by_breast
    assert found["sum_of_events"]["average_glandular_dose_mgy"] == by_breast


def test_p12_phantoms_are_not_mixed() -> None:
    """DLP over two phantoms has no single sum, stated or from events."""
    scans = (
        replace(event(value("dlp", "100")), phantom="16cm"),
        replace(event(value("dlp", "300")), phantom="32cm"),
    )
    found = totals(
        reading(
            total("dlp", "100", phantom="16cm"), total("dlp", "300", phantom="32cm"), events=scans
        )
    )
    assert found["dlp_by_phantom_mgy_cm"] == {"16cm": 100, "32cm": 300}
    assert "dlp_mgy_cm" not in found
    assert "dlp_mgy_cm" not in found["sum_of_events"]
    assert found["sum_of_events"]["dlp_by_phantom_mgy_cm"] == {"16cm": 100, "32cm": 300}


def test_p13_ctdi_vol_is_never_summed() -> None:
    """CTDIvol appears as its maximum over events."""
    scans = (event(value("ctdi_vol", "10")), event(value("ctdi_vol", "12")), event())
    found = totals(reading(events=scans))
    assert found["max_ctdi_vol_mgy"] == 12
    assert (found["events_in_file"], found["events_with_dose"]) == (3, 2)
    assert "ctdi" not in json.dumps(list(found["sum_of_events"]))


def test_p29_a_stated_zero_total_is_reported() -> None:
    """A total of zero is there; one that nobody stated is not."""
    found = totals(reading(total("fluoro_time", "0")))
    assert found["fluoro_time_s"] == 0
    assert "dose_area_product_gy_cm2" not in found
    assert found["sum_of_events"] == {}


def test_p60_activities_add_within_one_radionuclide() -> None:
    """Two administrations of one nuclide add up; two nuclides do not."""
    given = event(value("administered_activity", "394"), kind=EventKind.RADIOPHARMACEUTICAL)
    fluorine = replace(given, items=(CodedItem("radionuclide", text="F-18"),))
    gallium = replace(given, items=(CodedItem("radionuclide", text="Ga-68"),))
    assert totals(reading(events=(fluorine, fluorine)))["administered_activity_mbq"] == 788
    mixed = totals(reading(events=(fluorine, gallium)))
    assert mixed["administrations"] == 2
    assert "administered_activity_mbq" not in mixed


def test_numbers_keep_every_digit() -> None:
    """A decimal is written with its own digits, never through binary floating point."""
    document = {"exact": Decimal("236.09"), "long": Decimal("0.1000000000000000055"), "n": [1, "x"]}
    assert to_json(document) == '{"exact": 236.09, "long": 0.1000000000000000055, "n": [1, "x"]}'
    assert json.loads(to_json(document, indent=2), parse_float=Decimal) == document
    assert to_json({"a": [], "b": {}}, indent=2) == '{\n  "a": [],\n  "b": {}\n}'


def test_exponents_of_hostile_numbers_are_not_written_out() -> None:
    """A number with a million zeros is written with its exponent."""
    assert to_json(Decimal("1E+999999")) == "1E+999999"
    assert to_json(Decimal("1.5E+3")) == "1500"


def test_report_names_the_file_and_every_value_its_source() -> None:
    """Each value says what was sent, in what unit, and where in the object it stood."""
    document = report(
        reading(total("dlp", "7.46"), events=(event(value("dlp", "7.46")),)), "a", "b"
    )
    assert (document["path"], document["sha256"], document["outcome"]) == ("a", "b", "read")
    assert document["stated"][0]["path"] == "1/2"
    shown = document["events"][0]["values"][0]
    assert (shown["field"], shown["original"], shown["unit"]) == ("dlp_mgy_cm", "7.46", "mGy.cm")
