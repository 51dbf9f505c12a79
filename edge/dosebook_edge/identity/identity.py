"""The identity of a box: what it signs with, what it shows to the broker, whom it believes.

A box signs from its first moment on, with its key and its id; the certificate, which only the
broker asks for, may come days later. So capture depends on no certificate.
"""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from pydantic import ValidationError

from dosebook_edge.identity.files import IdentityError, IdentityFiles, fingerprint
from dosebook_protocol.cose import Signer
from dosebook_protocol.durable import write_durably
from dosebook_protocol.enrolment import Enrolment
from dosebook_protocol.topics import TopicError, check_box_id


@dataclass(frozen=True, slots=True)
class Enrolled:
    """What enrolment added: certificate, broker, and the registry's key."""

    bundle: Enrolment
    certificate: x509.Certificate
    certificate_path: Path
    key_path: Path
    registry_key: Ed25519PublicKey

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until the certificate ends, negative once it has."""
        return (self.certificate.not_valid_after_utc - (now or datetime.now(UTC))).days

    def ssl_context(self) -> ssl.SSLContext:
        """TLS 1.3 with this box's certificate, trusting the registry's authority only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_3
        context.load_verify_locations(cadata=self.bundle.authority_pem)
        context.load_cert_chain(self.certificate_path, self.key_path)
        return context


@dataclass(frozen=True, slots=True)
class Identity:
    """Who this box is; `enrolled` is None until the registry has certified it."""

    box_id: str
    signer: Signer
    enrolled: Enrolled | None

    @classmethod
    def load(cls, folder: Path) -> "Identity":
        """Read the identity of a folder; raises `IdentityError` where there is none."""
        files = IdentityFiles(folder)
        keys = files.keys()
        if not keys or not files.box_id.exists():
            raise IdentityError(
                "this box has no key yet: make one with dosebook-box identity request"
            )
        box_id = files.box_id.read_text().strip()
        enrolled = _enrolled(files)
        # The key in force is the certified one; before enrolment there is only one.
        name = fingerprint(_public_key(enrolled.certificate)) if enrolled else next(iter(keys))
        if name not in keys:
            raise IdentityError(
                f"the key {name} of the certificate is gone: make a new one with dosebook-box "
                "identity renew --new-key"
            )
        return cls(box_id, Signer(keys[name], box_id), enrolled)

    @classmethod
    def load_or_create(cls, folder: Path, box_id: str) -> "Identity":
        """Read the identity, making key and id first where there are none."""
        files = IdentityFiles(folder)
        try:
            check_box_id(box_id)
        except TopicError as error:
            raise IdentityError(str(error)) from None
        if not files.keys():
            files.make_key()
        if not files.box_id.exists():
            write_durably(files.box_id, f"{box_id}\n".encode())
        identity = cls.load(folder)
        if identity.box_id != box_id:
            raise IdentityError(
                f"this box signs as {identity.box_id}, its configuration says {box_id}: a box "
                "keeps its id for life, because the registry counts its records by it"
            )
        return identity


def request(folder: Path, box_id: str, *, new_key: bool = False) -> bytes:
    """Return a certificate request, PEM, for the key in force or for a new one."""
    identity = Identity.load_or_create(folder, box_id)
    files = IdentityFiles(folder)
    in_force = fingerprint(identity.signer.public_key)
    key = files.make_key() if new_key else files.keys()[in_force]
    return _request(identity.box_id, key)


def install(folder: Path, bundle_json: bytes, *, other_registry: bool = False) -> Identity:
    """Check an enrolment bundle and put it in force; raises `IdentityError`, changing nothing."""
    try:
        bundle = Enrolment.model_validate_json(bundle_json)
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        where = ".".join(map(str, first["loc"])) or "file"
        raise IdentityError(f"that is not an enrolment bundle: {where}: {first['msg']}") from None
    files = IdentityFiles(folder)
    identity = Identity.load(folder)
    certificate = _checked(bundle, identity.box_id)
    name = fingerprint(_public_key(certificate))
    if not files.key_path(name).exists():
        raise IdentityError(
            "the certificate is not for a key of this box: enrol it with the request that "
            "dosebook-box identity request makes here"
        )
    if identity.enrolled and not other_registry:
        _check_same_registry(identity.enrolled.bundle, bundle)
    write_durably(files.certificate_path(name), certificate.public_bytes(Encoding.PEM))
    write_durably(files.enrolment, bundle.model_dump_json(indent=2).encode())
    return Identity.load(folder)


def _request(box_id: str, key: Ed25519PrivateKey) -> bytes:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, box_id)])
    signed = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, None)
    return signed.public_bytes(Encoding.PEM)


def _enrolled(files: IdentityFiles) -> Enrolled | None:
    if not files.enrolment.exists():
        return None
    bundle = Enrolment.model_validate_json(files.enrolment.read_bytes())
    certificate = x509.load_pem_x509_certificate(bundle.certificate_pem.encode())
    name = fingerprint(_public_key(certificate))
    return Enrolled(
        bundle,
        certificate,
        files.certificate_path(name),
        files.key_path(name),
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(bundle.registry_public_key)),
    )


def _checked(bundle: Enrolment, box_id: str) -> x509.Certificate:
    try:
        certificate = x509.load_pem_x509_certificate(bundle.certificate_pem.encode())
        authority = x509.load_pem_x509_certificate(bundle.authority_pem.encode())
        authority.verify_directly_issued_by(authority)
        certificate.verify_directly_issued_by(authority)
    except Exception:  # noqa: BLE001  # cryptography raises three kinds, each meaning this
        raise IdentityError("the certificate is not by the authority of the bundle") from None
    names = [
        str(one.value) for one in certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    ]
    if bundle.box_id != box_id or names != [box_id]:
        raise IdentityError(f"the bundle is for box {bundle.box_id}, this box is {box_id}")
    now = datetime.now(UTC)
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise IdentityError(
            f"the certificate is valid from {certificate.not_valid_before_utc:%Y-%m-%d} to "
            f"{certificate.not_valid_after_utc:%Y-%m-%d}, the clock of this box says "
            f"{now:%Y-%m-%d}: check the clock with dosebook-box check clock"
        )
    return certificate


def _public_key(certificate: x509.Certificate) -> Ed25519PublicKey:
    key = certificate.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise IdentityError("the certificate is not for an Ed25519 key")
    return key


def _check_same_registry(old: Enrolment, new: Enrolment) -> None:
    if (old.authority_pem, old.registry_public_key) != (new.authority_pem, new.registry_public_key):
        raise IdentityError(
            "the bundle is from another registry than the one this box belongs to: if that is "
            "meant, use dosebook-box identity install --other-registry"
        )
