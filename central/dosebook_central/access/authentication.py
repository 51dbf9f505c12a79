"""Tell who signs in, with a lock that grows with each failure."""

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Engine, select, update

from dosebook_central.access.passwords import verify_password
from dosebook_central.access.users import Person, find_person
from dosebook_central.store.models import User

FREE_ATTEMPTS: Final = 5
_FIRST_DELAY: Final = timedelta(seconds=30)
_LONGEST_DELAY: Final = timedelta(hours=1)


def authenticate(engine: Engine, login: str, password: str, now: datetime) -> Person | None:
    """Return the person of a login and password, else None, never saying which was wrong.

    From the fifth failure on, each one locks the account for twice as long as the one before. A
    locked account, an inactive one and an unknown login cost the same time as a wrong password.
    """
    stored = select(User.id, User.password_hash, User.is_active, User.locked_until)
    with engine.connect() as connection:
        statement = stored.where(User.login == login.strip().casefold())
        row = connection.execute(statement).one_or_none()
    usable = row is not None and row.is_active and not is_locked(row.locked_until, now)
    is_right = verify_password(row.password_hash if row is not None and usable else None, password)
    if row is None or not usable:
        return None
    with engine.begin() as connection:
        outcome = _outcome(now, is_right=is_right)
        connection.execute(update(User).where(User.id == row.id).values(outcome))
        if is_right:
            return find_person(connection, row.id)
        failed = connection.execute(
            select(User.failed_attempts).where(User.id == row.id)
        ).scalar_one()
        until = now + lock_delay(failed) if failed >= FREE_ATTEMPTS else None
        connection.execute(update(User).where(User.id == row.id).values(locked_until=until))
    return None


def lock_delay(failed_attempts: int) -> timedelta:
    """How long an account stays locked after so many failures in a row."""
    doublings = min(max(failed_attempts - FREE_ATTEMPTS, 0), 16)
    return min(_FIRST_DELAY * (1 << doublings), _LONGEST_DELAY)


def is_locked(locked_until: datetime | None, now: datetime) -> bool:
    """Whether an account is locked at a moment."""
    return locked_until is not None and now < locked_until


def _outcome(now: datetime, *, is_right: bool) -> dict[str, Any]:
    if is_right:
        return {"failed_attempts": 0, "locked_until": None, "last_login_at": now}
    return {"failed_attempts": User.failed_attempts + 1}
