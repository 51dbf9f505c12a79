"""Who may do what on which topic: by the common name of the client certificate.

The same table as firmware-config/mosquitto/acl; tests/integration hold both to it.
"""

import re
from enum import Enum
from typing import Final

from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_protocol.topics import ROOT, Channel, TopicError, parse_topic, subscription, topic


class Access(Enum):
    """What a client wants of a topic."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


_FROM_BOXES: Final = (Channel.RECORDS, Channel.HEALTH)
_TO_BOXES: Final = (Channel.RECEIPTS, Channel.CONFIG)
_OF_A_BOX: Final = {Access.PUBLISH: _FROM_BOXES, Access.SUBSCRIBE: _TO_BOXES}
_SHARDS: Final = ("+", *(f"{number:02x}" for number in range(256)))
_REGISTRY_FILTERS: Final = frozenset(
    subscription(channel, shards) for channel in _FROM_BOXES for shards in _SHARDS
)

# With a message of its own a worker proves its subscription, in whichever shard it serves.
_PROOF: Final = re.compile(rf"{ROOT}/[0-9a-f]{{2}}/{REGISTRY_NAME}/{Channel.RECORDS}")


def may(name: str, access: Access, topic_or_filter: str) -> bool:
    """Whether a client of that name has that access; a box only to its own topics, by full name."""
    if name == REGISTRY_NAME:
        return _registry_may(access, topic_or_filter)
    try:
        return topic_or_filter in {topic(name, channel) for channel in _OF_A_BOX[access]}
    except TopicError:
        return False


def _registry_may(access: Access, topic_or_filter: str) -> bool:
    if access is Access.SUBSCRIBE:
        return topic_or_filter in _REGISTRY_FILTERS
    if _PROOF.fullmatch(topic_or_filter):
        return True
    try:
        return parse_topic(topic_or_filter).channel in _TO_BOXES
    except TopicError:
        return False


def is_own_client_id(name: str, client_id: str) -> bool:
    """Whether a client id belongs to that name: the name itself; a worker's is `registry/anything`.

    A client id that belongs to another could end the other's connection (MQTT-3.1.4-2), and a box
    with many of its own could take the place of all others.
    """
    return client_id == name or (
        name == REGISTRY_NAME and client_id.startswith(f"{REGISTRY_NAME}/")
    )
