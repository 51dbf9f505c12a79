"""A box and a registry get to know each other through files, by the commands that people use."""

import json
import stat
from dataclasses import dataclass
from pathlib import Path

import pytest
from click.testing import CliRunner

from dosebook_central.broker.cli import broker as broker_commands
from dosebook_central.fleet.cli import box as box_commands
from dosebook_central.fleet.keys import FleetError
from dosebook_central.fleet.verify import known_box, open_envelope
from dosebook_edge.identity.cli import identity as identity_commands
from dosebook_edge.identity.files import IdentityError
from dosebook_edge.identity.identity import Identity, install, request
from dosebook_protocol.cose import SignatureError
from tests.support.fleet import FleetUnderTest


@dataclass
class BoxUnderTest:
    """What the box's commands are given."""

    identity_dir: Path
    box_id: str = "ct-1"


@pytest.fixture
def registry(tmp_path):
    return FleetUnderTest.create(tmp_path / "registry")


@pytest.fixture
def box(tmp_path):
    return BoxUnderTest(tmp_path / "identity")


def run(group, owner, *arguments):
    """Run a command and return its result; its standard output is in `.stdout`."""
    return CliRunner().invoke(group, list(map(str, arguments)), obj=owner)


def enrol(registry, box, folder):
    """What two people do: request, add, install."""
    csr, bundle = folder / "ct-1.csr", folder / "ct-1.json"
    assert run(identity_commands, box, "request", "--out", csr).exit_code == 0
    added = run(box_commands, registry, "add", "ct-1", "--csr", csr, "--out", bundle)
    assert added.exit_code == 0, added.output
    installed = run(identity_commands, box, "install", bundle)
    assert installed.exit_code == 0, installed.output
    return bundle


def test_enrolment_by_commands(registry, box, tmp_path):
    """Request, add and install enrol a box; show and list tell it."""
    enrol(registry, box, tmp_path)
    shown = json.loads(run(identity_commands, box, "show", "--json").stdout)
    listed = json.loads(run(box_commands, registry, "list", "--json").stdout)
    assert shown["enrolled"] is True
    assert shown["days_left"] > 700
    assert [(one["id"], one["status"]) for one in listed] == [("ct-1", "active")]
    assert shown["certificate"] == listed[0]["certificate_serial"]
    assert "ct-1" in run(box_commands, registry, "list").stdout


def test_a_private_key_stays_private(registry, box, tmp_path):
    """The key is readable by its owner only, and is in no file that leaves the box."""
    bundle = enrol(registry, box, tmp_path)
    (key,) = (box.identity_dir / "keys").glob("*.key")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(box.identity_dir.stat().st_mode) == 0o700
    assert "PRIVATE" not in bundle.read_text() + (tmp_path / "ct-1.csr").read_text()


def test_a_box_signs_before_it_is_enrolled(registry, box):
    """Capture waits for no certificate: what was signed before enrolment counts after it."""
    early = Identity.load_or_create(box.identity_dir, "ct-1").signer.sign(b"dose")
    csr = request(box.identity_dir, "ct-1")
    bundle = registry.fleet.add("ct-1", csr)
    install(box.identity_dir, bundle.model_dump_json().encode())
    (row,) = registry.fleet.boxes()
    assert open_envelope(known_box(row), early) == b"dose"


def test_renewal_with_a_new_key_keeps_old_signatures_valid(registry, box, tmp_path):
    """After a new key, records that still wait under the old one are accepted."""
    enrol(registry, box, tmp_path)
    old = Identity.load(box.identity_dir)
    csr = request(box.identity_dir, "ct-1", new_key=True)
    assert Identity.load(box.identity_dir).signer.public_key == old.signer.public_key
    bundle = registry.fleet.renew("ct-1", csr)
    new = install(box.identity_dir, bundle.model_dump_json().encode())
    assert new.signer.public_key != old.signer.public_key
    (row,) = registry.fleet.boxes()
    for identity in (old, new):
        assert open_envelope(known_box(row), identity.signer.sign(b"dose")) == b"dose"


def test_a_revoked_box_signs_in_vain(registry, box, tmp_path):
    """After revocation no signature of the box counts, and the same key cannot come back."""
    enrol(registry, box, tmp_path)
    revoked = run(box_commands, registry, "revoke", "ct-1", "--reason", "stolen")
    assert revoked.exit_code == 0
    (row,) = registry.fleet.boxes()
    with pytest.raises(SignatureError, match="box ct-1 is revoked"):
        open_envelope(known_box(row), Identity.load(box.identity_dir).signer.sign(b"dose"))
    with pytest.raises(FleetError, match="was revoked with this key"):
        registry.fleet.add("ct-1", request(box.identity_dir, "ct-1"))
    fresh = request(box.identity_dir, "ct-1", new_key=True)
    assert registry.fleet.add("ct-1", fresh).box_id == "ct-1"


def test_a_box_is_not_enrolled_twice(registry, box, tmp_path):
    """A second `add` names the command that was meant."""
    enrol(registry, box, tmp_path)
    again = run(box_commands, registry, "add", "ct-1", "--csr", tmp_path / "ct-1.csr")
    assert again.exit_code == 1
    assert "dosebook-registry box renew ct-1" in again.output


def test_the_registrys_own_name_is_no_box(registry, box):
    """Nobody is enrolled as `registry`, whose certificate has the rights of the registry."""
    with pytest.raises(FleetError, match="taken by the registry itself"):
        registry.fleet.add("registry", request(box.identity_dir, "ct-1"))


def test_a_box_gets_the_name_that_the_registry_gives(registry, box):
    """The name in a request is not believed."""
    bundle = registry.fleet.add("ct-2", request(box.identity_dir, "ct-1"))
    with pytest.raises(IdentityError, match="for box ct-2, this box is ct-1"):
        install(box.identity_dir, bundle.model_dump_json().encode())


def test_a_bundle_for_another_key_is_refused(registry, box, tmp_path):
    """A bundle for a key that this box has not changes nothing."""
    bundle = registry.fleet.add("ct-1", request(tmp_path / "elsewhere", "ct-1"))
    Identity.load_or_create(box.identity_dir, "ct-1")
    with pytest.raises(IdentityError, match="not for a key of this box"):
        install(box.identity_dir, bundle.model_dump_json().encode())
    assert Identity.load(box.identity_dir).enrolled is None


def test_a_bundle_with_a_foreign_certificate_is_refused(registry, box, tmp_path):
    """The certificate must be by the authority that the bundle brings."""
    csr = request(box.identity_dir, "ct-1")
    other = FleetUnderTest.create(tmp_path / "other").fleet.add("ct-1", csr)
    mixed = registry.fleet.add("ct-1", csr).model_copy(
        update={"certificate_pem": other.certificate_pem}
    )
    with pytest.raises(IdentityError, match="not by the authority"):
        install(box.identity_dir, mixed.model_dump_json().encode())


def test_moving_to_another_registry_must_be_meant(registry, box, tmp_path):
    """A bundle of another registry is refused unless the move is asked for."""
    enrol(registry, box, tmp_path)
    other = FleetUnderTest.create(tmp_path / "other")
    bundle = other.fleet.add("ct-1", request(box.identity_dir, "ct-1")).model_dump_json().encode()
    with pytest.raises(IdentityError, match="--other-registry"):
        install(box.identity_dir, bundle)
    moved = install(box.identity_dir, bundle, other_registry=True)
    assert moved.enrolled is not None
    assert moved.enrolled.registry_key == other.credentials.signer.public_key


def test_a_cut_during_install_leaves_the_old_identity(registry, box, tmp_path):
    """What was not promoted does not count: a half-written bundle is ignored."""
    enrol(registry, box, tmp_path)
    (box.identity_dir / "enrolment.json.new").write_text('{"version": 1, "box_')
    assert Identity.load(box.identity_dir).enrolled is not None


def test_a_box_keeps_its_id(box):
    """The registry counts records by the id, so a configuration cannot change it in passing."""
    Identity.load_or_create(box.identity_dir, "ct-1")
    with pytest.raises(IdentityError, match="keeps its id for life"):
        Identity.load_or_create(box.identity_dir, "ct-9")


@pytest.mark.parametrize("text", ["", "{}", "not json", '{"version": 2}'])
def test_a_file_that_is_no_bundle_is_refused_in_words(box, text):
    """Whatever file is given, the answer is a sentence and exit code 1."""
    Identity.load_or_create(box.identity_dir, "ct-1")
    path = box.identity_dir / "bundle.json"
    path.write_text(text)
    result = run(identity_commands, box, "install", path)
    assert result.exit_code == 1
    assert "not an enrolment bundle" in result.output


def test_a_box_without_key_is_told_what_to_do(box):
    """Before `request` the other commands name it."""
    result = run(identity_commands, box, "show")
    assert result.exit_code == 1
    assert "dosebook-box identity request" in result.output


def test_export_for_an_external_broker(registry, tmp_path):
    """What Mosquitto needs lands in one folder, the key readable by its owner only."""
    folder = tmp_path / "mosquitto"
    result = run(broker_commands, registry, "export", folder, "--host", "mqtt.example")
    assert result.exit_code == 0, result.output
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes == {"ca.crt": 0o644, "ca.crl": 0o644, "broker.crt": 0o644, "broker.key": 0o600}
