"""The coefficient packages that are part of the program."""

from functools import cache
from importlib.resources import files

from dosebook_central.dosimetry.package_files import PackageFiles
from dosebook_central.dosimetry.package_reading import MANIFEST, ROWS, read_package
from dosebook_central.dosimetry.sets import Library


@cache
def shipped() -> Library:
    """Return the packages of the program, each as its manifest says; raises `PackageError`.

    A registry works with its adopted packages and choices (`store.queries.packages`), which start
    as these.
    """
    return Library(read_package(one.manifest, one.rows, one.name) for one in shipped_files())


def shipped_files() -> tuple[PackageFiles, ...]:
    """Return the files of the packages of the program, by name; they carry no signature."""
    packages = files("dosebook_central.dosimetry") / "packages"
    folders = sorted(
        (one for one in packages.iterdir() if (one / MANIFEST).is_file()),
        key=lambda one: one.name,
    )
    return tuple(
        PackageFiles(one.name, (one / MANIFEST).read_bytes(), (one / ROWS).read_bytes())
        for one in folders
    )
