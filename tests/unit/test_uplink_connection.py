"""What the end of a handshake means for the next attempt."""

import socket
import ssl
import threading

import pytest

from dosebook_edge.uplink.connection import is_cut


def test_a_peer_that_leaves_in_the_handshake_is_a_cut_and_no_refusal():
    """A broker that restarts hangs up in mid-handshake: the box must come back soon."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def leave() -> None:
            server.accept()[0].close()

        leaving = threading.Thread(target=leave)
        leaving.start()
        with socket.create_connection(server.getsockname()) as raw:
            context = ssl.create_default_context()
            with pytest.raises(OSError) as caught:  # noqa: PT011 - a reset or an end of file
                context.wrap_socket(raw, server_hostname="localhost")
        leaving.join()
    assert not isinstance(caught.value, ssl.SSLError) or is_cut(caught.value)


def test_a_certificate_that_is_refused_is_no_cut():
    """An alert about certificates stays so however often it is tried."""
    assert not is_cut(ssl.SSLCertVerificationError(1, "certificate verify failed"))
    assert not is_cut(ssl.SSLError(1, "tlsv1 alert unknown ca"))
