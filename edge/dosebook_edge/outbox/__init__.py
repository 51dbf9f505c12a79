"""The box's only queue: records wait here, encrypted and on disk, until a receipt comes."""

from dosebook_edge.outbox.model import (
    Appended,
    Content,
    Draft,
    Entry,
    OutboxError,
    OutboxFullError,
    OutboxKeyError,
    OutboxStatus,
    Signer,
    TooLargeError,
    Waiting,
)
from dosebook_edge.outbox.store import Outbox, OutboxSettings

__all__ = [
    "Appended",
    "Content",
    "Draft",
    "Entry",
    "Outbox",
    "OutboxError",
    "OutboxFullError",
    "OutboxKeyError",
    "OutboxSettings",
    "OutboxStatus",
    "Signer",
    "TooLargeError",
    "Waiting",
]
