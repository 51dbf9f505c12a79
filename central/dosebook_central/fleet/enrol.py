"""Add, renew and revoke boxes: certificate, row and audit line together."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding
from sqlalchemy import Connection, Engine, insert, select, update
from sqlalchemy.orm import Session

from dosebook_central.audit.log import Act, perform
from dosebook_central.fleet.ca import serial_text
from dosebook_central.fleet.credentials import Credentials
from dosebook_central.fleet.keys import FleetError
from dosebook_central.fleet.verify import ACTIVE, REVOKED
from dosebook_central.store.models import Box
from dosebook_protocol.durable import write_durably
from dosebook_protocol.enrolment import Enrolment


class Registry(Protocol):
    """What commands about boxes need of the registry; click hands it over as `obj`."""

    @property
    def data_dir(self) -> Path:
        """Folder of keys and evidence."""

    @property
    def engine(self) -> Engine:
        """The registry's database."""

    @property
    def broker_host(self) -> str:
        """Where boxes find the broker."""

    @property
    def broker_port(self) -> int:
        """On which port."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """Changes to the boxes of one registry, each written to the activity log."""

    registry: Registry
    actor: str

    def add(self, box_id: str, request_pem: bytes, room: str = "") -> Enrolment:
        """Enrol a new box, or one that was revoked and has a new key; raises `FleetError`."""
        request = _request(request_pem)
        old = self._find(box_id)
        if old and old.status == ACTIVE:
            raise FleetError(
                f"box {box_id} is enrolled already: use dosebook-registry box renew {box_id}"
            )
        earlier = _keys_ever(old) if old else []
        if _raw_key(request).hex() in earlier:
            raise FleetError(
                f"box {box_id} was revoked with this key: make a new one on the box with "
                "dosebook-box identity renew --new-key"
            )
        certificate, values = self._certify(box_id, request)
        values |= {"status": ACTIVE, "superseded_keys": [], "revoked_keys": earlier}
        values |= {"revoked_at": None, "revoked_reason": ""}
        values |= {"room": room or (old.room if old else "")}
        if not old:
            values |= {"id": box_id, "added_at": datetime.now(UTC)}
        self._write(box_id, "box.add", values, is_new=old is None)
        return self._enrolment(box_id, certificate)

    def renew(self, box_id: str, request_pem: bytes) -> Enrolment:
        """Certify an enrolled box anew, with the same key or a new one; raises `FleetError`."""
        request = _request(request_pem)
        box = self._known(box_id)
        if box.status == REVOKED:
            raise FleetError(f"box {box_id} is revoked: use dosebook-registry box add {box_id}")
        certificate, values = self._certify(box_id, request)
        if box.public_key != values["public_key"]:
            values["superseded_keys"] = [box.public_key.hex(), *box.superseded_keys]
        self._write(box_id, "box.renew", values)
        return self._enrolment(box_id, certificate)

    def revoke(self, box_id: str, reason: str) -> None:
        """Refuse a box from now on: every certificate it ever had, and its signatures."""
        box = self._known(box_id)
        if box.status == REVOKED:
            raise FleetError(f"box {box_id} is revoked already: {box.revoked_reason}")
        values = {
            "status": REVOKED,
            "revoked_at": datetime.now(UTC),
            "revoked_reason": reason,
        }
        # The list first: should the database fail, the box is locked out rather than let in.
        serials = [int(path.stem, 16) for path in self._issued(box_id).glob("*.crt")]
        Credentials(self.registry.data_dir).authority.revoke(serials)
        self._write(box_id, "box.revoke", values, detail={"reason": reason})

    def boxes(self) -> list[Box]:
        """All boxes by id."""
        with Session(self.registry.engine, expire_on_commit=False) as session:
            return list(session.scalars(select(Box).order_by(Box.id)))

    def _find(self, box_id: str) -> Box | None:
        with Session(self.registry.engine, expire_on_commit=False) as session:
            return session.get(Box, box_id)

    def _known(self, box_id: str) -> Box:
        box = self._find(box_id)
        if box is None:
            raise FleetError(f"no box {box_id}: see dosebook-registry box list")
        return box

    def _certify(
        self, box_id: str, request: x509.CertificateSigningRequest
    ) -> tuple[x509.Certificate, dict[str, Any]]:
        authority = Credentials(self.registry.data_dir).authority
        certificate = authority.issue_box(box_id, request)
        pem = certificate.public_bytes(Encoding.PEM)
        write_durably(self._issued(box_id) / f"{serial_text(certificate)}.crt", pem)
        return certificate, {
            "public_key": _raw_key(request),
            "certificate_pem": pem.decode(),
            "certificate_serial": serial_text(certificate),
            "certificate_expires_at": certificate.not_valid_after_utc,
        }

    def _issued(self, box_id: str) -> Path:
        return self.registry.data_dir / "keys" / "authority" / "issued" / box_id

    def _write(
        self,
        box_id: str,
        action: str,
        values: dict[str, Any],
        *,
        is_new: bool = False,
        detail: dict[str, Any] | None = None,
    ) -> None:
        def work(connection: Connection) -> None:
            statement = insert(Box) if is_new else update(Box).where(Box.id == box_id)
            connection.execute(statement.values(**values))

        act = Act(self.actor, action, "box", box_id, detail or {})
        perform(self.registry.engine, work, lambda _: act)

    def _enrolment(self, box_id: str, certificate: x509.Certificate) -> Enrolment:
        credentials = Credentials(self.registry.data_dir)
        return Enrolment(
            box_id=box_id,
            certificate_pem=certificate.public_bytes(Encoding.PEM).decode(),
            authority_pem=credentials.authority.certificate_path.read_text(),
            registry_key_id=credentials.signer.key_id,
            registry_public_key=credentials.signer.public_key.public_bytes_raw().hex(),
            broker_host=self.registry.broker_host,
            broker_port=self.registry.broker_port,
        )


def _request(pem: bytes) -> x509.CertificateSigningRequest:
    try:
        return x509.load_pem_x509_csr(pem)
    except ValueError:
        raise FleetError(
            "that is not a certificate request: make one on the box with dosebook-box identity "
            "request"
        ) from None


def _raw_key(request: x509.CertificateSigningRequest) -> bytes:
    key = request.public_key()
    if not isinstance(key, Ed25519PublicKey):
        raise FleetError("the request is not for an Ed25519 key: make it with dosebook-box")
    return key.public_bytes_raw()


def _keys_ever(box: Box) -> list[str]:
    """Every key that a box has signed with, newest first."""
    return [box.public_key.hex(), *box.superseded_keys, *box.revoked_keys]
