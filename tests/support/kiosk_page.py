"""The box's own page in a browser: the door, the PIN, and when a page listens."""

from typing import Any

from tests.support.kiosk import PERSON, PIN


def ready(page: Any) -> None:
    """Wait until the script of the page listens: keys pressed before would be lost."""
    page.wait_for_selector("html[data-ready]")


def choose_person(page: Any) -> None:
    """Tap the one name at the door, and wait for the page of its PIN."""
    page.click(f"text={PERSON}")
    page.wait_for_selector("[name=pin]")
    ready(page)


def sign_in(page: Any, until: str) -> None:
    """Open the door, type the PIN, and wait for what the page after it shows."""
    page.goto("/")
    ready(page)
    choose_person(page)
    type_pin(page, until)


def type_pin(page: Any, until: str) -> None:
    """Type the PIN where it is asked for, and wait for what the page after it shows."""
    page.keyboard.type(PIN)
    page.keyboard.press("Enter")
    page.wait_for_selector(until)
    ready(page)
