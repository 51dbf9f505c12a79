"""What was sent and has no receipt yet; pure.

The window bounds what is under way, by number and by bytes. A record whose receipt is overdue is
sent again. One that others overtook, sent after it and receipted before it, is put aside: sent
again each time later than the last, and no longer in the way.
"""

from dataclasses import dataclass


@dataclass(slots=True)
class UnderWay:
    """One record without a receipt."""

    sequence: int
    record_id: str
    size: int
    sent_at: float
    due_at: float
    attempts: int = 1
    is_aside: bool = False


class Window:
    """Records under way; times are seconds of one monotonic clock."""

    def __init__(
        self, max_records: int, max_bytes: int, timeout_s: float, longest_timeout_s: float
    ) -> None:
        self._max_records = max_records
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s
        self._longest_timeout_s = longest_timeout_s
        self._items: dict[str, UnderWay] = {}
        self._counted = 0
        self._bytes = 0
        self._overtaken_before = float("-inf")

    def __len__(self) -> int:
        return len(self._items)

    def __contains__(self, record_id: str) -> bool:
        return record_id in self._items

    @property
    def aside(self) -> int:
        """How many are put aside."""
        return len(self._items) - self._counted

    @property
    def room(self) -> tuple[int, int]:
        """How many more records and bytes may be sent; a first record always may."""
        if not self._counted:
            return self._max_records, max(self._max_bytes, 1)
        return (
            max(0, self._max_records - self._counted),
            max(0, self._max_bytes - self._bytes),
        )

    def sent(self, sequence: int, record_id: str, size: int, now: float) -> None:
        """Note that a record was published, for the first time or again."""
        item = self._items.get(record_id)
        if item is None:
            self._items[record_id] = UnderWay(sequence, record_id, size, now, now + self._timeout_s)
            self._counted += 1
            self._bytes += size
            return
        item.attempts += 1
        item.sent_at = now
        wait = self._timeout_s * 2 ** min(item.attempts - 1, 30)
        # While the whole registry is silent its return must not be missed for an hour.
        longest = self._longest_timeout_s if item.is_aside else 2 * self._timeout_s
        item.due_at = now + min(wait, longest)

    def receipted(self, record_id: str) -> bool:
        """Forget a record that has its receipt; whether it was under way."""
        item = self._items.pop(record_id, None)
        if item is None:
            return False
        self._overtaken_before = max(self._overtaken_before, item.sent_at)
        if not item.is_aside:
            self._uncount(item)
        return True

    def forget(self, record_id: str) -> None:
        """Drop a record that no longer waits in the outbox."""
        item = self._items.pop(record_id, None)
        if item is not None and not item.is_aside:
            self._uncount(item)

    def overdue(self, now: float) -> list[UnderWay]:
        """Records to send again, oldest first; those that were overtaken are put aside."""
        due = sorted(
            (item for item in self._items.values() if item.due_at <= now),
            key=lambda item: item.sequence,
        )
        for item in due:
            if not item.is_aside and item.sent_at < self._overtaken_before:
                item.is_aside = True
                self._uncount(item)
        return due

    def next_due(self) -> float | None:
        """When the next record becomes overdue."""
        return min((item.due_at for item in self._items.values()), default=None)

    def clear(self) -> None:
        """Forget everything: the connection that it was sent on is gone."""
        self._items.clear()
        self._counted = 0
        self._bytes = 0
        self._overtaken_before = float("-inf")

    def _uncount(self, item: UnderWay) -> None:
        self._counted -= 1
        self._bytes -= item.size
