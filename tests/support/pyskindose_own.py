"""PySkinDose's own way from an RDSR to a dose in every cell, for a comparison with ours.

Run as a process: `python -m tests.support.pyskindose_own`, a JSON request on standard input. Its
libraries warn while they are imported, which would fail a test.
"""

import json
import subprocess
import sys
import warnings
from collections.abc import Collection
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.support.tree import ROOT


def example(name: str) -> Path:
    """One of the example procedures that PySkinDose ships."""
    spec = find_spec("pyskindose")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "example_data" / "RDSR" / f"{name}.dcm"


def own_dose(path: Path, events: Collection[int], head_offset_cm: float = 0) -> list[float]:
    """The dose of every cell in mGy by PySkinDose alone, of the given events (1-based)."""
    asked = {"path": str(path), "events": sorted(events), "offset": head_offset_cm}
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.pyskindose_own"],
        input=json.dumps(asked),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        timeout=200,
    )
    answer: list[float] = json.loads(done.stdout.splitlines()[-1])
    return answer


def _main() -> None:
    warnings.simplefilter("ignore")
    asked = json.load(sys.stdin)
    with TemporaryDirectory() as folder:
        sys.stdout.write(json.dumps(_compute(asked, folder)) + "\n")


def _compute(asked: dict[str, Any], folder: str) -> list[float]:
    import pydicom
    from pyskindose import Phantom, load_settings_example_json, rdsr_normalizer, rdsr_parser
    from pyskindose.calculate_dose.calculate_dose import calculate_dose
    from pyskindose.helpers.calculate_rotation_matrices import calculate_rotation_matrices
    from pyskindose.settings import PyskindoseSettings

    wishes = load_settings_example_json()
    wishes |= {"mode": "calculate_dose", "corrections_db_path": f"{folder}/corrections.db"}
    wishes["plot"]["notebook_mode"] = False
    wishes["phantom"]["patient_offset"]["d_lat"] = asked["offset"]
    settings = PyskindoseSettings(wishes, output_format="dict")
    parsed = rdsr_parser(pydicom.dcmread(asked["path"]), silence_pydicom_warnings=True)
    rows = rdsr_normalizer(parsed, settings=settings)
    rows = rows.iloc[[event - 1 for event in asked["events"]]].reset_index(drop=True)
    dimension = settings.phantom.dimension
    table, pad = (Phantom(phantom_model=name, phantom_dim=dimension) for name in ("table", "pad"))
    _, output = calculate_dose(
        normalized_data=calculate_rotation_matrices(rows), settings=settings, table=table, pad=pad
    )
    assert output is not None
    return [float(dose) for dose in output["dose_map"]]


if __name__ == "__main__":
    _main()
