"""`dosebook-registry recompute` and `derived`, as a physicist types them."""

import csv
import io

import pytest
from click.testing import CliRunner

from dosebook_central.cli import main
from dosebook_central.registry import Registry
from tools.bench.population import load


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A registry with a few simulated patients."""
    made = Registry(tmp_path_factory.mktemp("registry") / "r", {})
    made.create()
    load(made.engine.url.render_as_string(), 3, 4, 1)
    made.engine.dispose()
    return made.data_dir


@pytest.fixture
def command(folder):
    """Run a command on the registry."""

    def run(*words, code=0):
        done = CliRunner().invoke(main, ["--data", str(folder), *words])
        assert done.exit_code == code, done.output
        return done

    return run


def test_physicist_looks_first_derives_and_compares(command):
    """Dry run, run, status, trial and difference, each with its figures in words."""
    dry = command("recompute", "--dry-run")
    assert "exams would get a version; none was added" in dry.stdout
    assert "exams derived" in command("recompute").stdout
    assert "0 versions added" in command("recompute").stdout
    assert "0 of" in command("recompute", "--dry-run").stdout.splitlines()[-1]
    assert command("derived", "status").stdout.splitlines()[-1] == "failed           0"
    trial = command("recompute", "--set", "kr2020-icrp103")
    assert "0 failed" in trial.stdout
    found = command("derived", "difference", "--from", "in-force", "--to", "kr2020-icrp103")
    assert "exams differ" in found.stdout
    assert "effective_dose" in found.stdout


def test_difference_as_csv_has_a_line_a_quantity_and_procedure(command):
    """The table opens in a spreadsheet: one header, decimal points, a line for all procedures."""
    done = command("derived", "difference", "--from", "aapm96", "--to", "now", "--csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    whole = {row["quantity"]: row for row in rows if row["procedure"] == "all"}
    assert whole["dose_area_product"]["ratio_median"] == "1.000"
    assert whole["dose_area_product"]["unit"] == "Gy.cm2"
    assert int(whole["dose_area_product"]["unchanged"]) == int(whole["dose_area_product"]["both"])


def test_slips_are_answered_with_what_to_do(command):
    """Options that contradict each other, and a set that there is not."""
    assert "--all needs --readings" in command("recompute", "--all", code=2).output
    both = command("recompute", "--readings", "--dry-run", code=2)
    assert "--readings cannot be used with" in both.output
    goes_on = command("recompute", "--continue", "--set", "aapm96", code=2)
    assert "--continue cannot be used with" in goes_on.output
    unknown = command("derived", "difference", "--from", "aapm95", "--to", "now", code=1)
    assert "there is no set aapm95" in unknown.output
    assert "aapm96" in unknown.output
