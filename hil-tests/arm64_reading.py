"""Proves that the reading net of screens reads alike on the cores of Raspberry Pis, by emulation.

Run it with the environment of `make test`, as a user who may download Debian packages:

    .venv/bin/python hil-tests/arm64_reading.py

It unpacks Debian's Python for arm64, the pinned wheels and a user-mode QEMU into `build/arm64`
(nothing is installed), draws values of simulated screens, lossless and grabbed, reads them here and
under each emulated core, and compares the texts. It ends with 0 where all are the same.

The cores are those of the boards: qemu's own "max" core, which no board has, is left out. With it
the runtime's kernels answer nonsense, which the self-test of the net reports.
"""

import argparse
import json
import os
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
from commands import ROOT, call, unpack
from PIL import Image

from dosebook_edge.simulate.screens.damage import damaged
from dosebook_edge.simulate.screens.gallery import LAYOUTS, draw

CORES: Final = {"cortex-a53": "Pi 3", "cortex-a72": "Pi 4", "cortex-a76": "Pi 5"}
PACKAGES: Final = ("python3.11-minimal", "libpython3.11-stdlib", "libstdc++6", "zlib1g")
NOT_UNPACKED: Final = ("dpkg_", "tar_")
PLATFORMS: Final = ("manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014")
MARGIN_PX: Final = 3
READER: Final = """
import json, sys
from pathlib import Path
import numpy as np
from PIL import Image
from dosebook_edge.capture.screen.net import LineNet
net = LineNet.load()
folder = Path(sys.argv[1])
lines = [net.read(np.asarray(Image.open(path))) for path in sorted(folder.glob("*.png"))]
print(json.dumps({"runtime": net.runtime, "model": net.model_hash,
                  "read": [[one.text, round(one.confidence, 3)] for one in lines]}))
"""


def main() -> int:
    """Compare what is read here with what is read under each core."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=1, help="screens of each layout and damage")
    parser.add_argument("--core", choices=CORES, action="append", help="default: all of them")
    asked = parser.parse_args()
    folder = ROOT / "build" / "arm64"
    crops = folder / "crops"
    texts = list(draw_values(crops, asked.seeds))
    emulator, root, packages = prepare(folder)
    here = read([sys.executable], crops, {})
    right = sum(text == read for text, (read, _) in zip(texts, here["read"], strict=True))
    print(f"here: {len(texts)} values, {right} as drawn, {here['runtime']}", flush=True)
    path = os.pathsep.join(map(str, (packages, ROOT / "edge", ROOT / "protocol")))
    differing = 0
    for core in asked.core or CORES:
        command = [str(emulator), "-cpu", core, "-L", str(root), str(root / "usr/bin/python3.11")]
        there = read(command, crops, {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"})
        pairs = list(zip(here["read"], there["read"], strict=True))
        other = [(one, two) for one, two in pairs if one[0] != two[0]]
        apart = max(abs(one[1] - two[1]) for one, two in pairs)
        differing += len(other)
        print(
            f"{core} ({CORES[core]}): {len(other)} of {len(pairs)} texts differ, confidence at "
            f"most {apart:.3f} apart, {there['runtime']}, model {there['model'][:12]}",
            flush=True,
        )
        for one, two in other:
            print(f"  here {one[0]!r} ({one[1]}), there {two[0]!r} ({two[1]})")
    return 1 if differing else 0


def draw_values(folder: Path, seeds: int) -> Iterator[str]:
    """Write a picture of each value, and give what it says."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.png"):
        old.unlink()
    number = 0
    for layout in LAYOUTS:
        for seed in range(seeds):
            for damage in ("lossless", "grab"):
                screen = damaged(draw(layout, seed, mark=".,"[seed % 2]), damage, seed)
                grey = np.asarray(screen.picture.convert("L"))
                for cell in screen.cells:
                    left, top, width, height = cell.box
                    if not cell.text:
                        continue
                    crop = grey[
                        max(0, top - MARGIN_PX) : top + height + MARGIN_PX,
                        max(0, left - MARGIN_PX) : left + width + MARGIN_PX,
                    ]
                    Image.fromarray(crop).save(folder / f"{number:05}.png")
                    number += 1
                    yield cell.text


def prepare(folder: Path) -> tuple[Path, Path, Path]:
    """The emulator, the root of the emulated system, and the folder of its packages."""
    emulator = folder / "host" / "usr/bin/qemu-aarch64-static"
    root, packages = folder / "root", folder / "packages"
    if not emulator.exists():
        (folder / "host").mkdir(parents=True, exist_ok=True)
        call(["apt-get", "download", "qemu-user-static"], cwd=folder)
        unpack(folder.glob("qemu-user-static*.deb"), folder / "host")
    if not (root / "usr/bin/python3.11").exists():
        unpack(foreign_packages(folder / "apt"), root)
    if not packages.exists():
        wheels = folder / "wheels"
        call(
            [
                *(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"),
                *("--only-binary=:all:", "--python-version", "3.11", "--dest", str(wheels)),
                *(f"--platform={one}_aarch64" for one in PLATFORMS),
                *("--require-hashes", "--requirement", "requirements-edge-screen.txt"),
            ],
            cwd=ROOT,
        )
        for wheel in wheels.glob("*.whl"):
            zipfile.ZipFile(wheel).extractall(packages)
    return emulator, root, packages


def foreign_packages(folder: Path) -> Iterator[Path]:
    """Download Debian packages of arm64 with an apt of their own, beside the system's."""
    for part in ("lists/partial", "cache/archives/partial", "state"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    (folder / "state" / "status").touch()
    settings = folder / "apt.conf"
    settings.write_text(
        f'Dir::State "{folder}/state";\nDir::State::Lists "{folder}/lists";\n'
        f'Dir::Cache "{folder}/cache";\nDir::State::status "{folder}/state/status";\n'
        'APT::Architecture "arm64";\nAPT::Architectures "arm64";\nAPT::Sandbox::User "root";\n'
    )
    environment = {"APT_CONFIG": str(settings)}
    call(["apt-get", "-qq", "update"], environment=environment)
    install = ["apt-get", "-qq", "install", "--yes", "--no-install-recommends", "--download-only"]
    call([*install, *PACKAGES], environment=environment)
    return (
        one
        for one in (folder / "cache" / "archives").glob("*.deb")
        if not one.name.startswith(NOT_UNPACKED)
    )


def read(python: list[str], crops: Path, environment: dict[str, str]) -> dict[str, Any]:
    """What a Python reads in the pictures."""
    told = call([*python, "-c", READER, str(crops)], environment=environment)
    found: dict[str, Any] = json.loads(told.splitlines()[-1])
    return found


if __name__ == "__main__":
    raise SystemExit(main())
