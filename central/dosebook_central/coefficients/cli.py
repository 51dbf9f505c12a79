"""`dosebook-registry sets …`: coefficient sets with their rows, switches and signatures."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from dosebook_central.audit.log import Act, perform
from dosebook_central.coefficients import shown, switch, trusting
from dosebook_central.coefficients.adopt import add_from
from dosebook_central.dosimetry.package_diff import compare
from dosebook_central.dosimetry.package_files import SIGNATURE, read_files
from dosebook_central.dosimetry.package_reading import PackageError
from dosebook_central.dosimetry.package_signing import (
    Keyring,
    canonical,
    public_key_pem,
    read_public_key,
    sign,
)
from dosebook_central.registry import Registry
from dosebook_central.store.queries import packages
from dosebook_central.store.queries.packages import Adopted, Switch
from dosebook_central.terminal import actor
from dosebook_protocol.cose import SignatureError, verify
from dosebook_protocol.durable import write_durably

_JSON: Final = click.option("--json", "as_json", is_flag=True, help="JSON instead of a table.")
_WHY: Final = click.option("--why", required=True, help="The reason, for the activity log.")
_ID: Final = click.argument("set_id", metavar="ID")


@click.group()
def sets() -> None:
    """Coefficient sets: what doses are derived with."""


@sets.command("list")
@click.option("--all", "everything", is_flag=True, help="Earlier versions too.")
@_JSON
@click.pass_obj
def list_sets(registry: Registry, *, everything: bool, as_json: bool) -> None:
    """List the sets with their version and state."""
    with registry.engine.connect() as connection:
        found = packages.list_adopted(connection)
    documents = [shown.summary(one) for one in found if everything or one.is_latest]
    if as_json:
        click.echo(json.dumps(documents, indent=2))
        return
    for one in documents:
        count = one["rows_verified"]
        verified = f"{one['rows']} rows" if count is None else f"{count} of {one['rows']} verified"
        click.echo(
            f"{one['id']:<36} {one['version']:<8} {one['state']:<4} {verified:<20} {one['title']}"
        )


@sets.command()
@click.argument("set_id", metavar="ID[@VERSION]")
@_JSON
@click.pass_obj
def show(registry: Registry, set_id: str, *, as_json: bool) -> None:
    """Show what a set says of itself, and who switched it."""
    document = shown.summary(_find(registry, set_id))
    if as_json:
        click.echo(json.dumps(document, indent=2))
        return
    for name, value in document.items():
        text = (
            ", ".join(f"{key} {part}" for key, part in value.items())
            if isinstance(value, dict)
            else value
        )
        if text not in ("", None):
            click.echo(f"{name.replace('_', ' '):<20} {text}")


@sets.command()
@click.argument("set_id", metavar="ID[@VERSION]")
@_JSON
@click.pass_obj
def rows(registry: Registry, set_id: str, *, as_json: bool) -> None:
    """Print the rows of a set as CSV, each as it stands in the package."""
    found = _find(registry, set_id)
    if as_json:
        click.echo(json.dumps([dict(row) for row in found.package.rows], indent=2))
    else:
        click.echo(found.rows, nl=False)


@sets.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path))
@click.pass_obj
def add(registry: Registry, path: Path) -> None:
    """Add a signed set from a folder or a ZIP; a known set gets a new version."""
    keyring = _keyring(registry)
    name = perform(
        registry.engine,
        lambda connection: add_from(connection, path, keyring, datetime.now(UTC), actor()),
        lambda name: Act(actor(), "set.add", "coefficient_set", name.split()[0], {"set": name}),
    )
    click.echo(f"{name} is adopted: see dosebook-registry sets show {name.split()[0]}")


@sets.command()
@_ID
@_WHY
@click.pass_obj
def enable(registry: Registry, set_id: str, why: str) -> None:
    """Switch a set on; where sets overlap, it counts before those on by default."""
    _switch(registry, set_id, "set.enable", why, lambda connection, by_whom: switch.set_enabled(
        connection, set_id, by_whom, is_enabled=True))  # fmt: skip
    click.echo(f"{set_id} is on. Exams that it concerns are derived anew.")


@sets.command()
@_ID
@_WHY
@click.pass_obj
def disable(registry: Registry, set_id: str, why: str) -> None:
    """Switch a set off."""
    _switch(registry, set_id, "set.disable", why, lambda connection, by_whom: switch.set_enabled(
        connection, set_id, by_whom, is_enabled=False))  # fmt: skip
    click.echo(f"{set_id} is off. Exams that it concerned are derived anew.")


@sets.command("with-unverified")
@_ID
@_WHY
@click.option("--yes", is_flag=True, help="I checked these rows against their publication.")
@click.option("--off", is_flag=True, help="Leave the unverified rows out again.")
@click.pass_obj
def with_unverified(registry: Registry, set_id: str, why: str, *, yes: bool, off: bool) -> None:
    """Accept the rows of a set that nobody verified, as they are in its present version."""
    if yes == off:
        raise click.UsageError("say --yes that a physicist checked the rows, or --off")
    action = "set.accept-unverified" if yes else "set.refuse-unverified"
    _switch(registry, set_id, action, why, lambda connection, by_whom: switch.set_unverified(
        connection, set_id, by_whom, is_accepted=yes))  # fmt: skip
    click.echo(f"The unverified rows of {set_id} {'count now' if yes else 'are left out'}.")


@sets.command("sign")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.pass_obj
def sign_folder(registry: Registry, folder: Path) -> None:
    """Check the set in a folder and sign it with the key of this registry."""
    signed = sign(read_files(folder), registry.credentials.signer)
    manifest = signed.package.manifest
    perform(
        registry.engine,
        lambda _: write_durably(folder / SIGNATURE, signed.signature),
        lambda _: Act(
            actor(), "set.sign", "coefficient_set", manifest.id,
            {"version": manifest.version, "rows_sha256": signed.sha256},
        ),
    )  # fmt: skip
    click.echo(f"{folder / SIGNATURE} is written. Next: dosebook-registry sets add {folder}")


@sets.command()
@click.argument("keyfile", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("name")
@click.pass_obj
def trust(registry: Registry, keyfile: Path, name: str) -> None:
    """Accept sets signed by a publisher's key, a PEM file, under a name."""
    key = read_public_key(keyfile)
    at = datetime.now(UTC)
    perform(
        registry.engine,
        lambda connection: trusting.trust(connection, name, key, at, actor()),
        lambda _: Act(
            actor(), "set.trust", "publisher", name, {"public_key": key.public_bytes_raw().hex()}
        ),
    )
    click.echo(f"Sets signed by {name} can be added now.")


@sets.command("key")
@click.pass_obj
def print_key(registry: Registry) -> None:
    """Print the public key of this registry, for others to trust its sets."""
    click.echo(public_key_pem(registry.credentials.signer.public_key), nl=False)


@sets.command()
@_JSON
@click.pass_obj
def check(registry: Registry, *, as_json: bool) -> None:
    """Verify the signature of every adopted set."""
    keyring = _keyring(registry)
    with registry.engine.connect() as connection:
        found = packages.list_adopted(connection)
    wrong = [_named(one) for one in found if not _is_signed(one, keyring)]
    if as_json:
        click.echo(json.dumps({"checked": len(found), "wrong": wrong}, indent=2))
    else:
        click.echo(f"{len(found)} versions of sets checked, {len(wrong)} wrong")
        for name in wrong:
            click.echo(f"{name} is not as it was signed", err=True)
    if wrong:
        raise click.exceptions.Exit(1)


@sets.command()
@click.argument("before", metavar="ID[@VERSION]")
@click.argument("after", metavar="ID[@VERSION]")
@_JSON
@click.pass_obj
def diff(registry: Registry, before: str, after: str, *, as_json: bool) -> None:
    """Show which rows differ between two versions, or between two sets of one kind."""
    old, new = _find(registry, before), _find(registry, after)
    kind = old.package.manifest.kind
    if new.package.manifest.kind != kind:
        raise PackageError(f"{before} and {after} are of different kinds")
    changes = compare(kind, old.package.rows, new.package.rows)
    if as_json:
        click.echo(json.dumps([shown.change(one) for one in changes], indent=2))
        return
    for one in changes:
        click.echo(shown.change_line(one))
    click.echo(f"{len(changes)} rows differ")


def _switch(
    registry: Registry, set_id: str, action: str, why: str, work: Callable[[Any, Switch], Adopted]
) -> None:
    by_whom = switch.switch_by(actor(), datetime.now(UTC), why)
    perform(
        registry.engine,
        lambda connection: work(connection, by_whom),
        lambda found: Act(actor(), action, "coefficient_set", set_id, shown.detail(found, why)),
    )


def _find(registry: Registry, name: str) -> Adopted:
    set_id, _, version = name.partition("@")
    with registry.engine.connect() as connection:
        if not version:
            return switch.latest(connection, set_id)
        for one in packages.versions_of(connection, set_id):
            if one.package.manifest.version == version:
                return one
    raise PackageError(f"there is no set {name}: see dosebook-registry sets list --all")


def _keyring(registry: Registry) -> Keyring:
    with registry.engine.connect() as connection:
        return trusting.keyring(connection, registry.credentials.signer.public_key)


def _is_signed(one: Adopted, keyring: Keyring) -> bool:
    try:
        payload = verify(one.signature, keyring[one.signer])
    except (KeyError, SignatureError):
        return False
    return payload == canonical(one.package.manifest, one.sha256)


def _named(one: Adopted) -> str:
    return f"{one.package.manifest.id} {one.package.manifest.version}"
