"""Exposures of one instrument, from what is heard on its line; no thread, no database, no clock.

exposures = Exposures(profile, rules_of(profile))
for exposure in exposures.take(heard): ...
for exposure in exposures.tick(monotonic): ...
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Final, Protocol

from dosebook_edge.capture.instrument.exposures.counting import Counter, Ended
from dosebook_edge.capture.instrument.exposures.exposure import (
    Account,
    Ending,
    Exposure,
    Flag,
    Memory,
    Moment,
    Point,
    Segment,
)
from dosebook_edge.capture.instrument.exposures.levels import Level
from dosebook_edge.capture.instrument.exposures.points import TROUBLES, Reader
from dosebook_edge.capture.instrument.exposures.rules import INTEGRALS, Rules
from dosebook_edge.capture.instrument.exposures.settling import Sample, Single
from dosebook_edge.capture.instrument.exposures.telling import Telling, transcript_of
from dosebook_edge.capture.instrument.profile.model import LineProfile, Profile, PushProfile
from dosebook_edge.capture.instrument.reading import Notice
from dosebook_edge.capture.instrument.wire.heard import Heard
from dosebook_protocol.quantities import plain

_MOST_LINES: Final = 20_000
_MOST_UNIDENTIFIED: Final = 20


class Follower(Protocol):
    """Makes exposures of the readings of one value; `open` is the one that goes on."""

    open: Segment | None

    @property
    def accounted(self) -> Point | None:
        """The reading up to which all is in exposures that have ended."""
        ...

    @property
    def is_active(self) -> bool:
        """Whether something is measured."""
        ...

    def signal(self) -> None:
        """A procedure step began or ended."""
        ...

    def read(self, point: Point) -> Iterator[Ended]:
        """Take a reading; what ended with it."""
        ...

    def tick(self, monotonic: float, troubles: frozenset[Flag]) -> Iterator[Ended]:
        """Time passes; what ended."""
        ...

    def close(self, reason: Ending, *flags: Flag) -> Iterator[Ended]:
        """End what is open."""
        ...


def _nothing(_serial: str) -> Memory | None:
    return None


class Exposures:
    """Turns what is heard of one line into exposures.

    Args:
        profile: profile of the instrument.
        rules: what an exposure is.
        recall: the memory of the instrument of a serial number, from before a restart.
        serial: serial number that the site states, whatever the instrument tells.
        before: serial number of the instrument that was heard last, from before a restart.
    """

    def __init__(
        self,
        profile: Profile,
        rules: Rules,
        *,
        recall: Callable[[str], Memory | None] = _nothing,
        serial: str = "",
        before: str = "",
    ) -> None:
        self._profile_id = profile.id
        self._rules = rules
        self._recall = recall
        self._reader = Reader(profile, rules)
        remembered = frozenset(one.name for one in profile.telegram if one.remember)
        asks = not isinstance(profile, LineProfile | PushProfile)
        self._telling = Telling(remembered, asks=asks)
        # What identifies the instrument without asking it; None where it has to tell.
        asked = rules.exposing.serial is not None and not serial
        self._stated_serial = None if asked else serial
        self._serial: str | None = None
        self._before = before
        self._unidentified = 0  # readings since the line was opened that nobody is known to tell
        self._is_known = False  # since the line was opened, which instrument it is
        self._follower: Follower | None = None
        self._account: Account | None = None
        self._quantity = ""
        self._number = 0
        self._since: set[Flag] = set()
        self.newest: Point | None = None

    @property
    def is_active(self) -> bool:
        """Whether something is measured, so that the instrument is asked more often."""
        return self._follower is not None and self._follower.is_active

    @property
    def serial(self) -> str | None:
        """Serial number of the instrument that is heard; None before it is known."""
        return self._serial if self._is_known else None

    def take(self, heard: Heard) -> list[Exposure]:
        """What ended with something that was heard."""
        when = Moment(heard.at, heard.monotonic)
        ended = self.tick(heard.monotonic)
        if heard.event == "opened":
            self._is_known = False
            self._unidentified = 0
        if not self._is_known and self._stated_serial is not None:
            ended += self._identify(self._stated_serial)
        if heard.event in ("lost", "stale"):
            self._since.add("incomplete:stale")
        elif heard.event == "sent":
            self._reader.asked(heard.data)
        points = []
        for outcome in heard.outcomes:
            if isinstance(outcome, Notice):
                self._since |= TROUBLES.get(outcome.kind, frozenset())
            elif self._stated_serial is None and (told := self._reader.serial(outcome)):
                ended += self._identify(told)
            elif (point := self._reader.point(outcome, when)) is not None:
                points.append(point)
        self._telling.note(heard, has_value=bool(points))
        for point in points:
            self.newest = point
            ended += self._read(point)
        return ended

    def tick(self, monotonic: float) -> list[Exposure]:
        """What ended because nothing changed for long enough; `monotonic` in s."""
        if self._follower is None:
            return []
        troubles: frozenset[Flag] = frozenset(self._since & {"incomplete:stale"})
        ended = list(self._follower.tick(monotonic, troubles))
        if len(self._telling.kept) > _MOST_LINES:
            ended += self._follower.close("longest")
        return self._finished(ended)

    def signal(self) -> None:
        """A procedure step of the room began or ended: an exposure does not go on beyond it."""
        if self._follower is not None:
            self._follower.signal()

    def memory(self) -> Memory | None:
        """What has to outlive a crash; None before the instrument is known."""
        if self._serial is None:
            return None
        is_open = self._follower is not None and self._follower.open is not None
        return Memory(
            serial=self._serial,
            account=self._accounted(),
            open=self._follower.open if self._follower else None,
            lines=tuple(self._telling.kept) if is_open else (),
        )

    def interrupted(self, memory: Memory) -> Exposure:
        """The exposure that went on when the box ended; its record comes before anything is heard.

        Raises:
            ValueError: none went on.
        """
        if memory.open is None:
            raise ValueError("no exposure of this instrument was interrupted")
        flags: frozenset[Flag] = memory.open.flags | {"incomplete:restart"}
        segment = replace(memory.open, flags=flags)
        number = memory.account.number + 1 if memory.account else 1
        account = _account_after(segment, number)
        return self._exposure(segment, "restart", memory.serial, account, memory.lines)

    def _identify(self, serial: str) -> list[Exposure]:
        """Go on with the instrument of that number, or begin with another one."""
        self._is_known = True
        if serial == self._serial:
            return []
        ended = self._leave("other-instrument", "incomplete:stale")
        memory = self._recall(serial)
        self._serial = serial
        self._follower = None
        self._account = memory.account if memory else None
        self._number = self._account.number if self._account else 0
        self._since = {"incomplete:restart"} if memory else set()
        return ended

    def _leave(self, reason: Ending, *flags: Flag) -> list[Exposure]:
        if self._follower is None:
            return []
        return self._finished(list(self._follower.close(reason, *flags)))

    def _read(self, point: Point) -> list[Exposure]:
        ended: list[Exposure] = []
        if not self._is_known:
            self._unidentified += 1
            if self._unidentified < _MOST_UNIDENTIFIED:
                return []
            # It does not tell its number: it may be the one of before, or another.
            ended = self._identify(self._before if self._serial is None else self._serial)
            self._since.add("incomplete:unidentified")
        point = point.with_flags(*self._since)
        self._since.clear()
        follower = self._follower
        if follower is None or self._quantity != point.quantity:
            ended += self._leave("unit", "incomplete:unit-changed")
            follower = self._follower = self._follower_of(point)
            self._quantity = point.quantity
        before = follower.open
        closed = list(follower.read(point))
        if closed and not self._telling.kept:
            self._telling.begin()
        ended += self._finished(closed)
        if follower.open is not None and follower.open is not before:
            if self._telling.kept:
                self._telling.keep()
            else:
                self._telling.begin()
        return ended

    def _follower_of(self, point: Point) -> Follower:
        known = self._account
        if known is not None and known.quantity != point.quantity:
            known = None  # in a unit of something else: nothing can be compared
        if self._rules.exposing.each_telegram:
            return Single(self._rules, known.telegram if known else "")
        if point.quantity in INTEGRALS or point.quantity == "indication":
            return Level(self._rules)
        restored = None if known is None else _restored(known)
        if point.quantity == "activity":
            return Sample(self._rules, restored)
        return Counter(self._rules, restored)

    def _finished(self, ended: list[Ended]) -> list[Exposure]:
        """Exposures of segments that ended, each with what is in records after it."""
        found = []
        for segment, reason in ended:
            self._number += 1
            account = self._accounted() if segment is ended[-1][0] else None
            self._account = account or _account_after(segment, self._number)
            lines = tuple(self._telling.kept)
            assert self._serial is not None  # noqa: S101 - nothing is read before it is known
            found.append(self._exposure(segment, reason, self._serial, self._account, lines))
        if self._follower is None or self._follower.open is None:
            self._telling.idle()
        return found

    def _exposure(
        self,
        segment: Segment,
        reason: Ending,
        serial: str,
        account: Account,
        lines: tuple[str, ...],
    ) -> Exposure:
        whose = f"{self._profile_id} serial number {serial}" if serial else self._profile_id
        return Exposure(
            segment=segment,
            corrected=plain(segment.total * self._rules.factor),
            reason=reason,
            serial=serial,
            memory=Memory(serial, account),
            transcript=transcript_of(lines, whose, "times are UTC of the box"),
        )

    def _accounted(self) -> Account | None:
        point = self._follower.accounted if self._follower else None
        if point is None:
            return self._account and replace(self._account, number=self._number)
        return Account(
            quantity=point.quantity,
            unit=point.unit,
            value=point.value,
            text_unit=point.text_unit,
            when=point.when,
            number=self._number,
            telegram=self._follower.number if isinstance(self._follower, Single) else "",
        )


def _account_after(segment: Segment, number: int) -> Account:
    """What is accounted for by an exposure, where nothing was heard after it."""
    return Account(
        quantity=segment.quantity,
        unit=segment.unit,
        value=segment.upto,
        text_unit=segment.text_unit,
        when=segment.ended,
        number=number,
    )


def _restored(account: Account) -> Point:
    """The reading up to which an account goes."""
    return Point(
        when=account.when,
        quantity=account.quantity,
        unit=account.unit,
        value=account.value,
        text="",
        step=Decimal(0),
        text_unit=account.text_unit,
        telegram="",
    )
