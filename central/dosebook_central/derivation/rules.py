"""What derivation follows at this moment: the sets in force and the decisions on procedures."""

from threading import Lock

from sqlalchemy import Connection

from dosebook_central.derivation.engine import Rules
from dosebook_central.store.queries.packages import library_revision, load_library
from dosebook_central.store.queries.procedures import load_resolver, resolver_revision


class RulesInForce:
    """Loads the rules of a registry, again only when they changed; for any number of threads."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._sets = self._decisions = ""
        self._rules: Rules | None = None

    def __call__(self, connection: Connection) -> Rules:
        """Return the rules in force; raises `PackageError` for sets that were tampered with."""
        with self._lock:
            sets, decisions = library_revision(connection), resolver_revision(connection)
            rules = self._rules
            if rules is not None and sets == self._sets and decisions == self._decisions:
                return rules
            library = rules.library if rules and sets == self._sets else load_library(connection)
            self._rules = Rules(library, load_resolver(connection, library))
            self._sets, self._decisions = sets, decisions
            return self._rules
