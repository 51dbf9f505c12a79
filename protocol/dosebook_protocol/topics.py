"""Topic grammar: `dosebook/v1/{shard}/{box}/{channel}`.

The shard is the first two hex digits of SHA-256 of the box id, so that workers can share the
boxes among them on any broker.
"""

import re
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final

ROOT: Final = "dosebook/v1"
BOX_ID: Final = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\Z")


class Channel(StrEnum):
    """What a topic carries; boxes write the first two, the registry the others."""

    RECORDS = "records"
    HEALTH = "health"
    RECEIPTS = "receipts"
    CONFIG = "config"


class TopicError(ValueError):
    """A topic or box id outside the grammar."""


@dataclass(frozen=True, slots=True)
class Topic:
    """A parsed topic."""

    box_id: str
    channel: Channel


def check_box_id(box_id: str) -> str:
    """Return the box id if it is 1–63 of a–z, 0–9 and inner hyphens; raises `TopicError`."""
    if not BOX_ID.match(box_id):
        raise TopicError(
            f"box id {box_id!r} is not valid: use 1 to 63 of a-z, 0-9 and '-', "
            "beginning and ending with a letter or digit"
        )
    return box_id


def shard(box_id: str) -> str:
    """Two hex digits that place a box in one of 256 shards."""
    return sha256(box_id.encode()).hexdigest()[:2]


def topic(box_id: str, channel: Channel) -> str:
    """The topic of one box and channel; raises `TopicError` for an invalid box id."""
    return f"{ROOT}/{shard(check_box_id(box_id))}/{box_id}/{channel}"


def subscription(channel: Channel, shards: str = "+") -> str:
    """The filter that catches one channel of all boxes of a shard (all shards by default)."""
    return f"{ROOT}/{shards}/+/{channel}"


def parse_topic(text: str) -> Topic:
    """Parse a topic; raises `TopicError` when it is outside the grammar or the shard is wrong."""
    parts = text.split("/")
    if len(parts) != 5 or "/".join(parts[:2]) != ROOT:
        raise TopicError(f"topic {text!r} is not {ROOT}/<shard>/<box>/<channel>")
    box_id = check_box_id(parts[3])
    if parts[2] != shard(box_id):
        raise TopicError(f"topic {text!r}: shard of {box_id} is {shard(box_id)}")
    try:
        return Topic(box_id, Channel(parts[4]))
    except ValueError:
        raise TopicError(f"topic {text!r}: unknown channel {parts[4]!r}") from None
