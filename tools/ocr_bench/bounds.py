"""What a count proves about a share: exact binomial bounds of Clopper and Pearson (1934)."""

from math import exp, lgamma, log, log1p


def upper_bound(errors: int, trials: int, *, confidence: float = 0.95) -> float:
    """Greatest share of errors that is still compatible with so few, one-sided."""
    if errors >= trials:
        return 1.0
    low, high = errors / trials, 1.0
    for _ in range(60):
        middle = (low + high) / 2
        if _at_most(errors, trials, middle) > 1 - confidence:
            low = middle
        else:
            high = middle
    return high


def lower_bound(hits: int, trials: int, *, confidence: float = 0.95) -> float:
    """Least share of hits that is still compatible with so many, one-sided."""
    return 1.0 - upper_bound(trials - hits, trials, confidence=confidence) if trials else 0.0


def _at_most(errors: int, trials: int, share: float) -> float:
    """Probability of at most so many errors, each trial failing with this share."""
    if share <= 0.0:
        return 1.0
    if share >= 1.0:
        return 0.0
    total = 0.0
    for count in range(errors + 1):
        ways = lgamma(trials + 1) - lgamma(count + 1) - lgamma(trials - count + 1)
        total += exp(ways + count * log(share) + (trials - count) * log1p(-share))
    return total
