"""`python -m dosebook_edge.cli`: the same as `dosebook-box`."""

from dosebook_edge.cli.main import main

main(prog_name="dosebook-box")
