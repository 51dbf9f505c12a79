"""A box of the site: configured, enrolled and run through its own commands."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

from dosebook_edge.outbox import schema
from tools.site.program import Program, SiteError, call, executable

COMMAND = "dosebook-box"
ENVIRONMENT = {"PYTHONPATH": str(Path(__file__).parent / "environment_of_a_box")}
"""What the installation of a box without extras does not hold is not there for it here either."""


class Box(Program):
    """One `dosebook-box run` with its folder and its DICOM sources on free loopback ports."""

    def __init__(
        self,
        folder: Path,
        box_id: str,
        sources: tuple[tuple[str, str], ...] = (("ct", "CT_BOX"),),
        *,
        room: str = "",
        data_dir: Path | None = None,
        settings: str = "",
        reads_screens: bool = False,
    ) -> None:
        """Write the configuration.

        Args:
            folder: where configuration and log go.
            box_id: its id at the registry.
            sources: name and AE title of each DICOM source.
            room: where it stands, for people.
            data_dir: where outbox and identity go; `folder`/data by default.
            settings: further tables of the configuration, TOML.
            reads_screens: whether it has the extra of boxes that read screens, numpy and all.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.box_id = box_id
        self.room = room
        self.data_dir = data_dir or folder / "data"
        self.config = folder / "box.toml"
        tables = [
            f'[box]\nid = "{box_id}"\nroom = "{room}"\ndata_dir = "{self.data_dir}"\n',
            settings,
        ]
        tables += [
            f'[[source]]\nname = "{name}"\nae_title = "{ae_title}"\nport = 0\nbind = "127.0.0.1"\n'
            for name, ae_title in sources
        ]
        self.config.write_text("\n".join(tables))
        super().__init__(
            [executable(COMMAND), "--config", str(self.config), "run"],
            log=folder / "box.log",
            ready_event="box_ready",
            env={} if reads_screens else ENVIRONMENT,
        )

    def cli(self, *arguments: str) -> str:
        """Run another command of this box and return what it prints."""
        return call([executable(COMMAND), "--config", str(self.config), *arguments])

    def port(self, source: str) -> int:
        """TCP port on which a source listens; raises `SiteError` before the box was ever ready."""
        if not self.ready:
            raise SiteError(f"{self.box_id} was never ready")
        return int(self.ready["sources"][source])

    def records(self, *options: str) -> list[dict[str, Any]]:
        """Records of the outbox as its database has them now, newest first."""
        found: list[dict[str, Any]] = json.loads(self.cli("outbox", "list", *options, "--json"))
        return found

    def waiting(self) -> int:
        """How many records have no receipt, asked of the database itself: at no cost to the box."""
        with closing(schema.connect(self.data_dir / "outbox.db", read_only=True)) as connection:
            found = connection.execute("SELECT count(*) FROM record WHERE status = 'waiting'")
            return int(found.fetchone()[0])

    def is_delivered(self) -> bool:
        """Whether every record has its receipt."""
        return not self.records("--status", "waiting", "--limit", "1")

    def outbox(self) -> dict[str, Any]:
        """What the box last wrote of itself, up to a second old: `status.json`."""
        found: dict[str, Any] = json.loads((self.data_dir / "status.json").read_text())
        return found
