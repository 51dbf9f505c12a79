"""Passwords, lockout, roles and rights."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from dosebook_central.access import users
from dosebook_central.access.authentication import authenticate, lock_delay
from dosebook_central.access.passwords import (
    PasswordRefusedError,
    check_policy,
    hash_password,
    one_time_password,
    verify_password,
)
from dosebook_central.access.rights import ROLES, Right, changes_for, rights_of
from dosebook_central.store.engine import open_engine
from dosebook_central.store.models import Base, User

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PASSWORD = "three quiet rivers"


@pytest.fixture
def engine(tmp_path):
    """An empty registry with one physicist."""
    engine = open_engine(tmp_path / "r.db")
    Base.metadata.create_all(engine)
    users.add_user(engine, "Curie", "M. Curie", "physicist", PASSWORD)
    yield engine
    engine.dispose()


@pytest.fixture
def curie(engine):
    """The id of the physicist."""
    with engine.connect() as connection:
        return connection.execute(select(User.id)).scalar_one()


def test_passwords_are_argon2id_and_never_stored():
    """A password is kept as an argon2id hash that only it verifies (R77)."""
    stored = hash_password(PASSWORD)
    assert stored.startswith("$argon2id$")
    assert PASSWORD not in stored
    assert verify_password(stored, PASSWORD)
    assert not verify_password(stored, PASSWORD + " ")
    assert not verify_password(None, PASSWORD)
    assert not verify_password("no hash", PASSWORD)


@pytest.mark.parametrize(
    "password", ["short", "Password123!", "aaaaaaaaaaaaaa", "0123456789", "curie-the-physicist"]
)
def test_policy_refuses_what_is_tried_first(password):
    """Short, common and self-naming passwords are refused with a reason."""
    with pytest.raises(PasswordRefusedError, match=r"\.$"):
        check_policy(password, "curie")


def test_one_time_passwords_pass_the_policy_and_differ():
    """What an administrator hands out is strong and never the same twice."""
    made = {one_time_password() for _ in range(20)}
    assert len(made) == 20
    for password in made:
        check_policy(password, "curie")


def test_login_is_case_insensitive_and_must_change_its_first_password(engine):
    """A new account has to change the password that somebody else chose (R77)."""
    person = authenticate(engine, " CURIE ", PASSWORD, NOW)
    assert person is not None
    assert person.must_change_password


def test_fifth_failure_locks_and_each_further_one_doubles(engine, curie):
    """From the fifth wrong password on the account is locked, each time twice as long."""
    moment = NOW
    for _ in range(5):
        assert authenticate(engine, "curie", "wrong", moment) is None
    assert authenticate(engine, "curie", PASSWORD, moment + timedelta(seconds=29)) is None
    moment += timedelta(seconds=31)
    assert authenticate(engine, "curie", "wrong", moment) is None
    assert authenticate(engine, "curie", PASSWORD, moment + timedelta(seconds=59)) is None
    assert authenticate(engine, "curie", PASSWORD, moment + timedelta(seconds=61)) is not None
    assert lock_delay(30) == timedelta(hours=1)


def test_unlock_lets_in_at_once(engine, curie):
    """An administrator's unlock ends the wait."""
    for _ in range(5):
        authenticate(engine, "curie", "wrong", NOW)
    with engine.begin() as connection:
        users.unlock(connection, curie)
    assert authenticate(engine, "curie", PASSWORD, NOW) is not None


def test_deactivated_account_is_refused_like_a_wrong_password(engine, curie):
    """Nobody learns from the answer whether an account exists or is switched off."""
    users.add_user(engine, "admin2", "", "administrator", PASSWORD)
    with engine.begin() as connection:
        users.set_active(connection, curie, is_active=False)
    assert authenticate(engine, "curie", PASSWORD, NOW) is None
    assert authenticate(engine, "nobody", PASSWORD, NOW) is None


def test_last_administrator_stays(engine):
    """The registry always keeps one active person who may manage people."""
    number = users.add_user(engine, "root", "", "administrator", PASSWORD)
    with engine.begin() as connection, pytest.raises(users.UserError, match="last person"):
        users.set_active(connection, number, is_active=False)
    with engine.begin() as connection, pytest.raises(users.UserError, match="last person"):
        users.set_role(connection, number, "auditor", ROLES["auditor"].rights)


def test_login_is_taken_once(engine):
    """Two people never share a login (R77)."""
    with pytest.raises(users.UserError, match="taken"):
        users.add_user(engine, "CURIE", "", "auditor", PASSWORD)


def test_password_change_ends_every_session(engine, curie):
    """A changed password raises the epoch that each session carries."""
    with engine.begin() as connection:
        before = users.find_person(connection, curie)
        users.set_password(connection, before, PASSWORD, "four loud mountains")
        after = users.find_person(connection, curie)
    assert after.session_epoch > before.session_epoch
    assert not after.must_change_password


def test_r78_rights_of_one_person_depart_from_the_role(engine, curie):
    """R78: a person can be granted and refused single rights beside the role."""
    wanted = (ROLES["physicist"].rights | {Right.AUDIT_READ}) - {Right.IMPORT_RUN}
    with engine.begin() as connection:
        users.set_role(connection, curie, "physicist", wanted)
        person = users.find_person(connection, curie)
    assert person.rights == wanted
    assert changes_for("physicist", wanted) == {
        "granted": ["audit.read"],
        "refused": ["import.run"],
    }


def test_unknown_role_and_unknown_right_give_nothing():
    """A role or right that this version does not know opens no door."""
    assert rights_of("wizard") == frozenset()
    assert rights_of("auditor", {"granted": ["everything"]}) == ROLES["auditor"].rights


def test_r7_every_role_has_its_rights_and_only_administrators_manage():
    """R7: eight presets; field engineers and auditors read no patient, one role manages people."""
    assert len(ROLES) == 8
    assert Right.PATIENT_READ not in ROLES["field-engineer"].rights
    assert Right.PATIENT_READ not in ROLES["auditor"].rights
    managers = [name for name, role in ROLES.items() if Right.USER_MANAGE in role.rights]
    assert managers == ["administrator"]
