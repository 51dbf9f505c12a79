"""The simulators stand on their own."""

import ast

# Beside themselves: what mends a race inside pynetdicom, and knows nothing of doses.
ALLOWED = ("dosebook_edge.simulate", "dosebook_edge.reactor_pause")


def test_simulators_share_no_code_with_readers_or_box(repository):
    """No module of the simulators imports what reads, captures or keeps a dose."""
    foreign = []
    for file in sorted((repository / "edge/dosebook_edge/simulate").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text())):
            names = []
            if isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or "."]
            foreign += [
                f"{file.name}: {name}"
                for name in names
                if name.startswith(("dosebook", ".")) and not name.startswith(ALLOWED)
            ]
    assert not foreign
