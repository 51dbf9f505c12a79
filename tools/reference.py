"""`make reference`: write the generated pages of docs/reference from the code itself."""

import importlib
import sys
import tomllib
from collections.abc import Iterator

import click

from dosebook_protocol.quantities import QUANTITIES
from tools.terminal import ROOT, say

FOLDER = ROOT / "docs" / "reference"
MARK = "<!-- Written by `make reference`; change the code, not this page. -->"
_YES = {True: "yes", False: ""}


def names() -> list[str]:
    """File names of the generated pages."""
    return ["quantities.md", *(f"{name}.md" for name in programs())]


def page(name: str) -> str:
    """Text of one generated page."""
    if name == "quantities.md":
        return _quantities()
    program = name.removesuffix(".md")
    return _program(program, programs()[program])


def programs() -> dict[str, str]:
    """Installed command → module and function, from the pyproject files."""
    found: dict[str, str] = {}
    for part in ("edge", "central"):
        project = tomllib.loads((ROOT / part / "pyproject.toml").read_text())["project"]
        found |= project["scripts"]
    return found


def _quantities() -> str:
    rows = [
        f"| {one.label} | `{one.name}` | {one.unit} | `{one.field}` | {_YES[one.is_dose]} |"
        for one in QUANTITIES.values()
    ]
    return "\n".join(
        [
            "# Quantities",
            "",
            MARK,
            "",
            "Each quantity is stored in one unit (UCUM); a value keeps its original text and unit.",
            "Conversions are exact. A unit that is not known puts the object into quarantine.",
            "",
            "| quantity | name | unit | field | dose |",
            "| --- | --- | --- | --- | --- |",
            *rows,
            "",
        ]
    )


def command_of(target: str) -> click.Command:
    """The click command that an entry point runs."""
    module, _, function = target.partition(":")
    command = getattr(importlib.import_module(module), function)
    if not isinstance(command, click.Command):
        raise TypeError(f"{target} is not a click command")
    return command


def walk(command: click.Command, path: str) -> Iterator[tuple[str, click.Command]]:
    """A command and all below it, with the words that call each."""
    yield path, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in sorted(command.list_commands(context)):
            child = command.get_command(context, name)
            if child is not None:
                yield from walk(child, f"{path} {name}")


def _program(name: str, target: str) -> str:
    lines = [f"# {name}", "", MARK]
    for path, command in walk(command_of(target), name):
        with click.Context(command, info_name=path, max_content_width=96) as context:
            text = command.get_help(context)
        heading = [] if path == name else ["", f"## {path}"]
        lines += [*heading, "", "```text", text, "```"]
    return "\n".join([*lines, ""])


def main() -> int:
    """Write every generated page that differs from what stands."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in names():
        file, text = FOLDER / name, page(name)
        if not file.exists() or file.read_text() != text:
            file.write_text(text)
            say(f"written: {file.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
