"""Numbers, units and times as people read them."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from typing import Final

from markupsafe import Markup, escape

from dosebook_protocol.language import ngettext
from dosebook_protocol.printed import full_text
from dosebook_protocol.quantities import QUANTITIES

MISSING: Final = "—"
THIN: Final = "\N{NARROW NO-BREAK SPACE}"
_DIGIT_WIDE: Final = "\N{FIGURE SPACE}"
_POINT_WIDE: Final = "\N{PUNCTUATION SPACE}"

# Decimals at which a column lines up; small values get more, so that three digits always show.
_DECIMALS: Final = {
    "ctdi_vol": 2,
    "ctdi_w": 2,
    "ssde": 2,
    "dlp": 1,
    "dose_area_product": 3,
    "fluoro_dose_area_product": 3,
    "acquisition_dose_area_product": 3,
    "dose_rp": 2,
    "fluoro_dose_rp": 2,
    "acquisition_dose_rp": 2,
    "entrance_dose": 2,
    "average_glandular_dose": 2,
    "administered_activity": 1,
    "effective_dose": 2,
    "fluoro_time": 0,
    "acquisition_time": 0,
}
_INDICES: Final = {
    "Ka,r": "K<sub>a,r</sub>",
    "CTDIvol": "CTDI<sub>vol</sub>",
    "CTDIw": "CTDI<sub>w</sub>",
}
_PHANTOMS: Final = {"16cm": "16 cm", "32cm": "32 cm"}
_PLANES: Final = {"a": "plane A", "b": "plane B", "all": "both planes", "single": ""}
_SIDES: Final = {"left": "left", "right": "right", "both": "both breasts"}


def number_text(
    value: Decimal | None, quantity: str = "", column: Iterable[Decimal | None] = ()
) -> str:
    """A value at the decimals of its quantity; `—` when it is missing, never 0 in its place (P29).

    With `column`, the values above and below it, all of them get the same decimals and line up.
    """
    if value is None:
        return MISSING
    if quantity not in _DECIMALS:
        return full_text(value)
    decimals = max(decimals_of(one, quantity) for one in (value, *column) if one is not None)
    return f"{value.quantize(Decimal(1).scaleb(-decimals), rounding=ROUND_HALF_EVEN):f}"


def lined_up(text: str, column: Iterable[str]) -> str:
    """A number of a column whose points stand under each other, whatever decimals each has.

    Blanks as wide as a digit or a point stand for those that others have more.
    """
    decimals = len(text.partition(".")[2])
    most = max((len(one.partition(".")[2]) for one in column), default=0)
    blank = _POINT_WIDE if most and not decimals else ""
    return text + blank + _DIGIT_WIDE * (most - decimals)


def decimals_of(value: Decimal, quantity: str) -> int:
    """How many decimals a value needs beside a console that shows it too.

    As many as it has, if that is at most one more than usual; else the usual ones or, for a small
    value, those that show three digits: rounding never hides what a factor of it would change.
    """
    usual = _DECIMALS.get(quantity, 0)
    exponent = value.normalize().as_tuple().exponent
    own = max(0, -exponent) if isinstance(exponent, int) and value else 0
    if own <= usual + 1:
        return max(usual, own)
    return max(usual, min(own, 2 - value.adjusted()))


def texts_apart(one: Decimal, other: Decimal, quantity: str) -> tuple[str, str]:
    """Two numbers at the same decimals, as many as show that they are not the same."""
    shown = number_text(one, quantity, (other,)), number_text(other, quantity, (one,))
    if shown[0] == shown[1] and one != other:
        return full_text(one), full_text(other)
    return shown


@cache
def quantity_html(quantity: str) -> Markup:
    """The label of a quantity as print sets it: Ka,r and CTDIvol with their indices below."""
    return indexed(quantity_label(quantity))


def indexed(text: str) -> Markup:
    """A text in which Ka,r, CTDIvol and CTDIw stand as print sets them."""
    html = str(escape(text))
    for plain, printed in _INDICES.items():
        html = html.replace(plain, printed)
    return Markup(html)  # noqa: S704 - escaped above


def quantity_label(quantity: str) -> str:
    """The label of a quantity: `dose_rp` → `Ka,r`."""
    known = QUANTITIES.get(quantity)
    return known.label if known else quantity.replace("_", " ")


def phantom_text(phantom: str | None) -> str:
    """A CT dosimetry phantom, which is shown beside every CTDIvol and DLP (P11)."""
    return _PHANTOMS.get(phantom or "", "phantom not stated")


def plane_text(plane: str | None) -> str:
    """An acquisition plane; nothing for a single one."""
    return _PLANES.get(plane or "", plane or "")


def side_text(side: str | None) -> str:
    """A breast side."""
    return _SIDES.get(side or "", side or "")


def size_text(size_bytes: float) -> str:
    """A number of bytes in the largest unit that fits."""
    for unit in ("B", "KB", "MB", "GB"):
        if size_bytes < 1000:
            return f"{size_bytes:.0f} {unit}" if unit == "B" else f"{size_bytes:.1f} {unit}"
        size_bytes /= 1000
    return f"{size_bytes:.1f} TB"


def local_time_text(iso: str) -> str:
    """A sender's local time to the minute: `2026-03-02 09:41`."""
    return iso[:16].replace("T", " ") if iso else MISSING


def moment_text(moment: datetime | None) -> str:
    """A moment in the registry's own zone, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else MISSING


def days_text(days: int) -> str:
    """A period of a rule: whole years as such, with their leap days, anything else in days."""
    years, rest = divmod(days, 365)
    if years and rest <= (years + 3) // 4:
        return ngettext("a year", "%(num)d years", years)
    return ngettext("a day", "%(num)d days", days)


def zone_text(moment: datetime) -> str:
    """The zone in which `moment_text` writes: its name, and how far it is from UTC."""
    here = moment.astimezone()
    name, offset = here.strftime("%Z"), here.strftime("%z")
    apart = f"UTC{offset[:3]}:{offset[3:5]}"
    if name in {"", "UTC"}:
        return "UTC"
    return apart if name[0] in "+-" else f"{name} ({apart})"


def since_text(moment: datetime | None, now: datetime) -> str:
    """How long ago a moment is, in one unit."""
    if moment is None:
        return "never"
    return f"{span_text(max(now - moment, timedelta()))} ago"


def span_text(span: timedelta) -> str:
    """A span of time in its largest unit."""
    seconds = int(span.total_seconds())
    for size, unit in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= size:
            return f"{seconds // size}{THIN}{unit}"
    return f"{seconds}{THIN}s"


def age_text(birth_date: str, on: str) -> str:
    """Age on a day, both as ISO or DICOM dates; years, or months below two years."""
    born, day = _day(birth_date), _day(on)
    if born is None or day is None or day < born:
        return ""
    months = (day.year - born.year) * 12 + day.month - born.month - (day.day < born.day)
    return f"{months // 12} y" if months >= 24 else f"{months} months"


def date_text(date: str) -> str:
    """A DICOM or ISO date as ISO; what cannot be read is shown as sent."""
    day = _day(date)
    return day.strftime("%Y-%m-%d") if day else date or MISSING


def parse_moment(text: str | None) -> datetime | None:
    """An RFC 3339 moment of a health message; None when it is missing or unreadable."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


def _day(text: str) -> datetime | None:
    digits = text[:10].replace("-", "")[:8]
    try:
        return datetime.strptime(digits, "%Y%m%d").replace(tzinfo=UTC)
    except ValueError:
        return None
