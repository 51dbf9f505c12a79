"""Displays of seven segments, drawn and read."""

from random import Random

from dosebook_edge.simulate.screens.faces import faces_here
from dosebook_edge.simulate.screens.visit import Visit, Wish

WISH = Wish(Visit.of(Random(1)), "en", ".", faces_here(), ())
