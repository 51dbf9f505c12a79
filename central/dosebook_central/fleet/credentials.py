"""What the registry itself holds: its authority, its certificates, the key that signs receipts.

<data>/keys/authority/{ca.key,ca.crt,ca.crl}
<data>/keys/broker.{key,crt}        TLS server of the broker
<data>/keys/client.{key,crt}        the registry as a client of the broker
<data>/keys/signing.key             Ed25519, signs receipts and configuration
"""

import ssl
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding

from dosebook_central.fleet.ca import REGISTRY_NAME, RENEW_BEFORE, CertificateAuthority
from dosebook_central.fleet.keys import read_signing_key, write_key
from dosebook_protocol.cose import Signer
from dosebook_protocol.durable import write_durably

_LOOPBACK: Final = ("localhost", "127.0.0.1")


class Credentials:
    """The registry's keys and certificates, in one folder that only it can read."""

    def __init__(self, data_dir: Path) -> None:
        self.folder = data_dir / "keys"
        self.authority = CertificateAuthority.load(self.folder / "authority")
        self.signer = Signer(read_signing_key(self.folder / "signing.key"), REGISTRY_NAME)

    @classmethod
    def create(cls, data_dir: Path, hosts: Iterable[str] = ()) -> "Credentials":
        """Make all of them for a new registry; raises `FleetError` where they exist."""
        folder = data_dir / "keys"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        CertificateAuthority.create(folder / "authority")
        write_key(folder / "signing.key", Ed25519PrivateKey.generate())
        credentials = cls(data_dir)
        credentials.renew_if_due(hosts)
        return credentials

    @property
    def broker_certificate(self) -> Path:
        """Certificate of the broker's TLS server, PEM."""
        return self.folder / "broker.crt"

    @property
    def broker_key(self) -> Path:
        """Private key of the broker's TLS server, PEM."""
        return self.folder / "broker.key"

    def renew_if_due(self, hosts: Iterable[str] = ()) -> None:
        """Issue the registry's own certificates where missing, near their end or without a host.

        So are those of a clock that was ahead: until their day comes, nobody would accept them.
        """
        self.authority.mend_list()
        wanted = tuple(dict.fromkeys((*hosts, *_LOOPBACK)))
        if not self._is_good("broker", wanted):
            key = ec.generate_private_key(ec.SECP256R1())
            self._store("broker", key, self.authority.issue_server(wanted, key.public_key()))
        if not self._is_good("client"):
            key = ec.generate_private_key(ec.SECP256R1())
            self._store("client", key, self.authority.issue_client(REGISTRY_NAME, key.public_key()))

    def export(self, folder: Path) -> None:
        """Write what an external broker needs: authority, revocation list, certificate, key."""
        for path, mode in (
            (self.authority.certificate_path, 0o644),
            (self.authority.revocations_path, 0o644),
            (self.broker_certificate, 0o644),
            (self.broker_key, 0o600),
        ):
            write_durably(folder / path.name, path.read_bytes(), mode)

    def client_context(self) -> ssl.SSLContext:
        """TLS as the registry's client certificate, trusting its own authority only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(self.authority.certificate_path)
        context.load_cert_chain(self.folder / "client.crt", self.folder / "client.key")
        return context

    def _is_good(self, name: str, hosts: tuple[str, ...] = ()) -> bool:
        path = self.folder / f"{name}.crt"
        if not path.exists() or not path.with_suffix(".key").exists():
            return False
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
        now, end = datetime.now(UTC), certificate.not_valid_after_utc
        if now < certificate.not_valid_before_utc or end - now < RENEW_BEFORE:
            return False
        return not hosts or set(hosts) <= _hosts(certificate)

    def _store(
        self, name: str, key: ec.EllipticCurvePrivateKey, certificate: x509.Certificate
    ) -> None:
        # Certificate last: a cut between the two leaves a pair that does not match, so the old
        # certificate goes first and `renew_if_due` makes both anew.
        path = self.folder / f"{name}.crt"
        path.unlink(missing_ok=True)
        write_key(self.folder / f"{name}.key", key)
        write_durably(path, certificate.public_bytes(Encoding.PEM))


def _hosts(certificate: x509.Certificate) -> set[str]:
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    addresses = names.get_values_for_type(x509.IPAddress)
    return {*names.get_values_for_type(x509.DNSName), *map(str, addresses)}
