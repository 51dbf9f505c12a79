"""`dosebook-registry user …`: people who sign in."""

import sys
from datetime import UTC, datetime

import click

from dosebook_central.access.authentication import is_locked
from dosebook_central.access.users import insert_user, list_accounts, unlock
from dosebook_central.audit.log import Act, perform
from dosebook_central.registry import Registry
from dosebook_central.terminal import actor


@click.group()
def user() -> None:
    """People who sign in to the pages."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="Full name.")
@click.option("--role", required=True, help="Preset of rights, such as physicist.")
@click.option(
    "--password-stdin", is_flag=True, help="Read the password from standard input, for scripts."
)
@click.option(
    "--keep-password", is_flag=True, help="Do not ask for another one at the first sign-in."
)
@click.pass_obj
def user_add(
    registry: Registry,
    login: str,
    name: str,
    role: str,
    *,
    password_stdin: bool,
    keep_password: bool,
) -> None:
    """Add a person; the password is asked for."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\n")
    else:
        password = click.prompt("Password", hide_input=True, confirmation_prompt=True)
    perform(
        registry.engine,
        lambda connection: insert_user(
            connection, login, name, role, password, must_change=not keep_password
        ),
        lambda user_id: Act(actor(), "user.add", "user", str(user_id), {"role": role}),
    )
    then = "" if keep_password else ", and is asked for another password then"
    click.echo(f"{login} can sign in{then}.")


@user.command("list")
@click.pass_obj
def user_list(registry: Registry) -> None:
    """List people with their role and state."""
    with registry.engine.connect() as connection:
        accounts = list_accounts(connection)
    now = datetime.now(UTC)
    for account in accounts:
        locked = is_locked(account.locked_until, now)
        state = "locked" if locked else "active" if account.is_active else "inactive"
        click.echo(f"{account.person.login:<24} {account.person.role:<16} {state}")


@user.command("unlock")
@click.argument("login")
@click.pass_obj
def user_unlock(registry: Registry, login: str) -> None:
    """Let a person whose account is locked try again at once."""
    with registry.engine.connect() as connection:
        found = [one for one in list_accounts(connection) if one.person.login == login.casefold()]
    if not found:
        raise click.ClickException(f"there is no login {login}: see dosebook-registry user list")
    person = found[0].person
    perform(
        registry.engine,
        lambda connection: unlock(connection, person.id),
        lambda _: Act(actor(), "user.unlock", "user", str(person.id)),
    )
    click.echo(f"{login} can try again.")
