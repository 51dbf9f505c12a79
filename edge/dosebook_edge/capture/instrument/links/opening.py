"""From the address of an instrument to what opens its line."""

from collections.abc import Collection
from dataclasses import dataclass

from dosebook_edge.capture.instrument.links.address import Address, Network, parse_address
from dosebook_edge.capture.instrument.links.link import Link, LinkError, Opener
from dosebook_edge.capture.instrument.links.listen import ListeningOpener
from dosebook_edge.capture.instrument.links.rfc2217 import Rfc2217Link
from dosebook_edge.capture.instrument.links.serial_line import SerialLink, find_port
from dosebook_edge.capture.instrument.links.tcp import connect
from dosebook_edge.capture.instrument.profile.model import Serial, Tcp


def opener(address: str, transport: Serial | Tcp, *, allowed: Collection[str] = ()) -> Opener:
    """What opens the line at an address; opens nothing itself.

    Args:
        address: as `capture.instrument.links.link` lists them.
        transport: the line's settings, from the profile.
        allowed: IP addresses or networks that may connect to a `listen://` address.

    Raises:
        LinkError: no such address, or it and the profile do not go together.
    """
    where = parse_address(address)
    if isinstance(where, Network) and where.port is None and isinstance(transport, Serial):
        raise LinkError(f"{address} names no port, and neither does the profile: add it")
    if not (isinstance(where, Network) and where.kind != "rfc2217") and isinstance(transport, Tcp):
        raise LinkError(
            f"{address} is a serial line, but the profile is of an instrument on the network, "
            "and does not say how the line is set: use tcp:// or listen://"
        )
    if isinstance(where, Network) and where.kind == "listen":
        return ListeningOpener(where.host, _port(where, transport), allowed)
    if isinstance(transport, Tcp) and transport.kind == "tcp-listen":
        raise LinkError(f"{address}: this instrument connects to the box: use listen://")
    return _Opening(where, transport)


@dataclass(frozen=True, slots=True)
class _Opening:
    """Opens anew at each call; holds nothing between."""

    where: Address
    transport: Serial | Tcp

    def __call__(self) -> Link:
        if isinstance(self.where, Network) and self.where.kind == "tcp":
            return connect(self.where.host, _port(self.where, self.transport))
        assert isinstance(self.transport, Serial)  # noqa: S101 - as `opener` checks
        if isinstance(self.where, Network):
            return Rfc2217Link(self.where.host, _port(self.where, self.transport), self.transport)
        return SerialLink(find_port(self.where), self.transport)

    def close(self) -> None:
        """Nothing is held."""


def _port(where: Network, transport: Serial | Tcp) -> int:
    if where.port is not None:
        return where.port
    assert isinstance(transport, Tcp)  # noqa: S101 - as `opener` checks
    return transport.port
