"""Coefficient sets in a registry: adopted once, switched with a reason, signed, on both engines."""

import csv
import io
import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import delete, func, insert, select, update

from dosebook_central.audit.log import verify
from dosebook_central.cli import main
from dosebook_central.coefficients import adopt, switch
from dosebook_central.coefficients.adopt import adopt_shipped
from dosebook_central.dosimetry.package_files import PackageFiles
from dosebook_central.dosimetry.package_reading import PackageError
from dosebook_central.dosimetry.package_signing import public_key_pem, sign
from dosebook_central.dosimetry.packages import shipped
from dosebook_central.store.dose_models import CoefficientPackage, DerivationDue
from dosebook_central.store.engine import open_engine, writing
from dosebook_central.store.models import AuditEvent, Exam, Patient
from dosebook_central.store.queries import packages
from dosebook_protocol.cose import Signer

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
OWN = Signer(Ed25519PrivateKey.generate(), "registry")

MANIFEST = """id = "own-ct"
version = "{version}"
kind = "effective-dose-ct"
title = "Own factors"
citation = "Measured here"
"""


def _rows(factor="0.015", verified="primary"):
    """Rows of an own package: the shipped default set with another chest factor."""
    rows = [dict(row) for row in shipped().find("aapm96").rows]
    rows[0] |= {"factor": factor, "verified": verified}
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def _folder(path, version="1", **changes):
    path.mkdir(exist_ok=True)
    (path / "manifest.toml").write_text(MANIFEST.format(version=version))
    (path / "rows.csv").write_text(_rows(**changes))
    return path


def _due(connection):
    rows = connection.execute(select(DerivationDue.exam_id).order_by(DerivationDue.exam_id))
    return [exam_id for (exam_id,) in rows]


def _why(text="checked"):
    return switch.switch_by("physicist", NOW, text)


def test_adopting_twice_is_adopting_once(registry):
    """A registry starts with the shipped sets and their digest; a second start changes nothing."""
    with registry.engine.connect() as connection:
        assert packages.load_library(connection) is shipped()
    first = adopt_shipped(registry.engine, OWN, NOW)
    with registry.engine.connect() as connection:
        revision = packages.library_revision(connection)
        lines = connection.scalar(select(func.count()).select_from(AuditEvent))
    second = adopt_shipped(registry.engine, OWN, NOW)

    assert len(first.added) == len(shipped().packages)
    assert second.added == second.differing == ()
    with registry.engine.connect() as connection:
        library = packages.load_library(connection)
        assert packages.library_revision(connection) == revision
        assert connection.scalar(select(func.count()).select_from(AuditEvent)) == lines
    assert library.digest == shipped().digest


def test_switch_is_kept_recorded_and_concerns_its_exams(registry):
    """A set switched on counts first, and only exams that it can change become due."""
    adopt_shipped(registry.engine, OWN, NOW)
    with writing(registry.engine) as connection:
        connection.execute(
            insert(Patient).values(id="p", issuer="", identifier="1", name="", updated_at=NOW)
        )
        exam = {
            "group_id": "g", "patient_id": "p", "study_uid": "1.2", "event_count": 1,
            "origin": "captured", "summary": {}, "updated_at": NOW,
        }  # fmt: skip
        connection.execute(
            insert(Exam), [exam | {"id": one, "modality": one} for one in ("CT", "PT", "MG", "XA")]
        )
        connection.execute(delete(DerivationDue))
        revision = packages.library_revision(connection)
        was = switch.set_enabled(connection, "nci2012-icrp103", _why(), is_enabled=True)
        assert not was.package.is_in_force
        assert _due(connection) == ["CT", "PT"]
        assert packages.library_revision(connection) != revision
        library = packages.load_library(connection)
        assert library.of("effective-dose-ct")[0].manifest.id == "nci2012-icrp103"
        assert library.digest != shipped().digest
        switch.set_enabled(connection, "nci2012-icrp103", _why(), is_enabled=False)
        assert packages.load_library(connection).digest == shipped().digest
        connection.execute(delete(DerivationDue))
        switch.set_enabled(connection, "drl-france-theatre-proposed", _why(), is_enabled=True)
        assert _due(connection) == []
        switch.set_enabled(connection, "procedures", _why(), is_enabled=True)
        assert _due(connection) == ["CT", "MG", "PT", "XA"]


def test_unverified_rows_are_accepted_as_they_are_and_not_as_they_become(registry, tmp_path):
    """A later version with other unverified rows needs a new acceptance; on stays on."""
    adopt_shipped(registry.engine, OWN, NOW)
    for version, factor in (("1", "0.014"), ("2", "0.016")):
        files = PackageFiles("own", MANIFEST.format(version=version).encode(),
                             _rows(factor, "no").encode())  # fmt: skip
        with writing(registry.engine) as connection:
            versions = packages.versions_of(connection, "own-ct")
            choices = versions[0].choices if versions else packages.StoredChoices()
            packages.add(connection, sign(files, OWN), choices, NOW, "test")
            found = packages.versions_of(connection, "own-ct")[0]
            assert found.package.manifest.version == version
            assert not found.package.choices.with_unverified
            assert len(found.package.rows_in_force) == 30
            switch.set_enabled(connection, "own-ct", _why(), is_enabled=True)
            switch.set_unverified(connection, "own-ct", _why(), is_accepted=True)
            found = packages.versions_of(connection, "own-ct")[0]
            assert len(found.package.rows_in_force) == 31
            assert found.choices.accepted.why == "checked"
    with registry.engine.connect() as connection:
        assert [one.is_latest for one in packages.versions_of(connection, "own-ct")] == [
            True,
            False,
        ]
        assert packages.load_library(connection).find("own-ct").is_chosen


def test_switch_needs_a_reason_a_known_set_and_something_to_accept(registry):
    """Without a reason nothing is switched, and a mistaken name is said."""
    adopt_shipped(registry.engine, OWN, NOW)
    with pytest.raises(PackageError, match="why"):
        _why("  ")
    with writing(registry.engine) as connection:
        with pytest.raises(PackageError, match="no coefficient set nope"):
            switch.set_enabled(connection, "nope", _why(), is_enabled=True)
        with pytest.raises(PackageError, match="no unverified rows"):
            switch.set_unverified(connection, "aapm96", _why(), is_accepted=True)


def test_rows_changed_in_the_database_are_not_used(registry):
    """Rows that are not those that were signed stop the derivation instead of entering doses."""
    adopt_shipped(registry.engine, OWN, NOW)
    table = CoefficientPackage
    with writing(registry.engine) as connection:
        text = connection.scalar(select(table.rows).where(table.id == "aapm96"))
        connection.execute(
            update(table).where(table.id == "aapm96").values(rows=text.replace("0.014", "0.14"))
        )
        with pytest.raises(PackageError, match="rows of package aapm96"):
            packages.load_library(connection)


def test_shipped_package_that_differs_leaves_the_adopted_one(registry, monkeypatch):
    """The same version with other rows never replaces what doses were derived with."""
    adopt_shipped(registry.engine, OWN, NOW)
    known = shipped().find("mammo-wt")

    def changed():
        files = [one for one in original() if one.name == "mammo-wt"]
        return tuple(replace(one, rows=one.rows.replace(b"0.12", b"0.13")) for one in files)

    original = adopt.shipped_files
    monkeypatch.setattr(adopt, "shipped_files", changed)

    assert adopt_shipped(registry.engine, OWN, NOW).differing == ("mammo-wt 1",)
    with registry.engine.connect() as connection:
        assert packages.load_library(connection).find("mammo-wt").rows == known.rows


def test_update_of_the_program_adds_versions_and_keeps_switches(registry, monkeypatch):
    """A new version of a shipped set stands beside the old one and takes its switch over."""
    adopt_shipped(registry.engine, OWN, NOW)
    with writing(registry.engine) as connection:
        switch.set_enabled(connection, "mammo-wt", _why(), is_enabled=False)
    original = adopt.shipped_files

    def updated():
        return tuple(
            replace(one, manifest=one.manifest.replace(b'version = "1"', b'version = "2"'))
            if one.name == "mammo-wt"
            else one
            for one in original()
        )

    monkeypatch.setattr(adopt, "shipped_files", updated)
    assert adopt_shipped(registry.engine, OWN, NOW).added == ("mammo-wt 2",)
    with registry.engine.connect() as connection:
        latest, old = packages.versions_of(connection, "mammo-wt")
    assert (latest.package.manifest.version, old.package.manifest.version) == ("2", "1")
    assert not latest.package.is_in_force
    assert latest.choices.switched.why == "checked"
    monkeypatch.setattr(adopt, "shipped_files", original)
    assert adopt_shipped(registry.engine, OWN, NOW).added == ()


@pytest.fixture
def command(tmp_path):
    """Run `dosebook-registry sets …` on a registry of the test's own."""
    data = str(tmp_path / "registry")

    def run(*arguments, code=0):
        result = CliRunner().invoke(main, ["--data", data, *map(str, arguments)])
        assert result.exit_code == code, result.output
        return result.output

    run("init")
    run.data = tmp_path / "registry"
    return run


def test_own_set_is_signed_added_and_compared(command, tmp_path):
    """A physicist signs an own set, adds it, and a later version shows which rows differ."""
    folder = _folder(tmp_path / "own")
    assert "sets sign" in command("sets", "add", folder, code=1)
    command("sets", "sign", folder)
    command("sets", "add", folder)
    assert "adopted already" in command("sets", "add", folder, code=1)
    _folder(folder, "2", factor="0.016")
    assert "rows.csv was changed" in command("sets", "add", folder, code=1)
    command("sets", "sign", folder)
    command("sets", "add", folder)

    shown = json.loads(command("sets", "show", "own-ct", "--json"))
    assert (shown["version"], shown["state"], shown["signer"]) == ("2", "on", "registry")
    changes = json.loads(command("sets", "diff", "own-ct@1", "own-ct", "--json"))
    assert [one["cells"] for one in changes] == [{"factor": {"before": "0.015", "after": "0.016"}}]
    assert "0 wrong" in command("sets", "check")
    assert command("sets", "rows", "own-ct@1") == _rows()
    states = {
        (one["id"], one["version"]): one["state"]
        for one in json.loads(command("sets", "list", "--all", "--json"))
    }
    assert states["own-ct", "1"] == "old"
    _folder(folder, "1.5")
    command("sets", "sign", folder)
    assert "older than version 2" in command("sets", "add", folder, code=1)


def test_publisher_is_trusted_by_key_and_owns_its_names_only(command, tmp_path):
    """A publisher's set enters once its key is trusted, but never under a name of another."""
    publisher = Signer(Ed25519PrivateKey.generate(), "registry")
    key = tmp_path / "key.pem"
    key.write_text(public_key_pem(publisher.public_key))
    folder = _folder(tmp_path / "own")
    files = PackageFiles("own", *(
        (folder / name).read_bytes() for name in ("manifest.toml", "rows.csv")
    ))  # fmt: skip
    (folder / "manifest.sig").write_bytes(sign(files, publisher).signature)

    assert "by none of the keys" in command("sets", "add", folder, code=1)
    command("sets", "trust", key, "university")
    assert "name of another key" in command("sets", "trust", key, "university", code=1)
    assert "name of another key" in command("sets", "trust", key, "registry", code=1)
    command("sets", "add", folder)
    assert json.loads(command("sets", "show", "own-ct", "--json"))["signer"] == "university"

    manifest = MANIFEST.format(version="9").replace("own-ct", "aapm96")
    (folder / "manifest.toml").write_text(manifest)
    files = replace(files, manifest=manifest.encode())
    (folder / "manifest.sig").write_bytes(sign(files, publisher).signature)
    assert "this name belongs to registry" in command("sets", "add", folder, code=1)


def test_commands_switch_with_a_reason_and_leave_a_trace(command):
    """Each switch stands in the activity log with who, why and what the set was before."""
    command("sets", "enable", "nci2012-icrp103", "--why", "ICRP 103 wanted")
    assert "--why" in command("sets", "disable", "nci2012-icrp103", code=2)
    assert "--yes" in command("sets", "with-unverified", "crce012-unverified", "--why", "x", code=2)
    command("sets", "with-unverified", "crce012-unverified", "--yes", "--why", "compared")
    command("sets", "enable", "crce012-unverified", "--why", "compared")
    shown = json.loads(command("sets", "show", "crce012-unverified", "--json"))
    assert (shown["rows_in_force"], shown["rows_verified"]) == (12, 0)
    assert shown["unverified_switched"]["why"] == "compared"
    command("sets", "with-unverified", "crce012-unverified", "--off", "--why", "doubt")
    shown = json.loads(command("sets", "show", "crce012-unverified", "--json"))
    assert shown["rows_in_force"] == 0

    engine = open_engine(command.data / "registry.db")
    with engine.connect() as connection:
        assert verify(connection).is_intact
        lines = connection.execute(
            select(AuditEvent.action, AuditEvent.object_id, AuditEvent.detail)
            .where(AuditEvent.object_kind == "coefficient_set", AuditEvent.object_id != "")
            .order_by(AuditEvent.id)
        ).all()
    engine.dispose()
    assert [line.action for line in lines] == [
        "set.enable",
        "set.accept-unverified",
        "set.enable",
        "set.refuse-unverified",
    ]
    assert lines[1].detail == {
        "version": "1", "was": "off", "unverified_rows": 12, "why": "compared",
    }  # fmt: skip
