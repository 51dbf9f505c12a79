"""Strangers and damaged packets at the broker's doors."""

import contextlib
import socket
import ssl
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tools.faults.intruders.mutate import mutate

_TIMEOUT_S: Final = 5.0
_READ_S: Final = 0.03
_CONNACK_ACCEPTED: Final = (b"\x20\x02\x00\x00",)
_HUGE: Final = b"\x30\xff\xff\xff\x7f"  # PUBLISH that announces 256 MB


def text(value: str) -> bytes:
    """An MQTT string: two bytes of length, and UTF-8."""
    data = value.encode()
    return len(data).to_bytes(2, "big") + data


def packet(first: int, body: bytes) -> bytes:
    """An MQTT packet: type and flags, variable length, body."""
    size, length = bytearray(), len(body)
    while True:
        length, digit = divmod(length, 128)
        size.append(digit | (0x80 if length else 0))
        if not length:
            return bytes([first]) + bytes(size) + body


def connect_packet(client_id: str, *, v5: bool, will: str = "") -> bytes:
    """CONNECT, clean, with a will if there is a topic for it."""
    flags = 0x02 | (0x0C if will else 0)
    body = text("MQTT") + bytes([5 if v5 else 4, flags]) + b"\x00\x1e" + (b"\x00" if v5 else b"")
    body += text(client_id)
    if will:
        body += (b"\x00" if v5 else b"") + text(will) + text("gone")
    return packet(0x10, body)


def publish_packet(topic: str, payload: bytes, number: int, *, v5: bool) -> bytes:
    """PUBLISH with QoS 1."""
    return packet(
        0x32, text(topic) + number.to_bytes(2, "big") + (b"\x00" if v5 else b"") + payload
    )


def subscribe_packet(topic: str, *, v5: bool) -> bytes:
    """SUBSCRIBE with QoS 1."""
    return packet(0x82, b"\x00\x01" + (b"\x00" if v5 else b"") + text(topic) + b"\x01")


def knock(port: int, context: ssl.SSLContext | None, data: bytes, read_s: float) -> bytes | str:
    """Connect, say something, and return what the broker answers or how it ends."""
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=_TIMEOUT_S) as plain:
            if context is None:
                return _exchange(plain, data, read_s)
            with context.wrap_socket(plain, server_hostname="127.0.0.1") as encrypted:
                return _exchange(encrypted, data, read_s)
    except TimeoutError:
        return "silence"
    except ssl.SSLError as error:
        return f"TLS: {error.reason or 'ended'}".lower().replace("_", " ")
    except OSError:
        return "reset"


def _exchange(one: socket.socket, data: bytes, read_s: float) -> bytes:
    one.sendall(data)
    one.settimeout(read_s)
    return one.recv(64)


def is_let_in(answer: bytes | str, *, v5: bool) -> bool:
    """Whether that is a CONNACK that accepts."""
    if isinstance(answer, str) or not answer:
        return False
    return answer[:1] == b"\x20" and (answer[3:4] == b"\x00" if v5 else answer in _CONNACK_ACCEPTED)


def stranger_context(
    authority: Path | None, certificate: tuple[Path, Path] | None = None
) -> ssl.SSLContext:
    """TLS of somebody who checks nothing; with a certificate of whatever authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if authority is not None:
        context.load_verify_locations(authority)
    if certificate is not None:
        context.load_cert_chain(*certificate)
    return context


def self_made(folder: Path, name: str, issuer: x509.Name) -> tuple[Path, Path]:
    """A certificate for a common name, by an authority of our own with the real one's name."""
    own, key = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(own, None)
    )
    paths = folder / f"{name}.forged.crt", folder / f"{name}.forged.key"
    paths[0].write_bytes(certificate.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def throw_packets(
    rng: Random, port: int, context: ssl.SSLContext | None, client_id: str, topic: str, count: int
) -> Counter[str]:
    """Throw damaged packets, before TLS without a context, after it with one."""
    answers: Counter[str] = Counter()
    for _ in range(count):
        data = _damaged(rng, client_id, topic)
        answers[_word(knock(port, context, data, _READ_S))] += 1
    return answers


def _damaged(rng: Random, client_id: str, topic: str) -> bytes:
    v5 = rng.random() < 0.5
    greeting = connect_packet(client_id, v5=v5)
    others = (
        publish_packet(topic, rng.randbytes(rng.randrange(200)), rng.randrange(65536), v5=v5),
        subscribe_packet(topic, v5=v5),
        packet(rng.randrange(256), rng.randbytes(rng.randrange(64))),
        greeting,
        _HUGE + rng.randbytes(32),
    )
    match rng.randrange(3):
        case 0:
            return mutate(rng, greeting)
        case 1:
            return greeting + mutate(rng, rng.choice(others))
        case _:
            return greeting + b"".join(mutate(rng, rng.choice(others)) for _ in range(3))


def _word(answer: bytes | str) -> str:
    if isinstance(answer, str):
        return answer
    with contextlib.suppress(IndexError):
        kind = answer[0] >> 4
        return {2: "CONNACK", 4: "PUBACK", 9: "SUBACK", 14: "DISCONNECT"}.get(kind, f"type {kind}")
    return "closed"
