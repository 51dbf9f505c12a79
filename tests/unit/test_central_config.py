"""Configuration of the registry: every key once, errors that name the key."""

import pytest

from dosebook_central import config


def written(tmp_path, text):
    """A data folder with a configuration file."""
    (tmp_path / config.FILE_NAME).write_text(text)
    return tmp_path


def test_template_is_valid_and_changes_nothing(tmp_path):
    """What `init` writes is all defaults, and stays so with every line uncommented."""
    plain = config.load(written(tmp_path, config.template()), {})
    assert set(plain.origins.values()) == {"default"}
    lines = config.template().splitlines()
    keys = {key.name.partition(".")[2] for key in config.KEYS}
    active = [
        line.removeprefix("# ") if line.removeprefix("# ").split(" = ")[0] in keys else line
        for line in lines
    ]
    full = config.load(written(tmp_path, "\n".join(active)), {})
    assert full.values == plain.values
    assert set(full.origins.values()) == {config.FILE_NAME}


def test_environment_wins_over_file_over_default(tmp_path):
    """Precedence is environment, file, default, and the origin of each value is known."""
    folder = written(tmp_path, '[web]\nport = 1234\nhost = "10.0.0.1"\n')
    found = config.load(folder, {"DOSEBOOK_WEB_PORT": "0", "DOSEBOOK_BROKER_NAMES": "a, b"})
    assert found.number("web.port") == 0
    assert found.text("web.host") == "10.0.0.1"
    assert found.texts("broker.names") == ("a", "b")
    assert found.origins["web.port"] == "DOSEBOOK_WEB_PORT"
    assert found.origins["web.threads"] == "default"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[web]\nprot = 1\n", "did you mean web.port"),
        ('[web]\nport = "1"\n', "web.port must be a whole number"),
        ("[web]\nport = true\n", "web.port must be a whole number"),
        ("web = 1\n", "section"),
        ("[web\n", "not valid TOML"),
        ("[broker]\nnames = [1]\n", "list of texts"),
    ],
)
def test_mistakes_name_the_key_and_the_cure(tmp_path, text, message):
    """A key that is unknown or has the wrong type is told with what to write."""
    with pytest.raises(config.ConfigError, match=message):
        config.load(written(tmp_path, text), {})


def test_variables_are_checked_too(tmp_path):
    """A variable that does not fit its key is an error that names it."""
    for name, text in (("DOSEBOOK_WEB_PORT", "x"), ("DOSEBOOK_WEB_SECURE_COOKIES", "maybe")):
        with pytest.raises(config.ConfigError, match=name):
            config.load(tmp_path, {name: text})


def test_page_lists_every_key(repository):
    """docs/reference/registry-config.md has a row for each key with its default."""
    page = (repository / "docs/reference/registry-config.md").read_text()
    for key in config.KEYS:
        assert f"| `{key.name}` | {key.type_name} |" in page


def test_schema_page_lists_every_column(repository):
    """docs/reference/sql-schema.md has every table and column."""
    from dosebook_central.store.models import Base

    page = (repository / "docs/reference/sql-schema.md").read_text()
    for table in Base.metadata.tables.values():
        section = page.partition(f"## `{table.name}`\n")[2].partition("\n## ")[0]
        assert all(f"| `{column.name}`" in section for column in table.columns), table.name
