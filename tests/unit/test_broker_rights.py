"""The built-in broker's table of rights."""

import pytest

from dosebook_central.broker.rights import Access, is_own_client_id, may
from dosebook_protocol.topics import Channel, topic

PUBLISH, SUBSCRIBE = Access.PUBLISH, Access.SUBSCRIBE


@pytest.mark.parametrize("channel", list(Channel))
def test_a_box_writes_records_and_health_and_reads_receipts_and_config(channel):
    """Of its own four topics a box writes two and reads the other two."""
    writes = channel in (Channel.RECORDS, Channel.HEALTH)
    assert may("ct-1", PUBLISH, topic("ct-1", channel)) is writes
    assert may("ct-1", SUBSCRIBE, topic("ct-1", channel)) is not writes


@pytest.mark.parametrize("access", list(Access))
@pytest.mark.parametrize(
    "wanted",
    [
        *(topic("ct-2", channel) for channel in Channel),
        "#",
        "dosebook/#",
        "dosebook/v1/+/ct-1/receipts",
        "dosebook/v1/00/ct-1/records",
        topic("ct-1", Channel.RECORDS) + "/x",
        "$SYS/#",
        "",
    ],
)
def test_a_box_has_no_right_to_anything_else(access, wanted):
    """Other boxes' topics, wildcards, a wrong shard and made-up topics are refused."""
    assert not may("ct-1", access, wanted)


def test_the_registry_reads_what_boxes_write_and_writes_what_they_read():
    """The registry has no right to forge a record of a box, only to answer it."""
    assert may("registry", SUBSCRIBE, "dosebook/v1/+/+/records")
    assert may("registry", SUBSCRIBE, "dosebook/v1/0a/+/health")
    assert may("registry", PUBLISH, topic("ct-1", Channel.RECEIPTS))
    assert may("registry", PUBLISH, topic("ct-1", Channel.CONFIG))
    assert may("registry", PUBLISH, "dosebook/v1/0a/registry/records")
    assert not may("registry", PUBLISH, topic("ct-1", Channel.RECORDS))
    assert not may("registry", SUBSCRIBE, "#")


def test_a_name_outside_the_grammar_has_no_rights():
    """A certificate whose name is no box id gets nowhere."""
    assert not may("ct 1/../registry", PUBLISH, "dosebook/v1/00/x/records")


def test_a_client_id_belongs_to_one_name():
    """A client id is the name; each worker of the registry has one that begins with it."""
    assert is_own_client_id("registry", "registry/worker-1")
    assert is_own_client_id("ct-1", "ct-1")
    assert not is_own_client_id("ct-1", "ct-1/2")
    assert not is_own_client_id("ct-1", "ct-11")
    assert not is_own_client_id("ct-1", "ct-2")
