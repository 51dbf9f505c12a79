"""Debian packages of the tests: install them as root, or name what is missing."""

import os
import subprocess

from tools.terminal import ROOT, run, say

LIST = ROOT / "apt-packages.txt"


def wanted() -> dict[str, str]:
    """Package → what is skipped without it, from apt-packages.txt."""
    packages = {}
    for line in LIST.read_text().splitlines():
        name, _, purpose = line.partition("#")
        if name.strip():
            packages[name.strip()] = purpose.strip()
    return packages


def missing() -> dict[str, str]:
    """The wanted packages that are not installed."""
    query = ["dpkg-query", "-W", "-f=${Package} ${db:Status-Status}\n", *wanted()]
    try:
        result = subprocess.run(query, capture_output=True, text=True, check=False)
    except FileNotFoundError:  # not a Debian: the tests look for the programs themselves
        return {}
    lines = (line.split() for line in result.stdout.splitlines())
    installed = {words[0] for words in lines if words[1:] == ["installed"]}
    return {name: purpose for name, purpose in wanted().items() if name not in installed}


def provide() -> bool:
    """Install what is missing; returns False where only root could and we are not."""
    lacking = missing()
    if not lacking:
        return True
    if os.geteuid() != 0:
        say("not root, so these Debian packages stay missing, and their tests are skipped:")
        for name, purpose in lacking.items():
            say(f"    {name}: {purpose}")
        return False
    # Another apt at the same time would make ours fail at once without the timeout.
    apt = ["apt-get", "-o", "DPkg::Lock::Timeout=600", "-qq"]
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([*apt, "update"], what="apt-get update", environment=quiet)
    run(
        [*apt, "install", "-y", "--no-install-recommends", *lacking],
        what=f"installing {', '.join(lacking)}",
        environment=quiet,
    )
    return True
