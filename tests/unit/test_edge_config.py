"""Configuration of a box: layers, origins, sentences for what is wrong."""

import stat
from datetime import UTC, datetime, timedelta

import pytest

from dosebook_edge.config import ConfigError, load
from dosebook_edge.config.edit import set_value
from dosebook_edge.config.layers import DESIRED, flat, known_keys
from dosebook_edge.config.reference import explain, reference
from dosebook_edge.config.values import parse_duration, parse_size, show_duration, show_size
from dosebook_protocol.record import BoxConfig
from tests.support.box import BOX, box_command, configuration
from tests.support.tree import ROOT


def test_every_key_is_described():
    """Each declared key has a meaning and an example."""
    assert all(one.description and one.examples for one in known_keys().values())


def test_reference_page_is_current():
    """docs/reference/config.md is what `dosebook-box config reference` prints."""
    assert (ROOT / "docs/reference/config.md").read_text() == reference()


def test_later_layers_win_and_are_named(tmp_path):
    """Defaults < file < environment < registry, and each value knows its origin."""
    path = configuration(tmp_path, "[outbox]", 'max_size = "2GB"', "warn_percent = 70")
    (tmp_path / "data").mkdir()
    desired = BoxConfig(
        box_id=BOX,
        revision=7,
        issued_at=datetime.now(UTC),
        settings={"outbox.warn_percent": 60, "source.ct.ae_title": "NEW"},
    )
    (tmp_path / "data" / DESIRED).write_text(desired.model_dump_json())
    environment = {
        "DOSEBOOK_BOX__OUTBOX__MAX_SIZE": "3GB",
        "DOSEBOOK_BOX__SOURCE__CT__ALLOWED_CALLING_AE_TITLES": "CT1, CT2",
        "HOME": "/",
    }
    loaded = load(path, environment)
    settings = loaded.settings
    assert (settings.outbox.max_size, settings.outbox.warn_percent) == (3_000_000_000, 60)
    assert settings.outbox.keep_delivered == timedelta(days=30)
    assert settings.source[0].ae_title == "NEW"
    assert settings.source[0].allowed_calling_ae_titles == ("CT1", "CT2")
    assert loaded.origins["outbox.max_size"] == "environment"
    assert loaded.origins["source.ct.ae_title"] == "registry, revision 7"
    assert loaded.origins["box.id"] == str(path)


def test_bad_wish_of_the_registry_keeps_no_box_from_work(tmp_path):
    """Unknown, local and invalid values of the registry are left out and told, the rest applies."""
    path = configuration(tmp_path)
    (tmp_path / "data").mkdir()
    wishes = {"box.id": "other", "outbox.size": "1GB", "outbox.max_size": "much", "box.room": "2"}
    desired = BoxConfig(box_id=BOX, revision=1, issued_at=datetime.now(UTC), settings=wishes)
    (tmp_path / "data" / DESIRED).write_text(desired.model_dump_json())
    loaded = load(path, {})
    assert (loaded.settings.box.id, loaded.settings.box.room) == (BOX, "2")
    assert len(loaded.problems) == 3
    assert "only be set on the box" in loaded.problems[0]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        (["[outbox]", 'max_sice = "1GB"'], "Did you mean 'outbox.max_size'?"),
        (["[outbox]", 'max_size = "much"'], "a size is a number and"),
        (["[outbox]", "warn_percent = 400"], "outbox.warn_percent"),
        (["[health]", 'interval = "soon"'], "a duration is a number and"),
        (["[outbocks]", "x = 1"], "unknown key"),
        (["nonsense"], "not valid TOML"),
    ],
)
def test_mistakes_are_told_with_key_and_cure(tmp_path, lines, said):
    """What is wrong is named with its key, its file and what would be right."""
    with pytest.raises(ConfigError, match=r"box\.toml") as error:
        load(configuration(tmp_path, *lines), {})
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ({"ae_title": "MUCH_TOO_LONG_TITLE"}, "source.ct.ae_title"),
        ({"ae_title": "A\\B"}, "no AE title"),
        ({"port": 99999}, "source.ct.port"),
        ({"prot": 104}, "Did you mean 'source.*.port'?"),
        ({"tls_certificate": "/x.pem"}, "come together"),
        ({"storage_commitment_peers": ["CT1"]}, "AE_TITLE=HOST:PORT"),
    ],
)
def test_mistakes_in_a_source_name_the_source(tmp_path, source, said):
    """What is wrong with a source is named by the source's name, not by its position."""
    with pytest.raises(ConfigError) as error:
        load(configuration(tmp_path, **source), {})
    assert said in str(error.value)


def test_missing_file_and_id_say_what_to_run(tmp_path):
    """Without a file or without a box id the error is the next command."""
    with pytest.raises(ConfigError, match=r"config set box\.id"):
        load(tmp_path / "none.toml", {})
    (tmp_path / "box.toml").write_text("[log]\nlevel = 'info'\n")
    with pytest.raises(ConfigError, match=r"box(\.id)? is not set"):
        load(tmp_path / "box.toml", {})


def test_a_changed_file_is_read_by_the_same_accounts_as_before(tmp_path):
    """A file, which may hold hashes of PINs, stays closed to others; a new one is so at once."""
    set_value(tmp_path / "new.toml", "box.id", BOX, {})
    assert stat.S_IMODE((tmp_path / "new.toml").stat().st_mode) & 0o007 == 0
    path = configuration(tmp_path)
    path.chmod(0o600)
    set_value(path, "outbox.warn_percent", "80", {})
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_set_changes_one_line_and_keeps_the_rest(tmp_path):
    """`config set` replaces or adds one line; comments, order and other keys stay."""
    path = configuration(tmp_path, "# a comment", "[outbox]", "warn_percent = 70 # seventy")
    set_value(path, "outbox.warn_percent", "75", {})
    set_value(path, "outbox.max_size", "2GB", {})
    set_value(path, "source.ct.port", "11115", {})
    set_value(path, "source.xa.ae_title", "XA", {})
    set_value(path, "log.level", "debug", {})
    settings = load(path, {}).settings
    assert "# a comment" in path.read_text()
    assert (settings.outbox.warn_percent, settings.outbox.max_size) == (75, 2 * 10**9)
    assert [(one.name, one.ae_title) for one in settings.source] == [
        ("ct", "DOSEBOOK"),
        ("xa", "XA"),
    ]
    assert settings.source[0].port == 11115
    assert settings.log.level == "debug"


def test_set_refuses_what_would_not_load(tmp_path):
    """`config set` never leaves a file behind that the box could not start with."""
    path = configuration(tmp_path)
    before = path.read_text()
    with pytest.raises(ConfigError):
        set_value(path, "outbox.max_size", "much", {})
    assert path.read_text() == before
    assert [one.name for one in tmp_path.iterdir()] == ["box.toml"]


def test_set_begins_a_new_file(tmp_path):
    """The first `config set box.id` writes a file that loads."""
    set_value(tmp_path / "new" / "box.toml", "box.id", "ct-1", {})
    assert flat(load(tmp_path / "new" / "box.toml", {}).settings)["box.id"] == "ct-1"


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("30s", 30), ("5min", 300), ("12h", 43200), ("30d", 2592000)],
)
def test_durations_round_trip(text, seconds):
    """Durations are read and written in the same form."""
    assert parse_duration(text) == timedelta(seconds=seconds)
    assert show_duration(timedelta(seconds=seconds)) == text


@pytest.mark.parametrize(
    ("text", "size"), [("4GB", 4 * 10**9), ("500MB", 5 * 10**8), ("1kB", 1000)]
)
def test_sizes_round_trip(text, size):
    """Sizes are read and written in the same form; binary units are read too."""
    assert parse_size(text) == size
    assert show_size(size) == text
    assert parse_size("1 GiB") == 2**30


def test_explain_names_everything(tmp_path):
    """`config explain` tells meaning, type, default and example of each key, and of a source's."""
    for key in known_keys():
        assert "default" in explain(key)
    assert "whole number" in explain("source.ct.port")
    config = configuration(tmp_path)
    answer = box_command(config, "config", "explain", "outbox.max_sise")
    assert answer.returncode == 1
    assert "Did you mean 'outbox.max_size'?" in answer.stderr
