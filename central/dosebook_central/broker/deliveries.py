"""What is on its way to subscribers: what the registry is owed paces boxes, what a box is owed not.

A box that listens and never says that it heard would else hold up all others: a receipt that is
lost costs one repetition, so a deaf box is told no more than it can be expected to have heard.
"""

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable
from typing import Any, Final

from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_protocol.logs import log

_LOG = logging.getLogger(__name__)

MOST_TO_A_BOX: Final = 64
# Beyond that boxes are not read: the registry has its own window, and what waits here is memory.
_MOST_TO_THE_REGISTRY: Final = 256


class Deliveries:
    """Counts deliveries under way, by the name of the client that they go to."""

    def __init__(self) -> None:
        self._under_way: Counter[str] = Counter()

    def is_behind(self, waiting: int) -> bool:
        """Whether more than there should be wait for the registry, with those not yet begun."""
        return waiting + self._under_way[REGISTRY_NAME] > _MOST_TO_THE_REGISTRY

    def is_deaf(self, name: str) -> bool:
        """Whether a box has more to acknowledge than it is ever sent at once."""
        return name != REGISTRY_NAME and self._under_way[name] >= MOST_TO_A_BOX

    def start(self, name: str, sending: Awaitable[Any]) -> asyncio.Task[None]:
        """Send to a client, and count it until that ends."""
        self._under_way[name] += 1
        if self.is_deaf(name):
            log(_LOG, logging.WARNING, "broker_not_heard", client=name)
        task = asyncio.ensure_future(_sent(sending))
        task.add_done_callback(lambda _: self._end(name))
        return task

    def _end(self, name: str) -> None:
        self._under_way[name] -= 1
        if not self._under_way[name]:
            del self._under_way[name]


async def _sent(sending: Awaitable[Any]) -> None:
    """Send, and keep nothing of it: amqtt holds ended tasks, and with their result the message."""
    try:
        await sending
    except TimeoutError:
        return  # never acknowledged; the outbox sends again what has no receipt
