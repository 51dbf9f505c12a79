"""The golden messages and the schemas, run by everybody who reads messages."""

import json
import random
from dataclasses import dataclass

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cwt import COSE, COSEKey

from dosebook_central.fleet.verify import KnownBox
from dosebook_central.ingest.verify import Accepted, Incoming, Refused, verify
from dosebook_edge.uplink.trust import DistrustError, open_config, open_missing, open_receipts
from dosebook_protocol.cose import SignatureError, Signer, key_id
from dosebook_protocol.cose import verify as verify_envelope
from dosebook_protocol.schemas import MODELS, outdated, schema_of
from dosebook_protocol.topics import Channel, topic
from dosebook_protocol.vectors import (
    BOX_ID,
    BOX_KEY,
    REGISTRY_ID,
    REGISTRY_KEY,
    accepted,
    open_vector,
    rejected,
)
from dosebook_protocol.wire import MessageError, encode_message

ACCEPTED = list(accepted())
REJECTED = list(rejected())


def ids(vector):
    return vector.name


@dataclass
class Boxes:
    """Stands for the registry's directory: it knows the box of the vectors."""

    is_revoked: bool = False

    def find(self, box_id):
        key = BOX_KEY.public_key()
        return KnownBox(BOX_ID, self.is_revoked, (key,)) if box_id == BOX_ID else None


class Bundle:
    box_id = BOX_ID
    registry_key_id = REGISTRY_ID


class Enrolled:
    """Stands for the box's enrolment: it trusts the registry of the vectors."""

    bundle = Bundle
    registry_key = REGISTRY_KEY.public_key()


OPEN_ON_THE_BOX = {"receipts": open_receipts, "missing": open_missing, "config": open_config}


def test_there_are_vectors():
    """The folders are found: an empty list would pass everything below."""
    assert len(ACCEPTED) >= 5
    assert len(REJECTED) >= 30


@pytest.mark.parametrize("vector", ACCEPTED, ids=ids)
def test_an_accepted_message_reads_as_it_always_did(vector):
    """Every golden message decodes to the same fields, and encodes to the same bytes."""
    message = open_vector(vector.kind, vector.data)
    assert message.model_dump(mode="json", exclude_defaults=True) == vector.expected
    assert encode_message(message) in vector.data


@pytest.mark.parametrize("vector", REJECTED, ids=ids)
def test_a_rejected_message_is_refused_with_its_reason(vector):
    """Every hostile or broken message is refused in words, by no other error."""
    with pytest.raises((MessageError, SignatureError)) as caught:
        open_vector(vector.kind, vector.data)
    assert vector.expected in str(caught.value)


@pytest.mark.parametrize("vector", [v for v in ACCEPTED if v.kind == "record"], ids=ids)
def test_the_registry_accepts_records(vector):
    """Ingest takes each golden record from its own box's topic."""
    incoming = Incoming(topic(BOX_ID, Channel.RECORDS), vector.data)
    outcome = verify(incoming, Boxes())
    assert isinstance(outcome, Accepted)
    assert outcome.record.model_dump(mode="json", exclude_defaults=True) == vector.expected


@pytest.mark.parametrize("vector", [v for v in REJECTED if v.kind == "record"], ids=ids)
def test_the_registry_refuses_records(vector):
    """Ingest refuses each hostile record with a reason, and raises nothing."""
    outcome = verify(Incoming(topic(BOX_ID, Channel.RECORDS), vector.data), Boxes())
    assert isinstance(outcome, Refused)
    assert outcome.reason


def test_the_registry_refuses_a_good_record_of_a_revoked_box():
    """A signature of a revoked box counts no more."""
    incoming = Incoming(topic(BOX_ID, Channel.RECORDS), ACCEPTED[-1].data)
    assert ACCEPTED[-1].kind == "record"
    outcome = verify(incoming, Boxes(is_revoked=True))
    assert isinstance(outcome, Refused)
    assert "revoked" in outcome.reason


def test_the_registry_refuses_a_record_on_another_boxs_topic():
    """A record counts only where its own box may write."""
    record = next(vector for vector in ACCEPTED if vector.kind == "record")
    outcome = verify(Incoming(topic("ct-2", Channel.RECORDS), record.data), Boxes())
    assert isinstance(outcome, Refused)


@pytest.mark.parametrize("vector", [v for v in ACCEPTED if v.kind in OPEN_ON_THE_BOX], ids=ids)
def test_the_box_accepts_what_its_registry_signed(vector):
    """A box reads each golden receipt and configuration."""
    message = OPEN_ON_THE_BOX[vector.kind](vector.data, Enrolled)
    assert message.model_dump(mode="json", exclude_defaults=True) == vector.expected


@pytest.mark.parametrize("vector", [v for v in REJECTED if v.kind in OPEN_ON_THE_BOX], ids=ids)
def test_the_box_refuses_what_its_registry_did_not_sign(vector):
    """A box acts on no hostile receipt or configuration."""
    with pytest.raises(DistrustError):
        OPEN_ON_THE_BOX[vector.kind](vector.data, Enrolled)


def test_mutated_messages_are_refused_and_never_crash():
    """2,000 seeded mutations of golden messages raise only the two errors of the contract."""
    chance = random.Random(20260301)
    survivors = 0
    for number in range(2000):
        vector = ACCEPTED[number % len(ACCEPTED)]
        data = bytearray(vector.data)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(data))
            match chance.randrange(4):
                case 0:
                    data[at] = chance.randrange(256)
                case 1:
                    del data[at]
                case 2:
                    data.insert(at, chance.randrange(256))
                case _:
                    data[at:] = data[: chance.randrange(len(data))]
            if not data:
                break
        try:
            open_vector(vector.kind, bytes(data))
        except (MessageError, SignatureError):
            continue
        survivors += bytes(data) != vector.data
    assert survivors == 0


def test_schemas_are_current():
    """The schema files are what the models say; else run python -m dosebook_protocol.schemas."""
    assert outdated() == []


def test_schemas_know_every_field_of_the_golden_messages():
    """The schema of each kind has the fields of its golden messages, and wants a version."""
    for vector in ACCEPTED:
        schema = schema_of(vector.kind)
        assert set(vector.expected) <= set(schema["properties"])
        assert schema["required"][0] == "version"
        assert schema["additionalProperties"] is False
    assert set(MODELS) == {vector.kind for vector in ACCEPTED}


def _pem(key):
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def test_another_cose_implementation_reads_what_we_sign():
    """cwt, an independent COSE library, verifies our envelope: it is RFC 9052 and no dialect."""
    envelope = Signer(BOX_KEY, "ct-1").sign(b"dose")
    public = BOX_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    assert COSE.new().decode(envelope, COSEKey.from_pem(public, kid="ct-1")) == b"dose"
    assert key_id(envelope) == "ct-1"


def test_we_read_what_another_cose_implementation_signs():
    """An envelope made by cwt with our header form verifies here."""
    key = Ed25519PrivateKey.generate()
    envelope = COSE.new().encode_and_sign(
        b"dose", COSEKey.from_pem(_pem(key), kid="ct-1"), protected={1: -8, 4: b"ct-1"}
    )
    assert verify_envelope(envelope, key.public_key()) == b"dose"


def test_the_signature_covers_the_key_id():
    """A key id that was exchanged breaks the signature."""
    envelope = Signer(BOX_KEY, "ct-1").sign(b"dose")
    with pytest.raises(SignatureError, match="not by this key"):
        verify_envelope(envelope.replace(b"ct-1", b"ct-2"), BOX_KEY.public_key())


def test_defaults_do_not_travel():
    """A payload holds only what differs from the default, so that a header record stays small."""
    record = next(vector for vector in ACCEPTED if vector.name == "record-quarantined")
    tree = cbor2.loads(encode_message(open_vector("record", record.data)))
    assert set(tree["reading"]) == {"outcome", "kind", "reader", "reason"}
    assert next(iter(tree)) == "version"
    assert json.dumps(tree)
