"""End an association with its connection, whatever the peer said before it hung up.

pynetdicom waits the whole timeout for a request that cannot come any more, and its reactor may die
of messages out of order. Each such association would hold one of the source's few places for a
minute, so that twenty damaged connections made a source deaf.
"""

import logging
import threading
import time
from typing import Any, Final

from pynetdicom import evt

from dosebook_protocol.logs import log

_logger = logging.getLogger(__name__)

_IDLE: Final = "Sta1"  # PS3.8 table 9-1: no association, and no connection any more
_SLICE_S: Final = 0.25


def watch_over(event: evt.Event) -> None:
    """Handler of EVT_CONN_OPEN: see to it that this association ends."""
    is_over = threading.Event()
    _guard_machine(event.assoc, is_over)
    _guard_wait(event.assoc.dul, is_over)


def _guard_machine(association: Any, is_over: threading.Event) -> None:
    """Note when the state machine is back at rest, and end the association if it breaks."""
    provider = association.dul
    machine = provider.state_machine
    act = machine.do_action

    def do_action(name: str) -> None:
        try:
            act(name)
        except Exception as error:  # noqa: BLE001 - whatever a peer makes it do, it ends here
            reason = f"the peer broke the protocol ({type(error).__name__})"
            log(_logger, logging.WARNING, "association_broken", reason=reason)
            # As pynetdicom itself does where its reactor breaks.
            association.is_aborted = True
            association.is_established = False
            association._kill = True
            provider._kill_thread = True
            is_over.set()
            return
        if machine.current_state == _IDLE:
            is_over.set()

    machine.do_action = do_action


def _guard_wait(provider: Any, is_over: threading.Event) -> None:
    """Wait for the peer's next primitive only as long as one can come."""
    receive = provider.receive_pdu

    def receive_pdu(wait: bool = False, timeout: float | None = None) -> Any:
        if not wait:
            return receive(wait=False)
        end = None if timeout is None else time.monotonic() + timeout
        while end is None or time.monotonic() < end:
            can_come = provider.is_alive() and not is_over.is_set()
            found = receive(wait=True, timeout=_SLICE_S) if can_come else receive(wait=False)
            if found is not None or not can_come:
                return found
        return None

    provider.receive_pdu = receive_pdu
