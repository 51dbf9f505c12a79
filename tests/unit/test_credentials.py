"""The registry's own certificates over time: renewed by themselves, whatever its clock said."""

from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509

from dosebook_central.fleet import ca, credentials
from dosebook_central.fleet.credentials import Credentials


@pytest.fixture
def clock(monkeypatch):
    """Set the clock of the registry ahead by some days."""

    class Clock(datetime):
        ahead = timedelta()

        @classmethod
        def now(cls, tz=None):
            return datetime.now(tz) + cls.ahead

    def set_ahead(days):
        monkeypatch.setattr(Clock, "ahead", timedelta(days=days))

    for module in (ca, credentials):
        monkeypatch.setattr(module, "datetime", Clock)
    return set_ahead


def certificates(folder):
    """Those of the broker and of the registry as its client."""
    paths = (folder / "keys" / f"{name}.crt" for name in ("broker", "client"))
    return [x509.load_pem_x509_certificate(path.read_bytes()) for path in paths]


@pytest.mark.parametrize("days", [700, 3000])
def test_certificates_of_a_clock_that_was_ahead_are_made_anew(tmp_path, clock, days):
    """Once the clock is right they would not be valid yet, and no box could deliver for years."""
    made = Credentials.create(tmp_path, ("registry.example",))
    clock(days)
    made.renew_if_due(("registry.example",))
    made.authority.revoke([4711])
    now = datetime.now(UTC)
    assert all(one.not_valid_before_utc > now for one in certificates(tmp_path))
    clock(0)
    made.renew_if_due(("registry.example",))
    assert all(one.not_valid_before_utc < now for one in certificates(tmp_path))
    revoked = x509.load_pem_x509_crl(made.authority.revocations_path.read_bytes())
    assert revoked.last_update_utc < now
    assert [one.serial_number for one in revoked] == [4711]


def test_good_certificates_stay_and_those_near_their_end_are_renewed(tmp_path, clock):
    """Two years, renewed sixty days before; what is good is not touched."""
    made = Credentials.create(tmp_path)
    before = certificates(tmp_path)
    clock(600)
    made.renew_if_due()
    assert certificates(tmp_path) == before
    clock(680)
    made.renew_if_due()
    assert not set(certificates(tmp_path)) & set(before)
