"""What a source of screens needs is there, or it says what is not."""

import pytest

from dosebook_edge.capture.screen import equip as equipping
from dosebook_edge.capture.screen.runtime import ModelError
from dosebook_edge.capture.source import CaptureError


def test_profiles_and_net_are_loaded_once_for_all_screens():
    """Each profile is there by its id."""
    equipped = equipping.equip(["carm-panel", "ge-ct-dose-report"])
    assert set(equipped.profiles) == {"carm-panel", "ge-ct-dose-report"}


def test_an_unknown_profile_is_told_with_the_one_that_was_meant():
    """A spelling mistake in the configuration costs one look at the status."""
    with pytest.raises(CaptureError, match="did you mean carm-panel"):
        equipping.equip(["carm-panle"])


def test_a_model_that_fails_its_known_crops_is_told_by_its_code(monkeypatch):
    """No screen is read with a wrong kernel; the page on error codes says what to do."""

    def broken():
        raise ModelError("the model read '8' where '3' stands")

    monkeypatch.setattr(equipping.LineNet, "load", broken)
    with pytest.raises(CaptureError, match="DOSEBOOK-SCREEN-MODEL"):
        equipping.equip(["carm-panel"])
