"""The pages of coefficient sets: who reads, who switches, and what has to be written for it."""

from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from dosebook_central.coefficients.adopt import adopt_shipped
from dosebook_central.dosimetry.package_files import PackageFiles
from dosebook_central.dosimetry.package_signing import sign
from dosebook_central.dosimetry.packages import shipped_files
from dosebook_central.store.engine import writing
from dosebook_central.store.models import AuditEvent
from dosebook_central.store.queries import packages
from dosebook_central.web.set_words import CONFIRMATION
from dosebook_protocol.cose import Signer
from tests.support.web import make_site, post

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


@pytest.fixture
def site(tmp_path):
    """A registry with the shipped sets and one person of each role."""
    made = make_site(tmp_path)
    adopt_shipped(made.engine, Signer(Ed25519PrivateKey.generate(), "registry"), NOW)
    yield made
    made.importer.stop()
    made.engine.dispose()


def _set(site, set_id):
    with site.engine.connect() as connection:
        return packages.versions_of(connection, set_id)[0]


def _page(client, path):
    answer = client.get(path)
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_list_shows_kinds_validity_and_verified_rows(site):
    """A radiographer reads which sets there are, since when, and how much of each is verified."""
    client = site.client("radiographer")
    page = _page(client, "/sets")

    assert "CT: effective dose per dose-length product" in page
    assert "2011-10-24" in page
    assert "to 2019-06-30" in page
    unverified = _page(client, "/sets?state=unverified")
    assert "crce012-unverified" in unverified
    assert "nci2012-icrp103" not in unverified
    assert "No set matches" in _page(client, "/sets?q=no-such-words")
    assert client.get("/sets?state=other").status_code == 404


def test_set_page_shows_rows_and_why_one_does_not_count(site):
    """Each row stands there with its source, and with the reason where formulas leave it out."""
    client = site.client("radiographer")
    page = _page(client, "/sets/alert-thresholds?q=FLUO_KAR_FIRST")
    assert "no, not verified" not in page
    assert "no, not verified" in _page(client, "/sets/alert-thresholds")
    assert "no, set is off" in _page(client, "/sets/nci2012-icrp103")
    assert "no, not preferred" in _page(client, "/sets/eur16262-1999")
    assert "Later rows" in _page(client, "/sets/drl-france-2011-superseded")
    assert "Switch the set" not in page
    assert client.get("/sets/nope").status_code == 404
    assert client.get("/sets/aapm96?version=99").status_code == 404


def test_physicist_switches_with_a_reason_and_the_page_says_who(site):
    """Without a reason nothing changes; with one the set is on, and who and why stand beside it."""
    client = site.client("physicist")
    path = "/sets/nci2012-icrp103"
    post(client, path, f"{path}/switch", to="on", why="  ")
    assert not _set(site, "nci2012-icrp103").package.is_in_force
    post(client, path, f"{path}/switch", to="on", why="ICRP 103 is wanted here")

    assert _set(site, "nci2012-icrp103").package.is_chosen
    page = _page(client, path)
    assert "ICRP 103 is wanted here" in page
    assert "switched on" in page
    with site.engine.connect() as connection:
        line = connection.execute(
            select(AuditEvent.actor, AuditEvent.detail).where(AuditEvent.action == "set.enable")
        ).one()
    assert line.actor == "physicist"
    assert line.detail["why"] == "ICRP 103 is wanted here"
    post(client, path, f"{path}/switch", to="off", why="a trial")
    assert not _set(site, "nci2012-icrp103").package.is_in_force


def test_unverified_rows_need_a_confirmation_in_words(site):
    """A reason is not enough: the physicist writes that the rows were checked."""
    client = site.client("physicist")
    path = "/sets/crce012-unverified"
    for words in ("", "yes"):
        post(client, path, f"{path}/unverified", to="accept", why="needed", confirmation=words)
        assert not _set(site, "crce012-unverified").package.choices.with_unverified
    post(client, path, f"{path}/unverified", to="accept", why="compared", confirmation=CONFIRMATION)
    assert _set(site, "crce012-unverified").package.choices.with_unverified
    assert "Leave the unverified rows out" in _page(client, path)
    post(client, path, f"{path}/unverified", to="refuse", why="doubt")
    assert not _set(site, "crce012-unverified").package.choices.with_unverified
    post(client, path, "/sets/aapm96/unverified", to="accept", why="x", confirmation=CONFIRMATION)
    assert "has no unverified rows" in _page(client, path)


def test_changes_of_a_version_are_shown(site):
    """A later version stands beside the earlier one, with the rows that differ."""
    client = site.client("physicist")
    (files,) = (one for one in shipped_files() if one.name == "mammo-wt")
    later = PackageFiles("mammo-wt", files.manifest.replace(b'version = "1"', b'version = "2"'),
                         files.rows.replace(b"0.12,", b"0.13,"))  # fmt: skip
    signed = sign(later, Signer(Ed25519PrivateKey.generate(), "registry"))
    with writing(site.engine) as connection:
        packages.add(connection, signed, packages.StoredChoices(), NOW, "physicist")

    page = _page(client, "/sets/mammo-wt")
    assert "what changed" in page
    page = _page(client, "/sets/mammo-wt/changes?before=1&after=2")
    assert "0.12" in page
    assert "<strong>0.13</strong>" in page
    assert "replaced by a later version" in _page(client, "/sets/mammo-wt?version=1")
    assert "No row differs" in _page(client, "/sets/mammo-wt/changes?before=2&after=2")


def test_registry_without_sets_says_what_to_do(tmp_path):
    """Before the first adoption the page names the command that adopts the sets."""
    made = make_site(tmp_path)
    assert "dosebook-registry db upgrade" in _page(made.client("physicist"), "/sets")
    made.importer.stop()
    made.engine.dispose()
