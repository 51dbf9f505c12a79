"""`dosebook-simulate instrument`: a simulated instrument on a line, and the truth of its day."""

import json
import threading
import time
from pathlib import Path
from typing import Any, Final, get_args

import click

from dosebook_edge.simulate.instrument.lines import Line, PtyLine, PushLine, TcpLine
from dosebook_edge.simulate.instrument.plan import FAULTS, Fault, Pace, Plan, make_plan
from dosebook_edge.simulate.instrument.profile import Playable, UnplayableError, load
from dosebook_edge.simulate.instrument.stage import playing
from dosebook_edge.simulate.instrument.truth import lines

_AFTER_S: Final = 5.0


def _faults(_ctx: click.Context, _option: click.Parameter, text: str) -> tuple[Fault, ...]:
    if text in ("all", "none"):
        return FAULTS if text == "all" else ()
    chosen = tuple(text.split(","))
    for one in chosen:
        if one not in get_args(Fault):
            raise click.BadParameter(f"{one!r} is none of all, none, {', '.join(FAULTS)}")
    return tuple(one for one in FAULTS if one in chosen)


def _address(_ctx: click.Context, _option: click.Parameter, text: str | None) -> Any:
    if text is None:
        return None
    host, _, port = text.rpartition(":")
    if not port.isdigit() or int(port) > 65535:
        raise click.BadParameter(f"{text!r} is not HOST:PORT, as in 127.0.0.1:8123")
    return host or "127.0.0.1", int(port)


@click.command("instrument")
@click.argument("profile")
@click.option(
    "--pty",
    type=click.Path(path_type=Path),
    help="Make this name a serial port that a box can open.",
)
@click.option("--tcp", callback=_address, metavar="HOST:PORT", help="Listen here; port 0: a free.")
@click.option("--to", callback=_address, metavar="HOST:PORT", help="Connect to a box that listens.")
@click.option("--exposures", default=10, show_default=True, help="How many.")
@click.option(
    "--faults",
    default="none",
    show_default=True,
    callback=_faults,
    help=f"all, or some of {', '.join(FAULTS)}, with commas between.",
)
@click.option("--pause", default=60.0, show_default=True, help="Seconds after each exposure.")
@click.option("--longest", default=30.0, show_default=True, help="Seconds of the longest exposure.")
@click.option("--seed", default=1, show_default=True, help="The same seed plays the same day.")
def instrument_command(
    *,
    profile: str,
    pty: Path | None,
    tcp: tuple[str, int] | None,
    to: tuple[str, int] | None,
    exposures: int,
    faults: tuple[Fault, ...],
    pause: float,
    longest: float,
    seed: int,
) -> None:
    """Play an instrument of PROFILE, an id or a .toml file, and print what truly happened.

    The first line tells its address, each further one an exposure or a fault that is over, in
    JSON. Without --pty, --tcp and --to all is printed at once, and nothing is played.
    """
    try:
        played = load(profile)
        pace = Pace(min(4.0, longest), longest, pause)
        plan = make_plan(played, str(seed), exposures, faults, pace)
        line = _line(played, pty, tcp, to)
        if line is None:
            for _, said in lines(played, plan):
                click.echo(json.dumps(said))
        else:
            _play(played, plan, line, str(seed))
    except UnplayableError as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"the line cannot be opened: {error.strerror}") from None


def _line(
    played: Playable,
    pty: Path | None,
    tcp: tuple[str, int] | None,
    to: tuple[str, int] | None,
) -> Line | None:
    given = [one for one in (pty, tcp, to) if one is not None]
    if len(given) > 1:
        raise click.UsageError("an instrument has one line: --pty, --tcp or --to")
    if given and (to is not None) != (played.engine == "push"):
        raise click.UsageError(f"{played.id}: --to is for instruments that connect by themselves")
    if pty is not None and pty.exists() and not pty.is_symlink():
        raise click.UsageError(f"{pty} is a file: name one that is not there yet")
    if pty is not None:
        return PtyLine(pty)
    if tcp is not None:
        return TcpLine(*tcp)
    return None if to is None else PushLine(*to)


def _play(played: Playable, plan: Plan, line: Line, seed: str) -> None:
    start = time.monotonic()
    with playing(played, plan, line, seed=seed) as player:
        _say({"event": "plugged", "profile": played.id, "address": line.address})
        waiting = threading.Event()
        for at, said in lines(played, plan):
            waiting.wait(max(0.0, start + at - time.monotonic()))
            _say(said)
        waiting.wait(max(0.0, start + plan.ended_s + _AFTER_S - time.monotonic()))
        _say({"event": "ended", "misheard_bytes": player.misheard})


def _say(said: dict[str, Any]) -> None:
    click.echo(json.dumps(said))
