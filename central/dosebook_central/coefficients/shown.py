"""Coefficient packages in words and in JSON, for commands and pages."""

from dataclasses import asdict
from typing import Any

from dosebook_central.dosimetry.package_diff import RowChange
from dosebook_central.dosimetry.sets import UNVERIFIED
from dosebook_central.store.queries.packages import Adopted


def summary(one: Adopted) -> dict[str, Any]:
    """Return everything about a version of a set but its rows."""
    package, choices = one.package, one.choices
    return {
        **asdict(package.manifest),
        "state": state(one),
        "is_latest": one.is_latest,
        "rows": len(package.rows),
        "rows_verified": count_verified(one),
        "rows_in_force": len(package.rows_in_force) if one.is_latest else 0,
        "unverified_accepted": package.choices.with_unverified,
        "switched": asdict(choices.switched) if choices.switched else None,
        "unverified_switched": asdict(choices.accepted) if choices.accepted else None,
        "signer": one.signer,
        "rows_sha256": one.sha256,
        "adopted_at": one.adopted_at.isoformat(timespec="seconds"),
        "adopted_by": one.adopted_by,
    }


def state(one: Adopted) -> str:
    """Say whether formulas may use a version: on, off, or old for one that a later one replaced."""
    if not one.is_latest:
        return "old"
    return "on" if one.package.is_in_force else "off"


def count_verified(one: Adopted) -> int | None:
    """Count the rows that somebody verified; None for a list that is our own judgement."""
    if "verified" not in one.package.rows[0]:
        return None
    return len(one.package.rows) - count_unverified(one)


def count_unverified(one: Adopted) -> int:
    """Count the rows that nobody verified."""
    return sum(row.get("verified") == UNVERIFIED for row in one.package.rows)


def detail(one: Adopted, why: str) -> dict[str, Any]:
    """Return what the activity log says of a switch: the set before it, and the reason."""
    return {
        "version": one.package.manifest.version,
        "was": state(one),
        "unverified_rows": count_unverified(one),
        "why": why,
    }


def change(one: RowChange) -> dict[str, Any]:
    """Return a difference of two rows as JSON."""
    cells = {name: {"before": old, "after": new} for name, (old, new) in one.cells.items()}
    return {"change": one.change, "key": dict(one.key), "cells": cells}


def change_line(one: RowChange) -> str:
    """Return a difference of two rows as one line of text."""
    line = f"{one.change}: {', '.join(one.key.values())}"
    if one.change != "changed":
        return line
    cells = "; ".join(f"{name}: {old!r} → {new!r}" for name, (old, new) in one.cells.items())
    return f"{line}  {cells}"
