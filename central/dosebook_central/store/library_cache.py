"""The coefficient sets in force, loaded again only after somebody changed them."""

from threading import Lock

from sqlalchemy import Connection

from dosebook_central.dosimetry.sets import Library
from dosebook_central.store.queries.packages import library_revision, load_library


class LibraryCache:
    """One registry's library; any number of threads may ask."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._revision = ""
        self._library: Library | None = None

    def current(self, connection: Connection) -> Library:
        """Return the library as it stands for this transaction; raises `PackageError`."""
        revision = library_revision(connection)
        with self._lock:
            if self._library is None or revision != self._revision:
                self._library = load_library(connection)
                self._revision = revision
            return self._library
