"""Passwords: argon2id hashes, a policy in one sentence, and a check that takes the same time."""

import secrets
from functools import cache
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_LENGTH: Final = 10
_MAX_LENGTH: Final = 256
# The short list of what is tried first against every service. Compared without case and without
# the digits and signs that people hang onto a word.
_COMMON: Final = frozenset(
    {
        "password", "passwort", "motdepasse", "contraseña", "contrasena", "haslo", "hasło",
        "qwerty", "qwertyuiop", "azerty", "azertyuiop", "qwertz", "letmein", "welcome", "admin",
        "administrator", "hospital", "radiology", "radiologie", "dosebook", "changeme", "iloveyou",
        "monkey", "dragon", "football", "princess", "sunshine", "master", "superman", "default",
    }
)  # fmt: skip
_TRIMMINGS: Final = "0123456789!?.,-_*#$%&@+ "
_HASHER: Final = PasswordHasher()


class PasswordRefusedError(ValueError):
    """A new password that the policy does not accept; its text says why."""


def check_policy(password: str, login: str) -> None:
    """Raise `PasswordRefusedError` unless the password is long, not common and not the login."""
    if len(password) < MIN_LENGTH:
        raise PasswordRefusedError(
            f"The password has {len(password)} characters: use at least {MIN_LENGTH}."
        )
    if len(password) > _MAX_LENGTH:
        raise PasswordRefusedError(f"Use at most {_MAX_LENGTH} characters.")
    core = password.casefold().strip(_TRIMMINGS)
    if len(set(password)) < 4 or core in _COMMON or not core:
        raise PasswordRefusedError(
            "This password is among the first that an attacker tries: use three or four words "
            "that do not belong together."
        )
    if login.casefold() in password.casefold():
        raise PasswordRefusedError("The password contains the login: choose another.")


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    return _HASHER.hash(password)


def verify_password(stored: str | None, password: str) -> bool:
    """Whether a password belongs to a hash; costs the same when there is no such user (None)."""
    try:
        _HASHER.verify(stored or _nobody(), password[:_MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def one_time_password() -> str:
    """A random password to hand over once; its owner has to change it."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"  # none that are mistaken for another
    groups = ("".join(secrets.choice(letters) for _ in range(4)) for _ in range(4))
    return "-".join(groups)


@cache
def _nobody() -> str:
    return _HASHER.hash(secrets.token_urlsafe(16))
