"""`make pins`: write the requirements files, with hashes and without addresses.

uv.lock names the registry that made it in every entry, so it is not kept; what uv exports from it
names none.
"""

import shutil
import subprocess
import sys

from tools.terminal import ROOT, ToolError, run, say

# file → what uv exports into it. Each is complete: pip refuses to mix hashed and unhashed.
FILES = {
    "requirements.txt": ["--no-default-groups", "--group", "build"],
    "requirements-edge.txt": ["--no-default-groups", "--package", "dosebook-edge"],
    "requirements-edge-screen.txt": [
        *("--no-default-groups", "--package", "dosebook-edge", "--extra", "screen")
    ],
    "requirements-edge-vnc.txt": [
        *("--no-default-groups", "--package", "dosebook-edge"),
        *("--extra", "screen", "--extra", "vnc"),
    ],
    "requirements-dev.txt": ["--no-default-groups", "--group", "build", "--group", "dev"],
    "requirements-model.txt": ["--only-group", "model"],
    "requirements-node.txt": ["--only-group", "node"],
}
PURPOSES = {
    "requirements.txt": "box and registry, as the demo runs them",
    "requirements-edge.txt": "the box alone",
    "requirements-edge-screen.txt": "a box that reads screens",
    "requirements-edge-vnc.txt": "a box that reads screens, also over VNC",
    "requirements-dev.txt": "the product, its tests and its checks",
    "requirements-model.txt": "what trains the reading net of screens",
    "requirements-node.txt": "Node, where the machine has none",
}


def main(arguments: list[str]) -> int:
    """Resolve anew (as little as needed, or everything with --upgrade) and export."""
    try:
        uv = _uv()
        upgrade = ["--upgrade"] if "--upgrade" in arguments else []
        run([*uv, "lock", *upgrade], what="resolving")
        for name in FILES:
            _export(uv, name)
    except ToolError as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    return 0


def _uv() -> list[str]:
    found = shutil.which("uv")
    if found is None:
        raise ToolError("uv is needed to make pins, and only for that: pip install uv")
    return [found]


def _export(uv: list[str], name: str) -> None:
    command = [*uv, "export", "--frozen", "--no-emit-workspace", "--no-header", "--no-annotate"]
    result = subprocess.run(
        [*command, "--format", "requirements-txt", *FILES[name]],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if result.returncode:
        raise ToolError(f"{result.stderr}\nuv export for {name} failed.")
    head = f"# {PURPOSES[name].capitalize()}. Written by `make pins`; do not edit.\n"
    (ROOT / name).write_text(head + result.stdout)
    say(f"{name}: {result.stdout.count('==')} pins")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
