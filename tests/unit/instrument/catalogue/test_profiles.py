"""Profiles: what ships, that each is honest and safe, and how a wrong one is refused."""

import json
import tomllib

import pytest
from jsonschema import Draft202012Validator

from dosebook_edge.capture.instrument.catalogue.loader import (
    ADAPTER,
    ProfileError,
    find,
    load,
    shipped,
)
from dosebook_edge.capture.instrument.profile.fields import escape, unescape
from dosebook_edge.capture.instrument.profile.model import FrameProfile, PollProfile
from tests.support.instruments import PROFILES, changed

WANTED = {
    "atomlab-500", "bosean-fs", "capintec-crc-15", "capintec-crc-35r", "dap-line",
    "dosebook-reference-modbus-tcp", "gq-gmc-300", "keithley-6517b", "ludlum-375-network",
    "ludlum-375-serial", "mirion-accurad", "ptw-diamentor", "ptw-multidos", "ptw-unidos-e",
    "ptw-unidos-tango-romeo", "rad-pro", "rzba-04-04m", "sarad-modbus-rtu", "thermo-fht-6020",
    "veenstra-vik-202",
}  # fmt: skip
ASKING = [name for name, one in PROFILES.items() if isinstance(one, PollProfile | FrameProfile)]
WRITES = {
    "ptw-diamentor": r"RES\r\n",
    "keithley-6517b": r"*RST\r\n",
    "rad-pro": r"SET tubeHVFrequency 1\r\n",
    "gq-gmc-300": "<POWEROFF>>",
    "veenstra-vik-202": r"!F236\r",
    "bosean-fs": r"\xAA\x04\x0D\xBBU",
    "ptw-unidos-tango-romeo": r"TOK\r\n",
    "ptw-multidos": r"NUL\r\n",
    "ptw-unidos-e": r"STA\r\n",
    "capintec-crc-35r": r"\x02II1Tc99m \x03",
    "atomlab-500": r"ISO\r",
}


def _send(name):
    return next(
        line for line in shipped()[name].read_text().splitlines() if line.startswith("send = ")
    )


def test_the_profiles_that_ship():
    """The box comes with a profile for each instrument of which something is public."""
    assert set(PROFILES) == WANTED
    assert {one.engine for one in PROFILES.values()} == {"line", "poll", "frame", "modbus", "push"}


@pytest.mark.parametrize("name", PROFILES)
def test_a_profile_is_named_as_its_file_and_fits_the_published_schema(name, repository):
    """A profile's id is its file's name, and an editor with the schema finds no fault."""
    schema = json.loads((repository / "docs/reference/instrument-profile.schema.json").read_text())
    assert PROFILES[name].id == name
    tree = tomllib.loads(shipped()[name].read_text())
    assert list(Draft202012Validator(schema).iter_errors(tree)) == []


@pytest.mark.parametrize("name", [name for name, one in PROFILES.items() if one.maker != "any"])
def test_nobody_else_s_instrument_is_called_verified(name):
    """No profile claims more than its sources: each has a source and one of three statuses."""
    assert PROFILES[name].status in ("documented", "seen in code", "site-filled")
    assert all(len(one) > 8 for one in PROFILES[name].sources)


@pytest.mark.parametrize("name", WRITES)
def test_a_question_that_changes_the_instrument_is_refused(name, tmp_path):
    """A profile that would reset, set or switch off its instrument does not load."""
    path = changed(tmp_path, name, _send(name), f"send = '{WRITES[name]}'")
    with pytest.raises(ProfileError, match=r"question\[0\]\.send.*forbids: a profile only reads"):
        load(path)


@pytest.mark.parametrize("command", ["*RST", "RES", "RESET", "<FACTORYRESET>>", "<REBOOT>>"])
@pytest.mark.parametrize("name", ASKING)
def test_some_commands_are_refused_in_every_profile(name, command, tmp_path):
    """Resets are refused even where a profile's own list would let them through."""
    if not PROFILES[name].question:
        pytest.fail("a profile of these engines asks")
    path = changed(tmp_path, name, _send(name), f"send = '{command}'")
    with pytest.raises(ProfileError, match="forbids"):
        load(path)


@pytest.mark.parametrize("function", [1, 5, 6, 15, 16])
def test_modbus_functions_that_write_do_not_exist(function, tmp_path):
    """A Modbus profile reads registers: any other function is an error of the file."""
    path = changed(tmp_path, "sarad-modbus-rtu", "function = 3", f"function = {function}")
    with pytest.raises(ProfileError, match=r"question\[0\]\.function: Input should be 3 or 4"):
        load(path)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('maker = "PTW"', 'makers = "PTW"', r"makers is no key of a profile, did you mean maker\?"),
        ('maker = "PTW"', "", "maker is not set: add it"),
        ("baudrate = 9600", 'baudrate = "9600"', r"transport\.baudrate: .*integer"),
        ('engine = "poll"', 'engine = "poke"', "poke"),
        ('4 = "R.cm2"', '4 = "Rcm2"', r"telegram\[1\]\.value\[0\]\.units.*written 'R.cm2'"),
        ('4 = "R.cm2"', '4 = "mm"', r"telegram\[1\]\.value\[0\]\.units.*measures length"),
        ('4 = "R.cm2"', '4 = "Gy"', "'Gy' is a unit of air_kerma, not of dose_area_product"),
        ('unit_from = "unit"', 'unit_from = "unti"', "no telegram says or remembers 'unti'"),
        ('unit_from = "unit"\n', "", "a unit is never assumed"),
        ('source = "dap"', 'source = "dpa"', "'dpa' is no group of the pattern"),
        (
            'answers = ["unit"]',
            'answers = ["init"]',
            "answers: no telegram is named 'init'",
        ),
        ("'U(?P<unit>[1-4])'", "'U(?P<unit>([1-4]+)+)'", "a group may not be repeated"),
        ("'U(?P<unit>[1-4])'", "'U(?P<unit>[1-4]'", "is not a regular expression"),
        ("'U(?P<unit>[1-4])'", "'(?=U)U(?P<unit>[1-4])'", "no look-around"),
        (r"> U\r\n", r"? U\r\n", r"accept\[0\].transcript: line 1: .* is none of a transcript"),
        (r"send = 'U\r\n'", r"send = 'U\q'", r"question\[0\].send: .* after .* comes"),
        ('stored = "99.9999"', 'stored = "999.999"', r"gives dap '9999.99' cGy.cm2 = 99.9999"),
        ('stored = "99.9999"', "stored = 99.9999", "an exact number is written as text"),
        ('notices = ["overload"]', 'notices = ["checksum"]', r"reject\[0\].*gives overload"),
        ("schema_version = 1", "schema_version = 2", "schema_version: Input should be 1"),
        ("schema_version = 1", "schema_version =", "is not TOML"),
    ],
)
def test_a_wrong_profile_is_refused_with_file_key_and_cure(old, new, told, tmp_path):
    """P2: each error of a profile names the file, the key, and what to write instead."""
    path = changed(tmp_path, "ptw-diamentor", old, new)
    with pytest.raises(ProfileError, match=told) as refused:
        load(path)
    assert all(line.startswith(str(path)) for line in str(refused.value).splitlines())


@pytest.mark.parametrize("table", ["accept", "reject"])
def test_a_profile_without_vectors_does_not_load(table, tmp_path):
    """A profile proves itself: it has something to accept and something to reject."""
    path = tmp_path / "dap-line.toml"
    path.write_text(shipped()["dap-line"].read_text().split(f"[[{table}]]")[0])
    with pytest.raises(ProfileError, match=f"{table} is not set: add it"):
        load(path)


def test_a_pattern_that_accepts_the_end_of_a_number_is_refused(tmp_path):
    """P52: a line whose first digits were lost must not give a smaller number."""
    path = changed(tmp_path, "dap-line", "'DAP (?P<dap>", "'(?:DAP )?(?P<dap>")
    with pytest.raises(ProfileError, match=r"without its first \d bytes"):
        load(path)


def test_an_unknown_profile_names_a_near_one():
    """A mistyped id is answered with the nearest that ships."""
    with pytest.raises(ProfileError, match=r"did you mean ptw-diamentor\?"):
        find("ptw-diamantor")


def test_bytes_are_written_and_read_back_alike():
    """Every byte has a printable form in transcripts, and that form is the byte again."""
    every = bytes(range(256))
    assert unescape(escape(every)) == every
    assert escape(every).isascii()


def test_the_schema_is_that_of_the_five_engines():
    """The schema tells the engines apart by their key, as an editor needs it."""
    assert set(ADAPTER.json_schema()["discriminator"]["mapping"]) == {
        "line", "poll", "frame", "modbus", "push",
    }  # fmt: skip
