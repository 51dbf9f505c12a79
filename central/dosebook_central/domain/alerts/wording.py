"""Numbers in the sentences of alerts."""

from decimal import Decimal

from dosebook_protocol.printed import full_text


def number_beside(value: Decimal, threshold: Decimal) -> str:
    """A value at four digits, or at all of them where four hide how it stands to a threshold."""
    rounded = Decimal(f"{value:.4g}")
    same = (rounded > threshold, rounded < threshold) == (value > threshold, value < threshold)
    return full_text(rounded if same else value)
