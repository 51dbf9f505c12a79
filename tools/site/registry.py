"""The registry of the site: made, run and asked through its own commands."""

from pathlib import Path

from tools.site.box import Box
from tools.site.ports import free_port
from tools.site.program import Program, call, executable

COMMAND = "dosebook-registry"
HOST = "127.0.0.1"


class Registry(Program):
    """One `dosebook-registry run` with its data folder; its loopback ports outlive a restart."""

    def __init__(
        self, folder: Path, *, database_url: str = "", broker: tuple[str, int] | None = None
    ) -> None:
        """Name the registry's folder and how it runs; `init` makes it.

        Args:
            folder: where data folder and log go.
            database_url: a PostgreSQL database; SQLite in the data folder by default.
            broker: host and port of an external broker; the built-in one by default.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self.data_dir = folder / "registry"
        host, port = broker or ("", free_port())
        self.settings = {
            "DOSEBOOK_BROKER_HOST": host,
            "DOSEBOOK_BROKER_PORT": str(port),
            "DOSEBOOK_BROKER_LISTEN": HOST,
            "DOSEBOOK_BROKER_NAMES": HOST,
            "DOSEBOOK_DATABASE_URL": database_url,
            "DOSEBOOK_WEB_PORT": str(free_port()),
        }
        self._command = [executable(COMMAND), "--data", str(self.data_dir)]
        super().__init__(
            [*self._command, "run"],
            log=folder / "registry.log",
            ready_event="registry_ready",
            env=self.settings,
        )

    @property
    def url(self) -> str:
        """Address of the pages."""
        return f"http://{HOST}:{self.settings['DOSEBOOK_WEB_PORT']}/"

    def cli(self, *arguments: str, text: str = "") -> str:
        """Run another command of this registry and return what it prints."""
        return call([*self._command, *arguments], env=self.settings, text=text)

    def enrol(self, box: Box) -> None:
        """Certify a box: request on the box, bundle from the registry, installed on the box."""
        request, bundle = box.config.with_name("box.csr"), box.config.with_name("bundle.json")
        box.cli("identity", "request", "--out", str(request))
        room = ("--room", box.room) if box.room else ()
        self.cli("box", "add", box.box_id, "--csr", str(request), *room, "--out", str(bundle))
        box.cli("identity", "install", str(bundle))
