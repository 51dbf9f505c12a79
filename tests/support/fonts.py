"""Typefaces of the simulated screens, or a skip that says how to get them."""

import pytest


def need_fonts() -> None:
    """Skip the test where the typefaces of simulated screens are missing."""
    from dosebook_edge.simulate.screens.faces import DEJAVU, FontMissingError

    try:
        for text in ("a", "線"):
            DEJAVU.font("sans", 12, text)
    except FontMissingError as error:
        pytest.skip(str(error))
