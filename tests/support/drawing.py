"""A whole box whose monitor is a file, with a person who may draw profiles, for tests."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner

from dosebook_edge.box import Box
from dosebook_edge.config import load
from dosebook_edge.simulate.cli import main as simulate
from dosebook_protocol.screen import unpack
from dosebook_protocol.wire import split_record_message
from tests.support.fonts import need_fonts
from tests.support.kiosk import PERSON, pins
from tests.support.screen_source import record_of

SOURCE = "c-arm"


@dataclass
class Console:
    """A C-arm's dose page in a file that a box watches; `shown` are its texts by name."""

    file: Path
    shown: dict[str, str]

    @property
    def kap(self) -> str:
        """The KAP that it shows."""
        return self.shown["dose_area_product"]

    def show(self, seed: int) -> None:
        """Show the dose page of another exam."""
        line = ["screen", "carm-panel", "--seed", str(seed), "--framebuffer", str(self.file)]
        done = CliRunner().invoke(simulate, [*line, "--json"])
        assert done.exit_code == 0, done.output
        self.shown = {one["name"]: one["text"] for one in json.loads(done.output)["cells"]}


def box_file(folder: Path, screen: Path, *more: str) -> Path:
    """The configuration: one watched screen without any profile, and the page."""
    lines = (
        "[box]",
        'id = "box-1"',
        f'data_dir = "{folder / "data"}"',
        "[uplink]",
        "enabled = false",
        "[kiosk]",
        "enabled = true",
        "port = 0",
        "[[kiosk.person]]",
        f'name = "{PERSON}"',
        f'pin = "{pins()[PERSON]}"',
        *(more or ("may_draw_profiles = true",)),
        "[[source]]",
        'kind = "screen"',
        f'name = "{SOURCE}"',
        f'address = "xwd:{screen}"',
        'interval = "100ms"',
        'settle = "200ms"',
    )
    path = folder / "box.toml"
    path.write_text("\n".join(lines) + "\n")
    return path


@contextmanager
def drawing_box(folder: Path, *more: str) -> Iterator[tuple[Box, Console, int]]:
    """A running box, its console, and the port of its page; `more` is said of its one person."""
    need_fonts()
    folder.mkdir(parents=True, exist_ok=True)
    console = Console(folder / "screen.xwd", {})
    console.show(1)
    box = Box(load(box_file(folder, console.file, *more)))
    box.start()
    try:
        ports = {one["name"]: one["port"] for one in box.status()["sources"]}
        yield box, console, ports["kiosk"]
    finally:
        box.stop()


def recorded(box: Box) -> list[str]:
    """The KAP of each screen that the box has recorded of its console, as it was read."""
    found = []
    for waiting in box.outbox.unacknowledged(0, 100, 10**8):
        assert record_of(waiting.message).source == SOURCE
        report = unpack(split_record_message(waiting.message)[1]).report
        found += [one.text for one in report.values if one.path == "SCREEN/dose_area_product"]
    return found


def draw_over(page: Any, tool: str, place: tuple[int, int, int, int]) -> None:
    """Take a tool of the editor and draw a rectangle, in pixels of a console that is 640 wide."""
    page.click(f"[data-tool={tool}]")
    stage = page.locator(".draw-svg").bounding_box()
    scale = stage["width"] / 640
    x, y, width, height = (side * scale for side in place)
    page.mouse.move(stage["x"] + x, stage["y"] + y)
    page.mouse.down()
    page.mouse.move(stage["x"] + x + width / 2, stage["y"] + y + height / 2)
    page.mouse.move(stage["x"] + x + width, stage["y"] + y + height)
    page.mouse.up()
