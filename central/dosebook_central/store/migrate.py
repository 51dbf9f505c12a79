"""Bring the database to the version of this program, the same way on both engines."""

from importlib.resources import as_file, files
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from dosebook_central.store.engine import rebuilding


def head() -> str:
    """The version that this program needs."""
    with as_file(files("dosebook_central.store") / "migrations") as folder:
        return ScriptDirectory(str(folder)).get_current_head() or ""


def current(engine: Engine) -> str | None:
    """The version that a database is at; None for an empty one."""
    with engine.connect() as connection:
        return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, to: str = "head") -> str:
    """Upgrade a database in one transaction; returns the version that it is at then."""
    with as_file(files("dosebook_central.store") / "migrations") as folder:
        settings = _settings(folder)
        with rebuilding(engine) as connection:
            settings.attributes["connection"] = connection
            command.upgrade(settings, to)
    return current(engine) or ""


def _settings(folder: Path) -> Config:
    settings = Config()
    settings.set_main_option("script_location", str(folder).replace("%", "%%"))
    settings.set_main_option("path_separator", "os")
    return settings
