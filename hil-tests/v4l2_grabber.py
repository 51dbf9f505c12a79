"""Proves a box's grabber on a real V4L2 driver: the kernel's `vivid`, in a guest of QEMU.

Run it with the environment of `make test`, where qemu-system-x86 is installed; it needs no root:

    .venv/bin/python hil-tests/v4l2_grabber.py

It downloads Debian's kernel, busybox and OpenCV into `build/v4l2` (nothing is installed), and boots
the kernel with this machine's files, read-only, as its own. There `v4l2_guest.py` shows drawn dose
screens on an HDMI output that is looped to an HDMI input, and the box's code captures and reads
them; then it takes the signal away, changes it, and scales it. Ends with 0 where all held.
"""

import argparse
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from commands import ROOT, call, unpack

MODULES: Final = ("virtio_pci", "9pnet_virtio", "9p", "vivid")
# The first device: capture and output, HDMI both. The second: a webcam.
VIVID: Final = (
    "n_devs=2 node_types=0x101,0x1 num_inputs=1,1 input_types=0x3,0x0 "
    "num_outputs=1,1 output_types=0x1,0x0"
)
LIMIT_S: Final = 300
INIT: Final = """#!/bin/busybox sh
export PATH=/bin
busybox mount -t proc proc /proc
busybox mount -t sysfs sysfs /sys
busybox mount -t devtmpfs dev /dev
{insert}
busybox mount -t 9p -o trans=virtio,version=9p2000.L,ro,cache=loose,msize=500000 host /host
for one in dev proc sys; do busybox mount -o bind /$one /host/$one; done
busybox chroot /host /usr/bin/env PYTHONPATH={packages} PYTHONDONTWRITEBYTECODE=1 {python} {script}
busybox poweroff -f
"""


def main() -> int:
    """Boot the guest and show its account."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--opencv", default="5.0.0.93", help="version of opencv-python-headless")
    asked = parser.parse_args()
    if shutil.which("qemu-system-x86_64") is None:
        raise SystemExit("there is no qemu-system-x86_64: apt-get install qemu-system-x86")
    folder = ROOT / "build" / "v4l2"
    kernel = debian_kernel(folder)
    opencv = opencv_wheel(folder, asked.opencv)
    initrd = initial_files(folder, opencv)
    account = boot(kernel, initrd)
    print(account)
    return 0 if "RESULT all held" in account else 1


def debian_kernel(folder: Path) -> Path:
    """The kernel, its modules beside it in the unpacked package, and a busybox."""
    unpacked = folder / "unpacked"
    if not unpacked.exists():
        folder.mkdir(parents=True, exist_ok=True)
        depends = call(["apt-cache", "depends", "linux-image-amd64"])
        image = re.search(r"Depends: (linux-image-\S+)", depends)
        if image is None:
            raise SystemExit("apt knows no linux-image-amd64: apt-get update")
        call(["apt-get", "download", image[1], "busybox-static"], cwd=folder)
        unpack(folder.glob("*.deb"), unpacked)
    return next((unpacked / "boot").glob("vmlinuz-*"))


def opencv_wheel(folder: Path, version: str) -> Path:
    """OpenCV alone: its numpy is that of the environment."""
    target = folder / f"opencv-{version}"
    if not target.exists():
        install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target"]
        call([*install, str(target), f"opencv-python-headless=={version}"])
    return target


def initial_files(folder: Path, opencv: Path) -> Path:
    """The archive that the kernel starts from: modules, busybox, and what to do with them."""
    root = folder / "initial"
    shutil.rmtree(root, ignore_errors=True)
    for name in ("bin", "modules", "proc", "sys", "dev", "host"):
        (root / name).mkdir(parents=True)
    busybox = folder / "unpacked" / "bin" / "busybox"
    shutil.copy(busybox, root / "bin")
    insert = []
    for module in in_order(folder / "unpacked" / "lib" / "modules"):
        shutil.copy(module, root / "modules")
        options = VIVID if module.stem == "vivid" else ""
        insert.append(f"busybox insmod /modules/{module.name} {options}")
    init = root / "init"
    packages = ":".join(map(str, (opencv, ROOT / "edge", ROOT / "protocol")))
    script = ROOT / "hil-tests" / "v4l2_guest.py"
    text = INIT.format(
        insert="\n".join(insert), packages=packages, python=sys.executable, script=script
    )
    init.write_text(text)
    init.chmod(0o755)
    names = "\n".join(str(one.relative_to(root)) for one in sorted(root.rglob("*")))
    archive = folder / "initrd"
    with archive.open("wb") as file:
        command = [str(busybox), "cpio", "-o", "-H", "newc"]
        subprocess.run(command, cwd=root, input=names.encode(), stdout=file, check=True)
    return archive


def in_order(modules: Path) -> Iterator[Path]:
    """The modules of the guest, each after those that it states to depend on."""
    files = {one.stem.replace("-", "_"): one for one in modules.rglob("*.ko")}
    given: set[str] = set()

    def needed(name: str) -> Iterator[Path]:
        if name in given:
            return
        given.add(name)
        stated = re.search(rb"\0depends=([^\0]*)\0", files[name].read_bytes())
        for other in stated[1].decode().split(",") if stated else ():
            if other:
                yield from needed(other.replace("-", "_"))
        yield files[name]

    for name in MODULES:
        yield from needed(name)


def boot(kernel: Path, initrd: Path) -> str:
    """What the guest printed, from its start to its end."""
    share = "local,path=/,mount_tag=host,security_model=none,readonly=on,multidevs=remap"
    command = [
        *("nice", "qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", "1024", "-smp", "1"),
        *("-display", "none", "-serial", "stdio", "-no-reboot", "-net", "none"),
        *("-kernel", str(kernel), "-initrd", str(initrd), "-virtfs", share),
        *("-append", "console=ttyS0 quiet loglevel=3 oops=panic panic=-1"),
    ]
    done = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=LIMIT_S,
        check=False,
    )
    return done.stdout + done.stderr


if __name__ == "__main__":
    raise SystemExit(main())
