"""Processes that share a recomputation, each with a registry of its own."""

import gc
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import islice
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection

from dosebook_central.derivation.engine import Observer, Rules
from dosebook_central.derivation.rules import RulesInForce
from dosebook_central.derivation.trial import with_sets
from dosebook_central.store.writer import Writer

Call = tuple[Callable[..., Any], tuple[Any, ...]]

# Derivation makes many objects and no cycles: the collector's default costs a fifth of its time.
_COLLECT_AFTER: Final = 50_000
_AHEAD: Final = 2  # calls that wait for each process, so that none idles


class Own:
    """What one process works with; the sets named, if any, are in force in its rules."""

    def __init__(
        self, writer: Writer, observers: Sequence[Observer], set_ids: tuple[str, ...]
    ) -> None:
        self.writer: Final = writer
        self.observers: Final = observers
        self.set_ids: Final = set_ids
        self._load = RulesInForce()
        self._made: dict[tuple[str, ...], tuple[Rules, Rules]] = {}  # from rules, with these sets

    def rules(self, connection: Connection, set_ids: tuple[str, ...] | None = None) -> Rules:
        """Return the rules in force here, or with other sets; raises `UnknownSetError`."""
        wanted = self.set_ids if set_ids is None else set_ids
        loaded = self._load(connection)
        made = self._made.get(wanted)
        if made is None or made[0] is not loaded:
            made = self._made[wanted] = loaded, with_sets(loaded, wanted)
        return made[1]


_own: list[Own] = []  # of this process


def own() -> Own:
    """Return what this process was begun with."""
    return _own[-1]


def open_registry(data_dir: Path, set_ids: tuple[str, ...]) -> None:
    """Begin a process with the registry in a folder."""
    from dosebook_central.registry import Registry

    registry = Registry(data_dir)
    gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
    _own.append(Own(registry.writer, registry.observers, set_ids))


class Processes:
    """Runs calls in so many processes of a registry; a single one is this process."""

    def __init__(self, data_dir: Path, jobs: int, set_ids: Sequence[str] = ()) -> None:
        self._given = (data_dir, tuple(set_ids))
        self._jobs = jobs

    def run(self, calls: Iterator[Call]) -> Iterator[Any]:
        """Yield results as they come; calls are asked for only as processes become free."""
        if self._jobs == 1:
            yield from self._here(calls)
            return
        # A fresh interpreter each: a fork would share connections and locks.
        with ProcessPoolExecutor(
            self._jobs,
            mp_context=get_context("spawn"),
            initializer=open_registry,
            initargs=self._given,
        ) as pool:
            running: set[Future[Any]] = set()
            while True:
                for call, given in islice(calls, self._jobs * _AHEAD - len(running)):
                    running.add(pool.submit(call, *given))
                if not running:
                    return
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for one in done:
                    yield one.result()

    def _here(self, calls: Iterator[Call]) -> Iterator[Any]:
        open_registry(*self._given)
        try:
            for call, given in calls:
                yield call(*given)
        finally:
            _own.pop().writer.engine.dispose()
