"""Who may do what on which topic: by the common name of the client certificate.

The same table as firmware-config/mosquitto/acl; tests/integration hold both to it.
"""

from enum import Enum
from typing import Final

from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_protocol.topics import ROOT, Channel, TopicError, topic


class Access(Enum):
    """What a client wants of a topic."""

    PUBLISH = "publish"
    SUBSCRIBE = "subscribe"


_OF_A_BOX: Final = {
    Access.PUBLISH: (Channel.RECORDS, Channel.HEALTH),
    Access.SUBSCRIBE: (Channel.RECEIPTS, Channel.CONFIG),
}


def may(name: str, access: Access, topic_or_filter: str) -> bool:
    """Whether a client of that name has that access; a box only to its own topics, by full name."""
    if name == REGISTRY_NAME:
        return topic_or_filter.startswith(f"{ROOT}/")
    try:
        return topic_or_filter in {topic(name, channel) for channel in _OF_A_BOX[access]}
    except TopicError:
        return False


def is_own_client_id(name: str, client_id: str) -> bool:
    """Whether a client id belongs to that name: the name itself, or `name/anything`.

    A client id that belongs to another could end the other's connection (MQTT-3.1.4-2).
    """
    return client_id == name or client_id.startswith(f"{name}/")
