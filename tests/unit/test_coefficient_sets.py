"""Which rows of coefficient sets are in force: verified, chosen, dated, and in which order."""

from collections import Counter
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dosebook_central.domain.drl.levels import levels_for
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.row_status import is_dated, period_of
from dosebook_central.dosimetry.sets import Choices, Library, Package, Row


def _chosen(package_id: str, choices: Choices) -> Library:
    """Return the shipped packages with choices made on one of them."""
    return Library(
        replace(one, choices=choices) if one.manifest.id == package_id else one
        for one in shipped().packages
    )


def _find(library: Library, package_id: str) -> Package:
    found = library.find(package_id)
    assert found is not None
    return found


def test_unverified_rows_are_off_until_switched_on() -> None:
    """No row that nobody verified counts by itself; a physicist's choice brings it in."""
    for package in shipped().packages:
        assert all(row.get("verified") != "no" for row in package.rows_in_force)

    only_on = _chosen("crce012-unverified", Choices(is_enabled=True))
    assert _find(only_on, "crce012-unverified").rows_in_force == ()
    with_them = _chosen("crce012-unverified", Choices(is_enabled=True, with_unverified=True))
    assert len(_find(with_them, "crce012-unverified").rows_in_force) == 12


def test_superseded_set_is_off_and_its_erratum_on() -> None:
    """The values of 2014 that an erratum replaced do not count, those of the erratum do."""
    assert not _find(shipped(), "andersson2014").is_in_force
    assert _find(shipped(), "andersson2015-erratum").is_in_force


def test_one_preferred_row_a_series() -> None:
    """By default no two packages claim to be the preferred one for the same thing."""
    key = ("method", "modality", "body_region", "procedure_or_agent", "view_or_phase", "age_group",
           "kv", "phantom_cm")  # fmt: skip
    preferred = Counter(
        tuple(row[column] for column in key)
        for package in shipped().packages
        if package.manifest.kind.startswith("effective-dose")
        for row in package.rows_in_force
        if row["preferred"] == "yes"
    )

    assert preferred
    assert [series for series, count in preferred.items() if count > 1] == []


def test_row_not_to_be_used_needs_the_choice_of_its_package() -> None:
    """A row marked as not preferred at all stays out until a physicist chooses its package."""
    assert {row["preferred"] for row in _find(shipped(), "eur16262-1999").rows_in_force} == {
        "fallback_region"
    }
    chosen = _chosen("eur16262-1999", Choices(is_enabled=True))
    assert len(_find(chosen, "eur16262-1999").rows_in_force) == 5


def test_chosen_set_goes_before_the_default_one() -> None:
    """Where sets overlap the one switched on last counts first, then the preferred default."""
    kind = "effective-dose-ct"
    first = shipped().rows_by_precedence(kind)[0][0].manifest.id
    chosen = _chosen("nci2012-icrp103", Choices(True, switched_at="2026-01-01T00:00:00+00:00"))

    assert first == "aapm96"
    assert chosen.of(kind)[0].manifest.id == "nci2012-icrp103"
    assert chosen.rows_by_precedence(kind)[0][0].manifest.id == "nci2012-icrp103"
    both = Library(
        replace(one, choices=Choices(True, switched_at="2026-02-01T00:00:00+00:00"))
        if one.manifest.id == "kr2020-icrp103"
        else one
        for one in chosen.packages
    )
    assert [one.manifest.id for one in both.of(kind)][:3] == [
        "kr2020-icrp103",
        "nci2012-icrp103",
        "aapm96",
    ]
    ranks = [row["preferred"] for _, row in shipped().rows_by_precedence(kind)]
    assert ranks == sorted(ranks, key=["yes", "alternative", "fallback_region"].index)


@pytest.mark.parametrize(
    ("country", "day", "packages"),
    [
        ("FR", date(2011, 10, 23), []),
        ("FR", date(2012, 3, 4), ["drl-france-2011-superseded"]),
        ("FR", date(2019, 6, 30), ["drl-france-2011-superseded"]),
        ("FR", date(2019, 7, 1), ["drl-france-2019"]),
        ("DE", date(2015, 1, 1), ["drl-germany-2010-superseded"]),
        ("DE", date(2018, 1, 1), []),
        ("AU", date(2026, 1, 1), ["drl-australia"]),
        ("ES", date(2026, 1, 1), []),
        ("GB", date(2026, 1, 1), ["drl-uk"]),
    ],
)
def test_reference_levels_of_a_day(country: str, day: date, packages: list[str]) -> None:
    """An exam is judged by the order that held on its day; a proposal never holds by itself."""
    found = [
        one.manifest.id
        for one in shipped().of("drl")
        if one.manifest.country == country and _rows_on(one, day)
    ]

    assert found == packages


def _rows_on(package: Package, day: date) -> list[Row]:
    return [row for row in package.rows_in_force if day in package.days_of(row)]


def test_rows_of_one_package_start_on_their_own_days() -> None:
    """The Belgian radiography levels of October 2022 do not judge an exam of the year before."""
    belgium = _find(shipped(), "drl-belgium")

    assert {row["modality"] for row in _rows_on(belgium, date(2022, 1, 1))} == {"CT"}
    assert len(_rows_on(belgium, date(2022, 10, 20))) == len(belgium.rows)
    assert _rows_on(belgium, date(2021, 6, 23)) == []


def test_only_levels_in_force_count_and_a_registry_median_never_is_a_level() -> None:
    """Proposed, historical and registry rows stay out; a median keeps its name when chosen."""
    for package in shipped().of("drl"):
        assert all(is_dated(row["status"]) for row in package.rows_in_force)
        assert {row["level_type"] for row in package.rows_in_force} <= {"DRL", "achievable"}
    chosen = _chosen("drl-usa-registry-medians", Choices(is_enabled=True))
    assert {
        row["level_type"] for row in _find(chosen, "drl-usa-registry-medians").rows_in_force
    } == {"registry_median"}


def test_manifest_period_agrees_with_its_rows() -> None:
    """The days that a package states hold every day on which one of its rows is in force."""
    for package in shipped().of("drl"):
        periods = [period_of(row["status"]) for row in package.rows_in_force]
        first, until = package.manifest.valid_from, package.manifest.valid_until
        if {one.first for one in periods} != {date.min}:
            assert first == min(one.first for one in periods).isoformat()
        last = max(one.last for one in periods)
        assert until == ("" if last == date.max else last.isoformat())
        assert package.manifest.country == package.rows[0]["country"]


@pytest.mark.parametrize(
    ("status", "is_on", "inside", "outside"),
    [
        ("in_force", True, date(1990, 1, 1), None),
        ("in_force_since_2019-07-01; check for later revision", True, date(2019, 7, 1),
         date(2019, 6, 30)),
        ("in_force_since_2023-01", True, date(2023, 1, 1), date(2022, 12, 31)),
        ("superseded_2019-07-01", True, date(2019, 6, 30), date(2019, 7, 1)),
        ("superseded; later values not read", False, None, None),
        ("proposed_2019", False, None, None),
        ("registry_data_2018-2019; not a DRL", False, None, None),
        ("in_forceful", False, None, None),
    ],
)  # fmt: skip
def test_status_words(
    status: str, *, is_on: bool, inside: date | None, outside: date | None
) -> None:
    """A status names the days on which a level holds, or keeps the level out."""
    assert is_dated(status) is is_on
    assert inside is None or inside in period_of(status)
    assert outside is None or outside not in period_of(status)


def test_scope_and_unit_of_reference_levels_are_kept() -> None:
    """CTDIvol levels of one acquisition are told from DLP levels of an examination, per row."""
    scopes = {
        (row["quantity"], row["scope"])
        for package in shipped().of("drl")
        for row in package.rows_in_force
    }

    assert ("CTDIvol", "per_acquisition") in scopes
    assert ("DLP", "per_examination") in scopes
    units = {
        (row["quantity"], row["unit"])
        for package in shipped().packages
        if package.manifest.kind == "drl"
        for row in package.rows
    }
    assert {unit for quantity, unit in units if quantity == "DAP"} >= {"Gy.cm2", "cGy.cm2"}
    assert ("administered_activity", "MBq/kg") in units


def test_ambiguous_agent_code_leads_to_no_agent() -> None:
    """The code that stands for both I-123 and I-131 MIBG names no agent; the factors differ."""
    rows = {row["code"]: row for row in _find(shipped(), "nm-agents").rows_in_force}

    assert rows["395789007"]["agent_in_effective_dose_factors"] == ""
    assert rows["35321007"]["agent_in_effective_dose_factors"] == "F-18 FDG"


def test_procedures_point_to_packages_that_are_there() -> None:
    """Each reference level that a standard procedure names stands in a shipped package."""
    known = {
        (package.manifest.id, row["procedure"])
        for package in shipped().packages
        if package.manifest.kind == "drl"
        for row in package.rows
    }
    named = {
        (row["drl_package"], row["drl_procedure"]) for row in _find(shipped(), "procedure-drl").rows
    }

    assert named <= known


def test_no_package_speaks_of_how_it_was_gathered() -> None:
    """Words in packages are for a physicist: what was read, or that nothing was."""
    for package in shipped().packages:
        texts = [package.manifest.citation, package.manifest.notes]
        texts += [row.get(name, "") for row in package.rows for name in ("source", "notes")]
        for text in texts:
            assert "memory" not in text.lower()
            assert "stored copy" not in text
            assert "DO NOT" not in text


@given(st.data())
def test_digest_changes_only_with_the_rows_in_force(data: st.DataObject) -> None:
    """The digest is that of the rows in force: a switch without effect on them keeps it."""
    position = data.draw(st.integers(0, len(shipped().packages) - 1))
    package = shipped().packages[position]
    choices = data.draw(
        st.builds(Choices, is_enabled=st.sampled_from([None, False, True]),
                  with_unverified=st.booleans())
    )  # fmt: skip
    other = _chosen(package.manifest.id, choices)
    kind = package.manifest.kind

    def rows(library: Library) -> list[tuple[str, tuple[object, ...]]]:
        return [
            (one.manifest.id, (one.is_chosen, *one.rows_in_force))
            for one in library.of(kind)
            if one.rows_in_force
        ]

    assert (other.digest == shipped().digest) is (rows(other) == rows(shipped()))


def _mapped_to(package_id: str, procedure: str) -> Library:
    """Return one set of levels, chosen, and a procedure `p` that is held against one of them."""
    levels = replace(_find(shipped(), package_id), choices=Choices(is_enabled=True))
    row = next(row for row in levels.rows if row["procedure"] == procedure)
    pairs = _find(shipped(), "procedure-drl")
    pair = {
        "procedure_id": "p",
        "country": row["country"],
        "drl_package": package_id,
        "drl_modality": row["modality"],
        "drl_procedure": procedure,
        "match": "same",
    }
    return Library([levels, replace(pairs, rows=(pair,))])


def test_level_without_a_region_is_held_against_nothing() -> None:
    """A level whose body region nobody can name judges no exam, even of a matching procedure."""
    unmapped = _mapped_to("drl-germany-2010-superseded", "PTA")
    mapped = _mapped_to("drl-uk-2025-proposed", "F-18 FDG whole-body tumour imaging")

    assert levels_for(unmapped, "DE", "p", date(2012, 1, 1)) == ()
    assert levels_for(mapped, "GB", "p", date(2026, 1, 1)) != ()


def test_level_per_kilogram_says_so() -> None:
    """An activity per mass is never held against an activity: the level is marked as per kg."""
    library = _mapped_to("drl-uk-2025-proposed", "F-18 FDG whole-body tumour imaging")

    (level,) = levels_for(library, "GB", "p", date(2026, 1, 1))
    assert level.per_kg
    assert level.value == Decimal("3.5")
