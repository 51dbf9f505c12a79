"""People who sign in: add, change, unlock, deactivate."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import Connection, Engine, Row, Select, insert, select, update
from sqlalchemy.exc import IntegrityError

from dosebook_central.access.passwords import (
    PasswordRefusedError,
    check_policy,
    hash_password,
    verify_password,
)
from dosebook_central.access.rights import ROLES, Right, changes_for, rights_of
from dosebook_central.store.models import User


class UserError(ValueError):
    """A change to a person's account that cannot be made; its text says why."""


@dataclass(frozen=True, slots=True)
class Person:
    """A signed-in person, as each request sees them."""

    id: int
    login: str
    name: str
    role: str
    rights: frozenset[Right]
    must_change_password: bool
    session_epoch: int

    @property
    def role_label(self) -> str:
        """The role in words."""
        return ROLES[self.role].label if self.role in ROLES else self.role

    def may(self, right: Right | str) -> bool:
        """Whether this person has a right."""
        return right in self.rights


@dataclass(frozen=True, slots=True)
class Account:
    """One line of the administrator's list."""

    person: Person
    is_active: bool
    locked_until: datetime | None
    failed_attempts: int
    created_at: datetime
    last_login_at: datetime | None
    departs_from_role: bool


def add_user(
    engine: Engine,
    login: str,
    name: str,
    role: str,
    password: str,
    *,
    must_change: bool = True,
) -> int:
    """Add a person and return the account's id.

    Raises:
        UserError: empty or taken login, or unknown role.
        PasswordRefusedError: the password policy does not accept the password.
    """
    with engine.begin() as connection:
        return insert_user(connection, login, name, role, password, must_change=must_change)


def insert_user(
    connection: Connection,
    login: str,
    name: str,
    role: str,
    password: str,
    *,
    must_change: bool = True,
) -> int:
    """Do what `add_user` does, within a transaction of the caller."""
    login = _clean_login(login)
    _check_role(role)
    check_policy(password, login)
    values = {
        "login": login,
        "name": name.strip(),
        "role": role,
        "rights": {},
        "password_hash": hash_password(password),
        "must_change_password": must_change,
        "created_at": datetime.now(UTC),
    }
    try:
        with connection.begin_nested():
            result = connection.execute(insert(User).values(values))
    except IntegrityError:
        raise UserError(f"The login {login!r} is taken: choose another.") from None
    key = result.inserted_primary_key
    assert key is not None  # noqa: S101  # every INSERT of one row has one
    return int(key[0])


def find_person(connection: Connection, user_id: int) -> Person | None:
    """Return the active person of an id."""
    row = connection.execute(_SELECT.where(User.id == user_id, User.is_active)).one_or_none()
    return _person(row) if row else None


def list_accounts(connection: Connection) -> list[Account]:
    """All accounts, active ones first, by login."""
    rows = connection.execute(_SELECT.order_by(User.is_active.desc(), User.login))
    return [_account(row) for row in rows]


def get_account(connection: Connection, user_id: int) -> Account | None:
    """Return one account, active or not."""
    row = connection.execute(_SELECT.where(User.id == user_id)).one_or_none()
    return _account(row) if row else None


def set_password(connection: Connection, person: Person, current: str, new: str) -> None:
    """Change a person's own password and end all their sessions.

    Raises:
        PasswordRefusedError: the current password is wrong, or the new one is refused or the same.
    """
    stored = connection.execute(select(User.password_hash).where(User.id == person.id)).scalar_one()
    if not verify_password(stored, current):
        raise PasswordRefusedError("The current password is not right.")
    if new == current:
        raise PasswordRefusedError("The new password is the current one: choose another.")
    check_policy(new, person.login)
    _change(connection, person.id, password_hash=hash_password(new), must_change_password=False)
    end_sessions(connection, person.id)


def reset_password(connection: Connection, user_id: int, password: str) -> None:
    """Give a person a one-time password, unlock them and end their sessions."""
    _change(
        connection,
        user_id,
        password_hash=hash_password(password),
        must_change_password=True,
        failed_attempts=0,
        locked_until=None,
    )
    end_sessions(connection, user_id)


def unlock(connection: Connection, user_id: int) -> None:
    """Let a locked person try again at once."""
    _change(connection, user_id, failed_attempts=0, locked_until=None)


def set_active(connection: Connection, user_id: int, *, is_active: bool) -> None:
    """Deactivate or reactivate an account; nobody is ever deleted. Sessions end at once.

    Raises:
        UserError: the last active administrator would go.
    """
    if not is_active:
        _keep_one_manager(connection, user_id)
    _change(connection, user_id, is_active=is_active)
    end_sessions(connection, user_id)


def set_role(connection: Connection, user_id: int, role: str, rights: Iterable[Right]) -> None:
    """Set a person's role, and the rights by which they depart from it (R78).

    Raises:
        UserError: unknown role, or nobody would be left who may manage people.
    """
    _check_role(role)
    wanted = frozenset(rights)
    if Right.USER_MANAGE not in wanted:
        _keep_one_manager(connection, user_id)
    _change(connection, user_id, role=role, rights=changes_for(role, wanted))


def end_sessions(connection: Connection, user_id: int) -> None:
    """Make every session of a person invalid, wherever its cookie is."""
    _change(connection, user_id, session_epoch=User.session_epoch + 1)


_SELECT: Final[Select[Any]] = select(
    User.id,
    User.login,
    User.name,
    User.role,
    User.rights,
    User.password_hash,
    User.must_change_password,
    User.session_epoch,
    User.is_active,
    User.locked_until,
    User.failed_attempts,
    User.created_at,
    User.last_login_at,
)


def _change(connection: Connection, user_id: int, **values: Any) -> None:
    connection.execute(update(User).where(User.id == user_id).values(**values))


def _keep_one_manager(connection: Connection, user_id: int) -> None:
    rows = connection.execute(_SELECT.where(User.is_active))
    managers = {row.id for row in rows if Right.USER_MANAGE in rights_of(row.role, row.rights)}
    if managers == {user_id}:
        raise UserError(
            "This is the last person who may manage people: give someone else that right first."
        )


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise UserError(f"The role {role!r} is not known: use one of {', '.join(ROLES)}.")


def _clean_login(login: str) -> str:
    cleaned = login.strip().casefold()
    if not cleaned or len(cleaned) > 64 or any(sign.isspace() for sign in cleaned):
        raise UserError("A login has 1 to 64 characters and no spaces.")
    return cleaned


def _person(row: Row[Any]) -> Person:
    return Person(
        id=row.id,
        login=row.login,
        name=row.name or row.login,
        role=row.role,
        rights=rights_of(row.role, row.rights),
        must_change_password=row.must_change_password,
        session_epoch=row.session_epoch,
    )


def _account(row: Row[Any]) -> Account:
    return Account(
        person=_person(row),
        is_active=row.is_active,
        locked_until=row.locked_until,
        failed_attempts=row.failed_attempts,
        created_at=row.created_at,
        last_login_at=row.last_login_at,
        departs_from_role=any((row.rights or {}).values()),
    )
