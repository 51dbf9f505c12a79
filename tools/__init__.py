"""The workspace's own commands, behind the Makefile."""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - this line is what tells an older Python so
    sys.exit(
        f"Python {sys.version_info[0]}.{sys.version_info[1]} is too old: Dosebook needs 3.11 or "
        "newer. If it is there under another name: make PYTHON=python3.11 …"
    )
