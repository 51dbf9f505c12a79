"""The reference pages say what the code says."""

import click
import pytest

from dosebook_central.dosimetry.package_columns import KINDS
from dosebook_protocol.topics import Channel, topic
from tests.support.tree import ROOT
from tools import reference

TOPICS = (ROOT / "docs/reference/topics.md").read_text()


@pytest.mark.parametrize("name", reference.names())
def test_generated_page_is_current(name):
    """A generated page equals what the code generates now; `make reference` writes it."""
    assert (ROOT / "docs/reference" / name).read_text() == reference.page(name)


@pytest.mark.parametrize(("program", "target"), reference.programs().items())
def test_every_command_and_option_has_help(program, target):
    """Each command of each program says what it does, and so does each of its options."""
    silent = []
    for context in reference.walk(reference.command_of(target), program):
        path = context.command_path
        options = (one for one in context.command.params if isinstance(one, click.Option))
        silent += [f"{path} {one.name}" for one in options if not one.help]
        silent += [] if context.command.help else [path]
    assert not silent


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_is_documented(channel):
    """Each channel of the topic grammar has its row in topics.md, and the example is right."""
    assert f"| `{channel}` |" in TOPICS
    if channel in (Channel.RECORDS, Channel.RECEIPTS):
        assert topic("ct-room-2", channel) in TOPICS


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_every_kind_of_set_is_documented(kind):
    """Whoever writes a set of their own finds its kind on the page of coefficient sets."""
    page = (ROOT / "docs/understand/coefficient-sets.md").read_text()
    assert f"`{kind}`" in page
