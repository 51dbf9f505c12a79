"""`dosebook-box identity …`: key, certificate and registry of this box."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol, TextIO

import click

from dosebook_edge.identity import identity as identities
from dosebook_edge.identity.files import IdentityError, fingerprint
from dosebook_edge.identity.identity import Identity


class Box(Protocol):
    """What these commands need of the box; click hands it over as `obj`."""

    @property
    def identity_dir(self) -> Path:
        """The identity folder."""

    @property
    def box_id(self) -> str:
        """The id in the configuration."""


_OUT: Final = click.option(
    "--out", type=click.File("w"), default="-", help="Where the request goes; - is stdout."
)


def _told(work: Callable[[], Any]) -> Any:
    """Turn an expected failure into one sentence and exit code 1."""
    try:
        return work()
    except IdentityError as error:
        raise click.ClickException(str(error)) from None


@click.group()
def identity() -> None:
    """Key, certificate and registry of this box."""


@identity.command()
@_OUT
@click.pass_obj
def request(box: Box, out: TextIO) -> None:
    """Make this box's key, if there is none, and write a certificate request."""
    out.write(_told(lambda: identities.request(box.identity_dir, box.box_id)).decode())
    click.echo(
        f"At the registry: dosebook-registry box add {box.box_id} --csr FILE --out BUNDLE", err=True
    )


@identity.command()
@click.option("--new-key", is_flag=True, help="Make a new key; the old one stays until install.")
@_OUT
@click.pass_obj
def renew(box: Box, out: TextIO, *, new_key: bool) -> None:
    """Write a request for the next certificate."""
    out.write(
        _told(lambda: identities.request(box.identity_dir, box.box_id, new_key=new_key)).decode()
    )
    click.echo(
        f"At the registry: dosebook-registry box renew {box.box_id} --csr FILE --out BUNDLE",
        err=True,
    )


@identity.command()
@click.argument("bundle", type=click.File("rb"))
@click.option("--other-registry", is_flag=True, help="The box moves to another registry.")
@click.pass_obj
def install(box: Box, bundle: BinaryIO, *, other_registry: bool) -> None:
    """Check the registry's enrolment BUNDLE and put it in force."""
    done: Identity = _told(
        lambda: identities.install(box.identity_dir, bundle.read(), other_registry=other_registry)
    )
    shown = _shown(done)
    click.echo(f"Box {done.box_id} is enrolled with {shown['broker']} until {shown['until']}.")


@identity.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def show(box: Box, *, as_json: bool) -> None:
    """Show who this box is."""
    shown = _shown(_told(lambda: Identity.load(box.identity_dir)))
    if as_json:
        click.echo(json.dumps(shown, indent=2))
        return
    for name, value in shown.items():
        click.echo(f"{name.replace('_', ' '):<20} {'-' if value is None else value}")


def _shown(one: Identity) -> dict[str, str | int | bool | None]:
    enrolled = one.enrolled
    return {
        "box_id": one.box_id,
        "key": fingerprint(one.signer.public_key),
        "enrolled": enrolled is not None,
        "certificate": f"{enrolled.certificate.serial_number:x}" if enrolled else None,
        "until": f"{enrolled.certificate.not_valid_after_utc:%Y-%m-%d}" if enrolled else None,
        "days_left": enrolled.days_left(datetime.now(UTC)) if enrolled else None,
        "broker": f"{enrolled.bundle.broker_host}:{enrolled.bundle.broker_port}"
        if enrolled
        else None,
        "registry_key": fingerprint(enrolled.registry_key) if enrolled else None,
    }
