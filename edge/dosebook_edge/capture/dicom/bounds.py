"""What peers may make a source hold before it is stored: bytes of one PDU, and of all messages.

pynetdicom reads a PDU of whatever length it states, up to 4 GB and before anybody asked for an
association, gathers a message until its last fragment, and takes requests without end while it
serves one. Whoever reaches the port could fill the box's memory, and end every capture on it.
"""

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from typing import Any, Final
from weakref import WeakKeyDictionary

MOST_OF_A_PDU: Final = 4 * 1024 * 1024
"""Peers are told of 256 KB; some that send a little more are in the field."""

_FRAGMENT: Final = 512  # what a fragment costs beside its bytes, so that empty ones count too
_LEAST: Final = 256 * 1024 * 1024
_MIB: Final = 1024 * 1024

Refuse = Callable[[Any, str], None]
"""Called with the association that is ended, and why."""


def most_held() -> int:
    """Bytes that the unfinished messages of one source may have: a quarter of the memory."""
    return max(_LEAST, os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") // 4)


class Bounds:
    """Watches what the associations of one source hold; ends the one that asks too much."""

    def __init__(self, refuse: Refuse, most: int | None = None) -> None:
        self._refuse = refuse
        self._most = most_held() if most is None else most
        self._lock = threading.Lock()
        self._held: WeakKeyDictionary[Any, int] = WeakKeyDictionary()

    def keep(self, event: Any) -> None:
        """Handler of EVT_CONN_OPEN, after those that change how an association reads."""
        self._bound_pdus(event.assoc)
        self._bound_messages(event.assoc)

    def _bound_pdus(self, association: Any) -> None:
        transport = association.dul.socket
        read = transport.recv

        def recv(wanted: int) -> bytearray:
            if wanted > MOST_OF_A_PDU:
                reason = f"a PDU of {wanted} bytes, the limit is {MOST_OF_A_PDU}"
                self._end(association, reason)
                raise OSError(reason)
            found: bytearray = read(wanted)
            return found

        transport.recv = recv

    def _bound_messages(self, association: Any) -> None:
        dimse = association.dimse
        receive, take = dimse.receive_primitive, dimse.get_msg

        def receive_primitive(primitive: Any) -> None:
            fragments = primitive.presentation_data_value_list
            if self._hold(association, sum(len(data) + _FRAGMENT for _, data in fragments)):
                receive(primitive)

        def get_msg(block: bool = False) -> Any:
            # The last one is dealt with when the next is asked for.
            if dimse.message is None and dimse.msg_queue.empty():
                with self._lock:
                    self._held.pop(association, None)
            return take(block)

        dimse.receive_primitive, dimse.get_msg = receive_primitive, get_msg

    def _hold(self, association: Any, size: int) -> bool:
        """Count what came; where it is too much, end the association that holds the most."""
        with self._lock:
            self._held[association] = self._held.get(association, 0) + size
            if sum(self._held.values()) <= self._most:
                return True
            largest = max(self._held, key=lambda one: self._held[one])
            del self._held[largest]
        most = self._most // _MIB
        self._end(largest, f"unfinished messages of more than {most} MiB: send smaller objects")
        return largest is not association

    def _end(self, association: Any, reason: str) -> None:
        self._refuse(association, reason)
        transport = association.dul.socket
        connection = transport.socket if transport is not None else None
        if connection is not None:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)  # whoever reads from it sees its end
