"""The coefficient sets in force as pages read them: loaded once an application."""

from flask import current_app
from sqlalchemy import Connection

from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.library_cache import LibraryCache


def library(connection: Connection) -> Library:
    """Return the sets in force; raises `PackageError`."""
    cache: LibraryCache = current_app.extensions.setdefault("dosebook-library", LibraryCache())
    return cache.current(connection)
