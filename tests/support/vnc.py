"""A real VNC server that is a display as well, and the words of one that a test plays."""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cryptography.hazmat.decrepit.ciphers.algorithms import TripleDES
from cryptography.hazmat.primitives.ciphers import Cipher, modes

from tests.support.programs import need_program
from tests.support.xvfb import x_server

RAW, CURSOR, DESKTOP_SIZE, TIGHT = 0, -239, -223, 7
NONE, VNC_AUTHENTICATION, VENCRYPT = 1, 2, 19

# The fixed key of password files (TigerVNC's d3des, bits of each byte reversed).
_FILE_KEY = bytes.fromhex("e84ad660c4721ae0")


@dataclass(frozen=True, slots=True)
class VncServer:
    """A running server: the name of its display, and the address that a box reads."""

    display: str
    address: str


@contextmanager
def vnc_server(
    folder: Path, width: int, height: int, password: str, port: int = 0
) -> Iterator[VncServer]:
    """Run TigerVNC's X server until the block ends; skips where it is missing."""
    program = need_program("Xtigervnc", "tigervnc-standalone-server")
    kept = folder / "password"
    encryptor = Cipher(TripleDES(_FILE_KEY * 3), modes.ECB()).encryptor()
    kept.write_bytes(encryptor.update(password.encode().ljust(8, b"\0")))
    options = ["-geometry", f"{width}x{height}", "-depth", "24", "-localhost"]
    security = ["-SecurityTypes", "VncAuth", "-PasswordFile", str(kept)]
    with x_server(program, *options, *security, "-rfbport", str(port)) as number:
        yield VncServer(f":{number}", f"vnc:127.0.0.1:{port or 5900 + number}")


def greeting(width: int, height: int, kinds: tuple[int, ...] = (NONE,)) -> bytes:
    """What a server without a password says at first, all at once (RFC 6143, 7.1 to 7.3)."""
    offered = b"RFB 003.008\n" + bytes([len(kinds), *kinds])
    size = struct.pack("!HH16xI", width, height, 4) + b"name"
    return offered + struct.pack("!I", 0) + size


def update(*rectangles: bytes) -> bytes:
    """A FramebufferUpdate (RFC 6143, 7.6.1)."""
    return struct.pack("!BxH", 0, len(rectangles)) + b"".join(rectangles)


def rectangle(x: int, y: int, width: int, height: int, encoding: int, data: bytes = b"") -> bytes:
    """A rectangle of an update."""
    return struct.pack("!HHHHi", x, y, width, height, encoding) + data


def raw(x: int, y: int, grey: np.ndarray) -> bytes:
    """Grey pixels in the format that a box asks for: blue first, four bytes."""
    pixels = np.zeros((*grey.shape, 4), np.uint8)
    pixels[:, :, :3] = grey[:, :, None]
    return rectangle(x, y, grey.shape[1], grey.shape[0], RAW, pixels.tobytes())


def messages(sent: bytes) -> list[tuple[int, bytes]]:
    """What a client sent after the handshake, by kind (RFC 6143, 7.5); fails on what is none."""
    lengths = {0: 20, 3: 10, 4: 8, 5: 6}
    found = []
    while sent:
        kind = sent[0]
        length = 4 + 4 * struct.unpack_from("!H", sent, 2)[0] if kind == 2 else lengths[kind]
        found.append((kind, sent[:length]))
        sent = sent[length:]
    return found
