"""What stands on dose screens: values in all their forms, units, labels in seven languages."""

from random import Random
from typing import Final

UNITS: Final = (
    "mGy", "mGy*cm", "mGy.cm", "mGy·cm", "mGycm", "Gy·cm²", "Gycm²", "Gy*cm2", "µGym²", "µGy·m²",
    "uGym2", "dGycm²", "dGy.cm2", "cGycm²", "cGy.cm²", "mGym²", "mGycm²", "mGy/min", "µGy/s",
    "mGy/s", "µSv", "mSv", "µSv/h", "s", "sec", "min", "ms", "h", "kV", "kVp", "mA", "mAs", "µAs",
    "%", "MBq", "mm", "cm", "mm²", "p/s", "fps", "f/s", "°", "kg", "W", "kW", "HU",
)  # fmt: skip

LABELS: Final = (
    # English
    "Exam Description", "Dose Report", "Series", "Type", "Scan Range", "CTDIvol", "DLP", "Phantom",
    "Total Exam DLP", "Total DLP", "Body 32", "Head 16", "Axial", "Helical", "Scout", "SmartPrep",
    "Patient Protocol", "Total mAs", "eff. mAs", "ref.", "Topogram", "TI", "cSL", "Fluoro",
    "Fluoroscopy Time", "Exposure", "Dose Area Product", "Air Kerma", "Cumulative", "Frontal",
    "Lateral", "DAP", "KAP", "Ka,r", "Skin Dose", "Acquisition", "Images", "Runs", "Plane A",
    "Patient ID", "Accession No", "Date", "Time", "Examination", "Summary", "Rate", "Mode",
    # French
    "Durée de scopie", "Produit dose surface", "Dose totale", "Temps", "Série", "Examen terminé",
    "Kerma dans l'air", "Cumulé", "Débit", "Patient", "Rapport de dose", "Fantôme", "Tête", "Corps",
    # German
    "Durchleuchtungszeit", "Dosisflächenprodukt", "DFP", "Gesamtdosis", "Zeit", "Serie", "Bereich",
    "Einfalldosis", "Untersuchung", "Körper", "Schädel", "Anzahl", "Summe", "Aufnahme", "Größe",
    # Italian
    "Tempo di scopia", "Prodotto dose area", "Dose cumulativa", "Esame", "Totale", "Testa", "Corpo",
    "Velocità", "Paziente", "Durata",
    # Spanish
    "Tiempo de escopia", "Producto dosis área", "Dosis acumulada", "Examen", "Resumen", "Cabeza",
    "Cuerpo", "Señal", "Número", "Duración",
    # Polish
    "Czas skopii", "Dawka całkowita", "Iloczyn dawki", "Badanie", "Głowa", "Ciało", "Seria",
    "Moc dawki", "Łącznie", "Raport dawki",
    # Japanese, as screens write it in Latin letters
    "TOTAL DLP", "CTDIvol.e", "DLP.e", "Tokai", "Kenko", "Scano", "S-Volume", "Real Prep", "Shot",
)  # fmt: skip

_LETTERS: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_OTHERS: Final = ".,:;-+/%()*=#&'<>[]_!?@|µ·²³°×"


def text(rng: Random) -> str:
    """One line as it may stand on a screen; numbers lead, because numbers count."""
    kind = rng.random()
    if kind < 0.56:
        return number(rng)
    if kind < 0.68:
        return number(rng) + rng.choice((" ", " ", "")) + rng.choice(UNITS)
    if kind < 0.74:
        return rng.choice(UNITS)
    if kind < 0.80:
        return clock(rng)
    if kind < 0.83:
        return rng.choice(("-", "--", "---", "-.-", "-.--", "---.-", "...", "0", "1", "n/a", "N/A"))
    if kind < 0.92:
        return _label(rng)
    return _jumble(rng)


def number(rng: Random) -> str:
    """A number of one to seven digits, often with runs of one digit, in point or comma form."""
    whole = _digits(rng, rng.choices(range(1, 7), (16, 22, 24, 20, 12, 6))[0])
    if len(whole) > 1 and rng.random() < 0.85:
        whole = whole.lstrip("0") or "0"
    decimals = rng.choices(range(5), (28, 24, 34, 11, 3))[0]
    mark = rng.choice("..,")
    if len(whole) > 3 and rng.random() < 0.08:
        group = {".": ",", ",": "."}[mark] if rng.random() < 0.6 else " "
        whole = whole[:-3] + group + whole[-3:]
    sign = "-" if rng.random() < 0.06 else ""
    return sign + whole + (mark + _digits(rng, decimals) if decimals else "")


def clock(rng: Random) -> str:
    """A time of day, a duration, a date, or a scan range."""
    form = rng.random()
    if form < 0.5:
        parts = [rng.randrange(60) for _ in range(rng.choice((2, 2, 3)))]
        return ":".join(f"{part:02}" for part in parts) + (".0" if rng.random() < 0.05 else "")
    if form < 0.75:
        day = [f"{rng.randint(1, 31):02}", f"{rng.randint(1, 12):02}", str(rng.randint(1995, 2032))]
        return rng.choice("./-").join(day)
    start, end = (f"{rng.choice('ISLR')}{rng.uniform(0, 900):.3f}" for _ in range(2))
    return f"{start}-{end}"


def _digits(rng: Random, count: int) -> str:
    # Dropped digits are the dangerous error, and they hide in runs: 1111, 0.00, 88.
    form = rng.random()
    if form < 0.28:
        return rng.choice("0123456789111118800") * count
    alphabet = rng.sample("0123456789", 2) if form < 0.5 else "0123456789"
    return "".join(rng.choice(alphabet) for _ in range(count))


def _label(rng: Random) -> str:
    words = rng.choice(LABELS)
    if rng.random() < 0.2:
        words = words.upper()
    return words + rng.choice(
        ("", "", ":", " :", f" ({rng.choice(UNITS)})", f" [{rng.choice(UNITS)}]")
    )


def _jumble(rng: Random) -> str:
    alphabet = rng.choice((_LETTERS, _LETTERS + "0123456789" * 4, "0123456789" * 3 + _OTHERS))
    return "".join(rng.choice(alphabet) for _ in range(rng.randint(2, 9)))
