"""The coefficient packages that are part of the program."""

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from dosebook_central.dosimetry.package_reading import MANIFEST, ROWS, read_package
from dosebook_central.dosimetry.sets import Library, Package


@cache
def shipped() -> Library:
    """Return the packages of the program, each as its manifest says; raises `PackageError`.

    A registry works with its adopted packages and choices (`store.queries.packages`), which start
    as these.
    """
    return Library(_read(folder) for folder in _folders())


def _folders() -> list[Traversable]:
    packages = files("dosebook_central.dosimetry") / "packages"
    return sorted(
        (one for one in packages.iterdir() if (one / MANIFEST).is_file()),
        key=lambda one: one.name,
    )


def _read(folder: Traversable) -> Package:
    return read_package((folder / MANIFEST).read_bytes(), (folder / ROWS).read_bytes(), folder.name)
