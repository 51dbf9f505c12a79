"""The form of an alert rule: from a rule to its fields, and from what was entered to a rule."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError

from dosebook_central.domain.alerts.rule import Band, Rule, from_json
from dosebook_central.web.arguments import Arguments
from dosebook_central.web.regions import region_order
from dosebook_protocol.printed import full_text

BANDS: Final = 5
QUANTITIES: Final = (
    "effective_dose",
    "ctdi_vol",
    "dlp",
    "dlp_imaging",
    "ssde",
    "dose_area_product",
    "dose_rp",
    "peak_skin_dose",
    "fluoro_time",
    "average_glandular_dose",
    "entrance_dose",
    "administered_activity",
    "exams",
)
KINDS: Final = {
    "exam": "the total of one exam",
    "event": "each irradiation event",
    "sum": "a sum over a period",
    "count": "the number of exams in a period",
}
LEVELS: Final = {
    "information": "Information",
    "notification": "Notification",
    "alert": "Alert",
    "substantial": "Substantial radiation dose",
}
MODALITIES: Final = ("CT", "XA", "RF", "DX", "CR", "MG", "NM", "PT", "PX", "IO")
_LISTS: Final = (
    "procedures",
    "regions",
    "stations",
    "except_event_types",
    "acquisitions",
    "except_acquisitions",
    "protocols",
    "places",
)
_NUMBERS: Final = (
    "threshold",
    "times_drl",
    "times_room",
    "period_days",
    "age_from",
    "age_below",
    "phantom",
)
_GROUPS: Final = frozenset({"when", "bands"})  # of which a field is the last part of its place
_LABELS: Final = {
    "title": "What to do",
    "threshold": "Threshold",
    "times_drl": "Times the DRL",
    "times_room": "Times off its room",
    "period_days": "Period, days",
    "age_from": "Age from",
    "age_below": "Age below",
    "regions": "Regions",
    "procedures": "Procedures",
    "stations": "Rooms",
    "places": "Only at",
}
_WRONG: Final = {
    "string_too_short": "write in a few words",
    "greater_than": "has to be above {gt}",
    "greater_than_equal": "has to be {ge} or more",
}
_PLAIN: Final = ("title", "kind", "quantity", "comparison", "level", "action", "source")


@dataclass(frozen=True, slots=True)
class Entered:
    """What a person entered: a rule, or the fields again with what is wrong with them."""

    fields: Mapping[str, Any]
    rule: Rule | None = None
    errors: tuple[str, ...] = field(default=())


def fields_of(rule: Rule) -> dict[str, Any]:
    """Return the fields of the form that show a rule."""
    when = rule.when
    return {
        **{name: getattr(rule, name) for name in _PLAIN},
        "threshold": _text(rule.threshold),
        "times_drl": _text(rule.times_drl),
        "times_room": _text(rule.times_room),
        "bands": [_band_fields(band) for band in rule.bands],
        "period_days": str(rule.period_days or ""),
        "same_region": rule.same_region,
        "is_at_risk": rule.is_at_risk,
        "modalities": list(when.modalities),
        "phantom": when.phantom or "",
        "age_from": _text(when.age_from),
        "age_below": _text(when.age_below),
        **{name: ", ".join(getattr(when, name)) for name in _LISTS},
    }


def entered(form: Arguments, rule_id: str, procedures: Collection[str]) -> Entered:
    """Read a form; numbers may have a point or a comma, lists are parted by commas.

    A region or a procedure that nobody knows is refused: a rule of none would never fire.
    """
    fields: dict[str, Any] = {name: form.get(name, "").strip() for name in _PLAIN}
    fields |= {name: form.get(name, "").strip() for name in _LISTS}
    fields |= {name: form.get(name, "").strip() for name in _NUMBERS}
    fields["modalities"] = [name for name in MODALITIES if name in form.getlist("modalities")]
    fields["same_region"] = form.get("same_region") == "yes"
    fields["is_at_risk"] = form.get("is_at_risk") == "yes"
    fields["bands"] = [
        band for number in range(BANDS) if (band := _entered_band(form, number))["threshold"]
    ]
    try:
        rule = from_json(_body(fields, rule_id))
    except ValidationError as error:
        return Entered(fields, errors=tuple(_error_text(one) for one in error.errors()))
    except _NumberError as error:
        return Entered(fields, errors=(str(error),))
    unknown = (
        *_unknown("regions", rule.when.regions, region_order()),
        *_unknown("procedures", rule.when.procedures, procedures),
    )
    return Entered(fields, errors=unknown) if unknown else Entered(fields, rule)


class _NumberError(ValueError):
    """A field that holds no number."""


def _body(fields: Mapping[str, Any], rule_id: str) -> dict[str, Any]:
    return {
        "id": rule_id,
        **{name: fields[name] for name in _PLAIN},
        "threshold": _number(fields["threshold"], "threshold"),
        "times_drl": _number(fields["times_drl"], "multiple of the DRL"),
        "times_room": _number(fields["times_room"], "multiple of the room's median"),
        "bands": [
            {
                "by": band["by"],
                "low": _number(band["low"], "lower bound of a band"),
                "high": _number(band["high"], "upper bound of a band"),
                "threshold": _number(band["threshold"], "threshold of a band"),
            }
            for band in fields["bands"]
        ],
        "period_days": _days(fields["period_days"]),
        "same_region": fields["same_region"],
        "is_at_risk": fields["is_at_risk"],
        "when": {
            "modalities": fields["modalities"],
            "phantom": fields["phantom"] or None,
            "age_from": _number(fields["age_from"], "age"),
            "age_below": _number(fields["age_below"], "age"),
            **{name: _list(fields[name]) for name in _LISTS},
        },
    }


def _entered_band(form: Arguments, number: int) -> dict[str, str]:
    return {
        name: form.get(f"band{number}_{name}", "").strip()
        for name in ("by", "low", "high", "threshold")
    }


def _band_fields(band: Band) -> dict[str, str]:
    return {
        "by": band.by,
        "low": _text(band.low),
        "high": _text(band.high),
        "threshold": _text(band.threshold),
    }


def _number(text: str, what: str) -> str | None:
    if not text:
        return None
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise _NumberError(f"The {what} is no number: {text}") from None
    if not number.is_finite():
        raise _NumberError(f"The {what} is no number: {text}")
    return str(number)


def _days(text: str) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit():
        raise _NumberError(f"The period is no whole number of days: {text}")
    return int(text)


def _list(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _text(number: Decimal | None) -> str:
    return "" if number is None else full_text(number)


def _unknown(name: str, said: Iterable[str], known: Collection[str]) -> Iterator[str]:
    for one in said:
        if one not in known:
            near = ", ".join(get_close_matches(one.lower(), known, cutoff=0.5))
            advice = f"near it: {near}" if near else "they are named by their ids"
            yield f"{_LABELS[name]}: “{one}” is none that Dosebook knows; {advice}"


def _error_text(error: Any) -> str:
    """What is wrong, and in which field, by the words that stand beside it."""
    message = str(error["msg"]).removeprefix("Value error, ")
    names = [one for one in error["loc"] if isinstance(one, str) and one not in _GROUPS]
    if not names:
        return f"{message[0].upper()}{message[1:]}"
    label = _LABELS.get(names[-1], names[-1].replace("_", " "))
    said = _WRONG.get(error["type"], f"{message[0].lower()}{message[1:]}")
    return f"{label}: {said.format(**error.get('ctx', {}))}"
