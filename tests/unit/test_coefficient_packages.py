"""Coefficient packages: what is shipped, and what is refused when a package is read."""

import gc
import weakref

import pytest

from dosebook_central.dosimetry.package_reading import PackageError, read_package
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.dosimetry.sets import Library, view

MANIFEST = b"""id = "test-set"
version = "1"
kind = "tissue-weights"
title = "Tissue weights"
citation = "Own"
"""
ROWS = b"tissue,wT_ICRP103,wT_ICRP60,verified,notes\nlung,0.12,0.12,secondary,\n"


def test_shipped_packages_are_read_once() -> None:
    """All packages of the program are valid, and they are read once a process."""
    library = shipped()

    assert library is shipped()
    assert {"effective-dose-ct", "drl", "anatomy-regions"} <= {
        package.manifest.kind for package in library.packages
    }


def test_view_is_made_once_for_a_library_and_goes_with_it() -> None:
    """Typed tables are made once a library, not once an exam, and do not keep it alive."""
    made: list[Library] = []

    def count(library: Library) -> int:
        made.append(library)
        return len(library.packages)

    library = Library(shipped().packages)
    assert view(library, count) == view(library, count) == len(shipped().packages)
    assert len(made) == 1
    gone = weakref.ref(library)
    made.clear()
    del library
    gc.collect()
    assert gone() is None


@pytest.mark.parametrize(
    ("manifest", "rows", "sentence"),
    [
        (b"id = ", ROWS, "x/manifest.toml is not TOML"),
        (MANIFEST.replace(b'"1"', b"1"), ROWS, "x/manifest.toml: version"),
        (MANIFEST + b"surprise = 1\n", ROWS, "x/manifest.toml: surprise"),
        (MANIFEST.replace(b"tissue-weights", b"magic"), ROWS, "kind 'magic' is not known"),
        (MANIFEST + b'status = "proposed"\n', ROWS, "cannot be on by itself"),
        (
            MANIFEST + b'valid_from = "2020-01-01"\nvalid_until = "2019-01-01"\n',
            ROWS,
            "before valid_from",
        ),
        (MANIFEST, b"tissue\nlung\n", "x/rows.csv: column wT_ICRP103 is missing"),
        (MANIFEST, ROWS.replace(b"0.12,", b"0.12,,", 1), "x/rows.csv line 2 has 6 cells"),
        (MANIFEST, ROWS.replace(b"0.12", b"many"), "line 2, column wT_ICRP"),
        (MANIFEST, ROWS.replace(b"0.12", b"NaN"), "is not a number"),
        (MANIFEST, ROWS.replace(b"secondary", b"surely"), "line 2, column verified"),
        (MANIFEST, ROWS.replace(b"lung", b""), "line 2, column tissue: is empty"),
        (MANIFEST, ROWS.replace(b"lung", b"l\x00ng"), "line 2 has a control character"),
        (MANIFEST, ROWS.replace(b"lung", b"\xff"), "x/rows.csv is not UTF-8"),
        (MANIFEST, ROWS.replace(b"lung", b'"lu"ng'), "is not CSV"),
        (MANIFEST, ROWS.splitlines()[0], "x/rows.csv has no rows"),
    ],
)
def test_wrong_package_is_refused_with_its_place(
    manifest: bytes, rows: bytes, sentence: str
) -> None:
    """A refusal names the file, the line and the column, so that a person can mend it."""
    with pytest.raises(PackageError) as refused:
        read_package(manifest, rows, "x")

    assert sentence in str(refused.value)
