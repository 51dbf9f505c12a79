"""Let an association wait for work instead of asking for it.

pynetdicom runs two loops for each association, and both ask a thousand times a second whether
something came: with four associations that is a fifth of the box's work, and each object waits for
three such turns. The loops stay pynetdicom's; what they ask is answered when there is an answer.
"""

import os
import queue
import select
import ssl
import threading
from typing import Any, Final

from pynetdicom import evt

_SLICE_S: Final = 0.1
"""How late an association may notice what nobody announces: a stop, an idle timeout."""
_TRANSFER: Final = "Sta6"  # PS3.8 table 9-1: association established and ready for data transfer
_PIECE: Final = 64 * 1024


class _Bell:
    """Wakes the one thread that polls it."""

    __slots__ = ("_descriptor", "_lock")

    def __init__(self) -> None:
        self._descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()

    def ring(self) -> None:
        # Never through a number that is another file's by now.
        with self._lock:
            if self._descriptor >= 0:
                os.eventfd_write(self._descriptor, 1)

    def close(self) -> None:
        with self._lock:
            os.close(self._descriptor)
            self._descriptor = -1

    def wait_beside(self, descriptor: int) -> bool:
        """Wait until it rings or the descriptor can be read; whether it rang."""
        poll = select.poll()
        poll.register(self._descriptor, select.POLLIN)
        poll.register(descriptor, select.POLLIN)
        has_rung = any(one == self._descriptor for one, _ in poll.poll(1000 * _SLICE_S))
        if has_rung:
            os.eventfd_read(self._descriptor)
        return has_rung


class _Announcing(queue.Queue[Any]):
    """A queue that tells of what is put into it."""

    def __init__(self, news: threading.Event) -> None:
        super().__init__()
        self._news = news

    def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
        super().put(item, block, timeout)
        self._news.set()


def wait_for_work(event: evt.Event) -> None:
    """Handler of EVT_CONN_OPEN, before the loops of the association start."""
    association = event.assoc
    _let_provider_wait(association.dul)
    _let_reactor_wait(association)
    _read_in_large_pieces(association.dul.socket)


def _let_provider_wait(provider: Any) -> None:
    """Wait for the peer's bytes or for something to send, whichever comes first."""
    bell = _Bell()
    run, send = provider.run, provider.send_pdu
    is_transport_event = provider._is_transport_event

    def run_and_close() -> None:
        try:
            run()
        finally:
            bell.close()

    def send_pdu(primitive: Any) -> None:
        send(primitive)
        bell.ring()

    def wait_and_ask() -> bool:
        connection = provider.socket.socket if provider.socket is not None else None
        if (
            provider.state_machine.current_state == _TRANSFER
            and connection is not None
            and connection.fileno() >= 0
            and not (isinstance(connection, ssl.SSLSocket) and connection.pending())
            and bell.wait_beside(connection.fileno())
            and provider._process_recv_primitive()
        ):
            return True
        return bool(is_transport_event())

    provider.run = run_and_close
    provider.send_pdu = send_pdu
    provider._is_transport_event = wait_and_ask


def _let_reactor_wait(association: Any) -> None:
    """Wait for a message, a release or an abort."""
    news = threading.Event()
    dimse = association.dimse
    dimse.msg_queue = _Announcing(news)
    association.dul.to_user_queue = _Announcing(news)
    take = dimse.get_msg

    def get_msg(block: bool = False) -> Any:
        if not block:
            news.wait(_SLICE_S)
            news.clear()
        return take(block)

    dimse.get_msg = get_msg


def _read_in_large_pieces(transport: Any) -> None:
    """Read a PDU in as few calls as the kernel allows; pynetdicom reads 4 KB at a time."""

    def recv(wanted: int) -> bytearray:
        read = bytearray()
        while len(read) < wanted:
            piece = transport.socket.recv(min(_PIECE, wanted - len(read)))
            if not piece:
                break
            read += piece
        return read

    transport.recv = recv
