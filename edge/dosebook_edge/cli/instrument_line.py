"""`dosebook-box instrument probe | watch | record | replay`: on the line of a real instrument."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from dosebook_edge.cli.common import DEGRADED, CommandError, factor_of, json_option, show, table

if TYPE_CHECKING:
    from dosebook_edge.capture.instrument.dialogue.probing import Tried
    from dosebook_edge.capture.instrument.dialogue.session import Session
    from dosebook_edge.capture.instrument.profile.model import Profile
    from dosebook_edge.capture.instrument.wire.heard import Heard

F = TypeVar("F", bound=Callable[..., Any])


def _line_options(command: F) -> F:
    """The options of a command that opens the line of an instrument."""
    for option in reversed(
        [
            click.argument("profile"),
            click.argument("address"),
            click.option(
                "--baudrate",
                type=click.IntRange(110, 1_000_000),
                help="Where the profile leaves it to the site.",
            ),
            click.option(
                "--unit-id", type=click.IntRange(1, 247), help="Of a Modbus instrument; likewise."
            ),
            click.option(
                "--allow", multiple=True, metavar="IP", help="Who may connect to listen://."
            ),
        ]
    ):
        command = option(command)
    return command


_count_option = click.option(
    "--count", type=click.IntRange(min=1), help="Stop after so many answers with a reading."
)
_for_option = click.option(
    "--for", "seconds", type=click.FloatRange(min=0.1), help="Stop after so many seconds."
)


@click.command()
@click.argument("address", required=False)
@json_option
def probe(address: str | None, *, as_json: bool) -> None:
    """List the serial ports; with ADDRESS, try which known instrument answers there.

    Without ADDRESS nothing is sent. With it, the box listens, and sends the identifying question
    of each profile that has one (`timing.identify`), at the line rate of that profile. Do not
    probe an instrument that is in use.

    Exit code 0 when something was found, 3 when not.
    """
    if address is None:
        _list_ports(as_json=as_json)
        return
    rows = [_tried_value(one) for one in _try_all(address)]
    found = [one for one in rows if one["match"]]

    def text() -> str:
        lines = [_tried_line(one) for one in rows]
        names = " or ".join(one["profile"] for one in found)
        end = f"it answers as {names}" if found else "no known instrument answered"
        return "\n".join([*lines, f"{address}: {end}"])

    show(rows, as_json=as_json, text=text)
    if not found:
        sys.exit(DEGRADED)


@click.command()
@_line_options
@_count_option
@_for_option
@click.option("--factor", default="1", show_default=True, help="Calibration factor.")
@click.option("--bytes", "with_bytes", is_flag=True, help="Print what goes over the line as well.")
def watch(*, with_bytes: bool, **options: Any) -> None:
    """Show what the instrument of PROFILE at ADDRESS says now: value, unit, state, bytes.

    On a terminal the values stay in place; elsewhere each is a line. Nothing is stored.
    End it with Ctrl-C. Exit code 0 when a reading came, 1 when none did.
    """
    from dosebook_edge.cli.instrument_view import show_for

    with _open_line(**options) as line:
        line.listen(show_for(line.profile, line.session, sys.stdout, with_bytes=with_bytes))


@click.command()
@_line_options
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@_count_option
@_for_option
def record(file: Path, **options: Any) -> None:
    """Write what goes over the line of the instrument of PROFILE at ADDRESS into FILE.

    FILE is a transcript with times, as `instrument test` and `instrument replay` read it. It must
    not be there yet. End it with Ctrl-C. Exit code 0 when a reading came, 1 when none did.
    """
    from dosebook_edge.capture.instrument.wire.transcript import MARK, written

    with _open_line(**options) as line:
        try:
            out = file.open("x", encoding="utf-8", buffering=1)
        except OSError as error:
            raise CommandError(f"{file} cannot be written: {error.strerror}") from None
        with out:
            out.write(f"{MARK.decode()}\n# profile {line.profile.id}\n")
            line.listen(lambda one: out.write(written(one) + "\n"))
    click.echo(f"{file} written. See it with: dosebook-box instrument test PROFILE {file}")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--to",
    required=True,
    metavar="NAME|HOST:PORT",
    help="Where the box finds it: the name of a pseudo-terminal to make, or a TCP port.",
)
@click.option(
    "--speed", default=1.0, type=click.FloatRange(min=0.01, max=1000), show_default=True,
    help="Seconds of the transcript that pass in one.",
)  # fmt: skip
@_for_option
def replay(file: Path, to: str, *, speed: float, seconds: float | None) -> None:
    """Stand in for an instrument: answer a box as the transcript FILE says that it answered.

    A question gets the answer that it had at that time of the recording, or, without times, the
    next one; after the end the last answer stays. End it with Ctrl-C.
    """
    from dosebook_edge.capture.instrument.wire.stand_in import StandIn, exchanges_of
    from dosebook_edge.capture.instrument.wire.stand_in_line import play, pty_end, tcp_end
    from dosebook_edge.capture.instrument.wire.transcript import TranscriptError, read_capture

    try:
        steps, _ = read_capture(file.read_bytes())
        stand_in = StandIn(exchanges_of(steps), speed)
    except (TranscriptError, ValueError) as error:
        raise CommandError(f"{file}: {error}") from None
    host, colon, port = to.rpartition(":")
    is_tcp = bool(colon) and port.isdigit()
    try:
        with (
            _until(seconds) as stopping,
            tcp_end(host, int(port)) if is_tcp else pty_end(Path(to)) as end,
        ):
            click.echo(f"stands in at {end.address} for {stand_in.length_s:g} s; Ctrl-C ends it")
            play(stand_in, end, stopping)
    except OSError as error:
        raise CommandError(f"{to} cannot be used: {error}") from None


COMMANDS = (probe, watch, record, replay)


@dataclass(frozen=True, slots=True)
class _Line:
    """The instrument that a command listens to, and what ends it."""

    profile: "Profile"
    session: "Session"
    stopping: threading.Event
    count: int | None

    def listen(self, hear: Callable[["Heard"], Any]) -> None:
        """Tell what is heard until the end; exit code 1 where no reading came."""
        from dosebook_edge.capture.instrument.reading import Answer

        seen = 0

        def heard(one: "Heard") -> None:
            nonlocal seen
            if self.stopping.is_set():
                return
            hear(one)
            seen += sum(bool(isinstance(out, Answer) and out.readings) for out in one.outcomes)
            if self.count is not None and seen >= self.count:
                self.stopping.set()

        self.session.run(self.stopping, heard)
        if not seen:
            state = self.session.state()
            raise CommandError(f"no reading: {state.state}: {state.detail or 'nothing came'}")


@contextmanager
def _open_line(
    profile: str,
    address: str,
    *,
    baudrate: int | None,
    unit_id: int | None,
    allow: tuple[str, ...],
    count: int | None,
    seconds: float | None,
    factor: str = "1",
) -> Iterator[_Line]:
    """What the options of a command name, until it ends."""
    from dosebook_edge.capture.instrument.catalogue.loader import ProfileError, find
    from dosebook_edge.capture.instrument.dialogue.session import Session
    from dosebook_edge.capture.instrument.links.address import doubt, parse_address
    from dosebook_edge.capture.instrument.links.link import LinkError
    from dosebook_edge.capture.instrument.links.opening import opener
    from dosebook_edge.capture.instrument.profile.site import SiteError, with_site

    try:
        found = with_site(find(profile), baudrate=baudrate, unit_id=unit_id)
        opening = opener(address, found.transport, allowed=allow)
        if warning := doubt(parse_address(address)):
            click.echo(warning, err=True)
    except (ProfileError, SiteError, LinkError) as error:
        raise CommandError(str(error)) from None
    session = Session(found, opening, factor=factor_of(factor))
    try:
        with _until(seconds) as stopping:
            yield _Line(found, session, stopping, count)
    finally:
        opening.close()


@contextmanager
def _until(seconds: float | None) -> Iterator[threading.Event]:
    """An event that Ctrl-C, SIGTERM and the end of the time set."""
    stopping = threading.Event()
    before = {
        number: signal.signal(number, lambda *_: stopping.set())
        for number in (signal.SIGINT, signal.SIGTERM)
    }
    timer = None if seconds is None else threading.Timer(seconds, stopping.set)
    if timer is not None:
        timer.start()
    try:
        yield stopping
    finally:
        if timer is not None:
            timer.cancel()
        for number, handler in before.items():
            signal.signal(number, handler)


def _list_ports(*, as_json: bool) -> None:
    from dosebook_edge.capture.instrument.dialogue.probing import found_ports

    ports = found_ports()
    rows = [(one.address, one.device, one.description) for one in ports]
    value = [{"address": a, "device": d, "description": t} for a, d, t in rows]
    none = "no serial port is there. Plug the adapter in, or name an address on the network"

    def text() -> str:
        return table(rows, ("address", "device now", "description")) if rows else none

    show(value, as_json=as_json, text=text)
    if not rows:
        sys.exit(DEGRADED)


def _try_all(address: str) -> Iterator["Tried"]:
    from dosebook_edge.capture.instrument.catalogue.loader import load, shipped
    from dosebook_edge.capture.instrument.dialogue.probing import is_safe, tried
    from dosebook_edge.capture.instrument.links.address import parse_address
    from dosebook_edge.capture.instrument.links.link import LinkError
    from dosebook_edge.capture.instrument.links.opening import opener

    try:
        parse_address(address)
    except LinkError as error:
        raise CommandError(str(error)) from None
    for profile in (load(path) for path in shipped().values()):
        if not is_safe(profile) or profile.status == "site-filled":
            continue
        try:
            opening = opener(address, profile.transport)
        except LinkError:
            continue  # an instrument of another kind of line
        yield tried(profile, opening)


def _tried_value(one: "Tried") -> dict[str, Any]:
    from dosebook_edge.capture.instrument.profile.fields import escape

    return {
        "profile": one.profile,
        "match": one.is_match,
        "sent": escape(one.sent),
        "received": escape(one.received),
        "facts": one.facts,
        "trouble": one.trouble,
    }


def _tried_line(one: dict[str, Any]) -> str:
    asked = f"asked {one['sent']}" if one["sent"] else "listened"
    heard = one["trouble"] or (f"heard {one['received']}" if one["received"] else "heard nothing")
    return f"{'yes' if one['match'] else 'no ':<3}  {one['profile']:<24} {asked}, {heard}"
