"""Bytes, damaged: the ways in which formats with lengths and nesting are attacked."""

from random import Random

_EXTREMES = (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00", b"\xff\xff\xff\x7f", b"\x80\x00\x00\x00")


def mutate(rng: Random, data: bytes, most: int = 4) -> bytes:
    """Return the bytes with one to `most` pieces of damage, never unchanged."""
    result = bytearray(data)
    for _ in range(rng.randint(1, most)):
        _damage(rng, result)
    if bytes(result) == data:
        result.append(rng.randrange(256))
    return bytes(result)


def flip(rng: Random, data: bytes) -> bytes:
    """Return the bytes with exactly one bit changed."""
    place = rng.randrange(len(data))
    return data[:place] + bytes([data[place] ^ (1 << rng.randrange(8))]) + data[place + 1 :]


def _damage(rng: Random, data: bytearray) -> None:
    if not data:
        data += rng.randbytes(8)
        return
    at = rng.randrange(len(data))
    span = rng.randint(1, max(1, min(64, len(data) - at)))
    match rng.randrange(8):
        case 0:
            data[at] ^= 1 << rng.randrange(8)
        case 1:
            data[at] = rng.randrange(256)
        case 2:
            del data[at:]
        case 3:
            data[at:at] = rng.randbytes(span)
        case 4:
            del data[at : at + span]
        case 5:
            data[at:at] = data[at : at + span] * rng.randint(1, 8)
        case 6:
            data[at : at + 4] = rng.choice(_EXTREMES)
        case _:
            other = rng.randrange(len(data))
            data[at : at + span] = data[other : other + span]
