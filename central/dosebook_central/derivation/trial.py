"""Rules with other sets than those in force, for a comparison."""

from collections.abc import Sequence
from dataclasses import replace

from dosebook_central.derivation.engine import Rules
from dosebook_central.dosimetry.sets import Library, Package


class UnknownSetError(ValueError):
    """A set that this registry does not have; the text names those that there are."""


def with_sets(rules: Rules, set_ids: Sequence[str]) -> Rules:
    """Return rules in which, of each kind named, the named sets alone are in force.

    Unverified rows stay off unless a physicist switched them on. Raises `UnknownSetError`.
    """
    return replace(rules, library=_library(rules.library, set_ids)) if set_ids else rules


def _library(library: Library, set_ids: Sequence[str]) -> Library:
    unknown = [set_id for set_id in set_ids if library.find(set_id) is None]
    if unknown:
        known = ", ".join(one.manifest.id for one in library.packages)
        raise UnknownSetError(f"there is no set {', '.join(unknown)}; there are: {known}")
    kinds = {one.manifest.kind for one in library.packages if one.manifest.id in set_ids}
    return Library(
        _switched(one, is_on=one.manifest.id in set_ids) if one.manifest.kind in kinds else one
        for one in library.packages
    )


def _switched(package: Package, *, is_on: bool) -> Package:
    return replace(package, choices=replace(package.choices, is_enabled=is_on))
