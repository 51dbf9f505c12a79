"""What derivation follows at this moment: the sets in force and the decisions on procedures."""

from threading import Lock

from sqlalchemy import Connection

from dosebook_central.derivation.engine import Rules
from dosebook_central.store.library_cache import LibraryCache
from dosebook_central.store.queries.procedures import load_resolver, resolver_revision


class RulesInForce:
    """Loads the rules of a registry, again only when they changed; for any number of threads."""

    def __init__(self) -> None:
        self._libraries = LibraryCache()
        self._lock = Lock()
        self._decisions = ""
        self._rules: Rules | None = None

    def __call__(self, connection: Connection) -> Rules:
        """Return the rules in force; raises `PackageError` for sets that were tampered with."""
        library = self._libraries.current(connection)
        with self._lock:
            decisions = resolver_revision(connection)
            rules = self._rules
            if rules is None or rules.library is not library or decisions != self._decisions:
                rules = self._rules = Rules(library, load_resolver(connection, library))
                self._decisions = decisions
            return rules
