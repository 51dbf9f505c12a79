"""`make reference`: write the generated pages of docs/reference from the code itself."""

import importlib
import json
import sys
import tomllib
from collections.abc import Iterator
from copy import copy
from typing import Any

import click

from dosebook_edge.capture.instrument.catalogue.loader import ADAPTER, load, shipped
from dosebook_edge.capture.screen import loader as screens
from dosebook_edge.capture.screen.profile import ScreenProfile
from dosebook_protocol.quantities import QUANTITIES
from tools.terminal import ROOT, say

FOLDER = ROOT / "docs" / "reference"
MARK = "<!-- Written by `make reference`; change the code, not this page. -->"
_YES = {True: "yes", False: ""}
_PROFILES = "instrument-profiles.md"
_SCHEMA = "instrument-profile.schema.json"
_SCREENS = "screen-profiles.md"
_SCREEN_SCHEMA = "screen-profile.schema.json"


def names() -> list[str]:
    """File names of the generated pages."""
    return [*_PAGES, *(f"{name}.md" for name in programs())]


def page(name: str) -> str:
    """Text of one generated page."""
    if name in _PAGES:
        return _PAGES[name]()
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


def _instrument_profiles() -> str:
    lines = [
        "# Profiles of instruments",
        "",
        MARK,
        "",
        "How far each is known: `documented`, from the maker's paper; `seen in code`, a program of",
        "somebody else talks to the instrument so; `site-filled`, a site completes a copy of it.",
        "None of them was tried on the instrument itself by Dosebook.",
        "How to write one: [instruments](../operate/instruments.md).",
    ]
    for one in (load(path) for path in shipped().values()):
        transport = one.transport.model_dump(exclude_defaults=True, exclude={"site_sets"})
        lines += [
            "",
            f"## {one.id}",
            "",
            f"{one.maker} {one.model}: **{one.status}**",
            "",
            f"- engine: {one.engine}; " + ", ".join(f"{k} {v}" for k, v in transport.items()),
            f"- measures: {', '.join(one.measures)}",
            *(f"- source: {text}" for text in one.sources),
            *(f"- {text}" for text in one.notes),
        ]
    return "\n".join([*lines, ""])


def _screen_profiles() -> str:
    lines = [
        "# Profiles of screens",
        "",
        MARK,
        "",
        "What each was proved on stands with it.",
        "How to write one: [screens](../operate/screens.md).",
    ]
    for one in (screens.load(path).profile for path in screens.shipped().values()):
        checks = sorted({check.kind for check in one.check})
        lines += [
            "",
            f"## {one.id}",
            "",
            f"{one.maker} {one.model}, {one.screen.width} x {one.screen.height} pixels",
            "",
            *(f"- proved on: {text}" for text in one.proved_on),
            f"- measures: {', '.join(one.measures)}",
            f"- checks: {', '.join(checks) or 'none between values'}",
            f"- languages: {' '.join(one.languages)}; decimal marks: {' '.join(one.decimal_marks)}",
            *(f"- source: {text}" for text in one.sources),
            *(f"- {text}" for text in one.notes),
        ]
    return "\n".join([*lines, ""])


def _instrument_schema() -> str:
    return _schema(ADAPTER.json_schema())


def _screen_schema() -> str:
    return _schema(ScreenProfile.model_json_schema())


def _schema(own: dict[str, Any]) -> str:
    schema = {"$schema": "https://json-schema.org/draft/2020-12/schema", **own}
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


_PAGES = {
    "quantities.md": _quantities,
    _PROFILES: _instrument_profiles,
    _SCHEMA: _instrument_schema,
    _SCREENS: _screen_profiles,
    _SCREEN_SCHEMA: _screen_schema,
}


def command_of(target: str) -> click.Command:
    """The click command that an entry point runs."""
    module, _, function = target.partition(":")
    command = getattr(importlib.import_module(module), function)
    if not isinstance(command, click.Command):
        raise TypeError(f"{target} is not a click command")
    return command


def walk(
    command: click.Command, name: str, parent: click.Context | None = None
) -> Iterator[click.Context]:
    """The contexts of a command and of all below it, with the settings each has when it runs."""
    # click keeps the help option of a command's first caller, who may have seen it in part.
    command = copy(command)
    command._help_option = None  # noqa: SLF001 - there is no other way
    settings = {"max_content_width": 96, **command.context_settings}
    with click.Context(command, info_name=name, parent=parent, **settings) as context:
        yield context
        if isinstance(command, click.Group):
            for word in sorted(command.list_commands(context)):
                child = command.get_command(context, word)
                if child is not None:
                    yield from walk(child, word, context)


def _program(name: str, target: str) -> str:
    lines = [f"# {name}", "", MARK]
    for context in walk(command_of(target), name):
        heading = [] if context.parent is None else ["", f"## {context.command_path}"]
        lines += [*heading, "", "```text", context.get_help(), "```"]
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
