"""Commands in documents: each one is real, and those of the first box are run as they stand."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from dosebook_central.cli import main as registry
from dosebook_edge.cli.main import main as box
from dosebook_edge.simulate.cli import main as simulate
from tests.support.tree import ROOT, name_of, tracked
from tests.support.waiting import eventually
from tools.site.ports import free_port

COMMANDS = {"dosebook-box": box, "dosebook-registry": registry, "dosebook-simulate": simulate}
PAGES = [page for page in tracked(".md") if "node_modules" not in page.parts]
FIRST_BOX = ROOT / "docs/start/first-box.md"
BLOCK = re.compile(r"^```(?:sh|text)?\n(.*?)^```", re.MULTILINE | re.DOTALL)
# A command in prose ends where its backticks end; in a block, where its line does.
INLINE = re.compile(r"`((?:dosebook-box|dosebook-registry|dosebook-simulate)[^`\n]*)`")
READY = {"registry": "registry_ready", "box": "box_ready"}


def _documented(page):
    text = page.read_text()
    lines = [line for block in BLOCK.findall(text) for line in block.splitlines()]
    found = [line for line in lines if line.split(" ")[0] in COMMANDS]
    return sorted({*found, *INLINE.findall(BLOCK.sub("", text))})


def _resolve(line):
    """The command that a line names, and the options in it that this command does not have."""
    words = [word for word in shlex.split(line, comments=True) if word != "…"]
    command, words = COMMANDS[words[0]], words[1:]
    context = click.Context(command)
    unknown = []
    while words:
        word = words.pop(0)
        options = {
            name: one for one in command.params for name in (*one.opts, *one.secondary_opts)
        } | {"--help": None, "-h": None}
        if word.startswith("-"):
            if word.split("=")[0] not in options:
                unknown.append(word)
                continue
            option = options[word.split("=")[0]]
            if option is not None and not option.is_flag and "=" not in word and words:
                words.pop(0)
        elif isinstance(command, click.Group):
            child = command.get_command(context, word)
            if child is None:
                return command, [word]
            command = child
    return command, unknown


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_documented_commands_exist(page):
    """Each `dosebook-…` command in a page is one that the programs have, with those options."""
    wrong = {line: unknown for line in _documented(page) if (unknown := _resolve(line)[1])}
    assert wrong == {}


def test_every_page_is_in_the_index():
    """docs/README.md links every page under docs."""
    index = ROOT / "docs/README.md"
    links = re.findall(r"\]\(([^)#]+\.md)", index.read_text())
    linked = {(index.parent / link).resolve() for link in links}
    pages = {page for page in PAGES if page.is_relative_to(ROOT / "docs")}
    assert sorted(map(name_of, pages - linked - {index} - set(_decisions()))) == []


def _decisions():
    return [page for page in PAGES if page.parent.name == "decisions"]


def uncommented(settings, line):
    """Settings in which the commented key of a line is written as the line says."""
    key = line.partition("=")[0].strip()
    settings, places = re.subn(rf"(?m)^# {key} = .*$", line, settings)
    assert places == 1, f"{key} stands {places} times in what init wrote"
    return settings


class Reader:
    """Somebody who types what the page says, in one folder."""

    def __init__(self, folder):
        self.folder = folder
        self.port = free_port()
        self.settings = {
            "DOSEBOOK_BROKER_PORT": str(free_port()),
            "DOSEBOOK_BROKER_LISTEN": "127.0.0.1",
            "DOSEBOOK_WEB_PORT": "0",
        }
        self.running = []

    def follow(self, language, text):
        """Do what one block of the page says."""
        if language == "toml":
            path = self.folder / "registry/registry.toml"
            path.write_text(uncommented(path.read_text(), text.strip()))
            return
        for line in text.replace("11112", str(self.port)).splitlines():
            words = shlex.split(line)
            if words[-1] == "run":
                self._start(words)
            else:
                self._call(words)

    def _start(self, words):
        process = subprocess.Popen(
            [Path(sys.executable).with_name(words[0]), *words[1:]],
            cwd=self.folder,
            env=os.environ | self.settings,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        self.running.append(process)
        event = json.loads(process.stdout.readline())["event"]
        assert event == READY[words[0].removeprefix("dosebook-")]

    def _call(self, words):
        password = ["--password-stdin"] if "user" in words else []
        # A machine without a time server is told that its clock needs attention: code 3.
        fine = {0, 3} if words[-1] == "status" else {0}
        done = self.ask(words + password)
        assert done.exit_code in fine, f"{shlex.join(words)}\n{done.output}"

    def ask(self, words):
        """Run a command to its end, in this process: sixteen programs would take a while."""
        password = "a quite long pass phrase\n"
        return CliRunner(env=self.settings).invoke(COMMANDS[words[0]], words[1:], input=password)

    def stop(self):
        """End the programs that the page started."""
        for process in reversed(self.running):
            process.terminate()
            process.communicate(timeout=30)


@pytest.mark.system
@pytest.mark.timeout(120)  # both programs start, on a busy machine
def test_the_first_box_is_set_up_as_its_page_says(tmp_path, monkeypatch):
    """Each block of docs/start/first-box.md is followed in order; the doses are stored."""
    monkeypatch.chdir(tmp_path)
    reader = Reader(tmp_path)
    try:
        blocks = re.findall(
            r"^```(sh|toml)\n(.*?)^```", FIRST_BOX.read_text(), re.MULTILINE | re.DOTALL
        )
        for language, text in blocks:
            reader.follow(language, text)
        listed = ["dosebook-box", "--config", "box.toml", "outbox", "list", "--json"]
        eventually(
            lambda: (
                (rows := json.loads(reader.ask(listed).stdout))
                and {row["status"] for row in rows} == {"stored"}
                and len(rows) == 3
            ),
            30,
            what="three doses are stored",
        )
    finally:
        reader.stop()
