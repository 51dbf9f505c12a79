"""The registry's certificate authority: P-256, one level, for the broker and its clients.

A certificate's common name is what topic rights go by: a box's id, or `registry`. The revocation
list is valid as long as the authority itself: it is replaced when it changes, and a list that
expired because nobody revoked anything would lock every box out.
"""

import ipaddress
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from dosebook_central.fleet.keys import FleetError, read_authority_key, write_key
from dosebook_protocol.durable import write_durably
from dosebook_protocol.topics import TopicError, check_box_id

REGISTRY_NAME: Final = "registry"
"""Common name of the registry's own client certificate; no box may have it as its id."""

AUTHORITY_LIFE: Final = timedelta(days=20 * 365)
LEAF_LIFE: Final = timedelta(days=2 * 365)
RENEW_BEFORE: Final = timedelta(days=60)
# A box whose clock runs late must still find its certificate valid.
_BACKDATE: Final = timedelta(days=2)
_PURPOSES: Final = {
    "server": ExtendedKeyUsageOID.SERVER_AUTH,
    "client": ExtendedKeyUsageOID.CLIENT_AUTH,
}

PublicKey = ec.EllipticCurvePublicKey | Ed25519PublicKey


class CertificateAuthority:
    """Issues and revokes certificates; its key and its list live in one folder."""

    def __init__(
        self, folder: Path, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        self._folder = folder
        self._key = key
        self.certificate = certificate

    @classmethod
    def create(cls, folder: Path) -> "CertificateAuthority":
        """Make a new authority; raises `FleetError` where there is one already."""
        if (folder / "ca.key").exists():
            raise FleetError(f"{folder} already holds a certificate authority")
        key = ec.generate_private_key(ec.SECP256R1())
        # The name tells two registries apart in a list of trusted authorities.
        name = _name(f"Dosebook registry authority {x509.random_serial_number():040x}"[:48])
        builder = (
            _builder(name, name, key.public_key(), AUTHORITY_LIFE)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        )
        certificate = builder.sign(key, SHA256())
        write_key(folder / "ca.key", key)
        write_durably(folder / "ca.crt", certificate.public_bytes(Encoding.PEM))
        authority = cls(folder, key, certificate)
        authority._write_list(())
        return authority

    @classmethod
    def load(cls, folder: Path) -> "CertificateAuthority":
        """Open the authority of a folder; raises `FleetError`."""
        key = read_authority_key(folder / "ca.key")
        certificate = x509.load_pem_x509_certificate((folder / "ca.crt").read_bytes())
        return cls(folder, key, certificate)

    @property
    def certificate_path(self) -> Path:
        """The authority's certificate, PEM."""
        return self._folder / "ca.crt"

    @property
    def revocations_path(self) -> Path:
        """The revocation list, PEM."""
        return self._folder / "ca.crl"

    def issue_box(self, box_id: str, request: x509.CertificateSigningRequest) -> x509.Certificate:
        """Certify a box's key as that box's; raises `FleetError` for a request that is no good.

        Only the key is taken from the request: a box does not choose its name.
        """
        try:
            check_box_id(box_id)
        except TopicError as error:
            raise FleetError(str(error)) from None
        if box_id == REGISTRY_NAME:
            raise FleetError(f"box id {REGISTRY_NAME!r} is taken by the registry itself")
        key = request.public_key()
        if not isinstance(key, Ed25519PublicKey):
            raise FleetError("the request is not for an Ed25519 key: make it with dosebook-box")
        if not request.is_signature_valid:
            raise FleetError("the request is not signed by its own key")
        return self._issue(box_id, key, "client")

    def issue_client(self, name: str, key: PublicKey) -> x509.Certificate:
        """Certify a client of the broker that is not a box."""
        return self._issue(name, key, "client")

    def issue_server(self, hosts: Iterable[str], key: PublicKey) -> x509.Certificate:
        """Certify the broker for host names and addresses."""
        names = tuple(dict.fromkeys(hosts))
        return self._issue(names[0][:64], key, "server", names)

    def _issue(
        self, common_name: str, key: PublicKey, purpose: str, hosts: tuple[str, ...] = ()
    ) -> x509.Certificate:
        issuer_key = self._key.public_key()
        builder = (
            _builder(_name(common_name), self.certificate.subject, key, LEAF_LIFE)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([_PURPOSES[purpose]]), critical=False)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key), critical=False)
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key), critical=False
            )
        )
        if hosts:
            names = x509.SubjectAlternativeName([_general_name(host) for host in hosts])
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self._key, SHA256())

    def revoke(self, serials: Iterable[int]) -> None:
        """Put certificates on the revocation list, which is replaced on disk at once."""
        now = datetime.now(UTC)
        entries = {one.serial_number: one for one in self._read_list()}
        for serial in serials:
            builder = x509.RevokedCertificateBuilder(serial, now)
            entries.setdefault(serial, builder.build())
        self._write_list(entries.values())

    def mend_list(self) -> None:
        """Date the list anew where the clock was ahead of today when it was written."""
        revoked = self._read_list()
        if revoked.last_update_utc > datetime.now(UTC):
            self._write_list(revoked)

    def _read_list(self) -> x509.CertificateRevocationList:
        return x509.load_pem_x509_crl(self.revocations_path.read_bytes())

    def _write_list(self, entries: Iterable[x509.RevokedCertificate]) -> None:
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.certificate.subject)
            .last_update(datetime.now(UTC) - _BACKDATE)
            .next_update(self.certificate.not_valid_after_utc)
        )
        for entry in entries:
            builder = builder.add_revoked_certificate(entry)
        signed = builder.sign(self._key, SHA256())
        write_durably(self.revocations_path, signed.public_bytes(Encoding.PEM))


def common_name(certificate: x509.Certificate) -> str:
    """The name that topic rights go by."""
    return str(certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def serial_text(certificate: x509.Certificate) -> str:
    """The serial number as it is stored and shown: lower-case hex."""
    return f"{certificate.serial_number:x}"


def _builder(
    subject: x509.Name, issuer: x509.Name, key: PublicKey, life: timedelta
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _BACKDATE)
        .not_valid_after(now + life)
    )


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)
