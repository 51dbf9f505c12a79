"""Plurals of pages are made in one place, so that a language can make them its own way."""

import re
from pathlib import Path

import dosebook_central.web
from dosebook_protocol.language import ngettext

TEMPLATES = Path(dosebook_central.web.__file__).parent / "templates"
BY_HAND = re.compile(r"\w' if [^{}]*? == 1 else '|\(s\)")


def test_a_text_takes_the_form_of_its_number():
    """One is singular, anything else plural, none as well; the number stands in the text."""
    forms = ("%(num)d exam", "%(num)d exams")
    assert [ngettext(*forms, count) for count in (0, 1, 2)] == ["0 exams", "1 exam", "2 exams"]
    assert ngettext("a day", "%(num)d days", 1) == "a day"


def test_no_page_makes_a_plural_by_hand():
    """A page that writes 'exam' if n == 1 could never be shown in Polish, which has three forms."""
    by_hand = [
        f"{page.relative_to(TEMPLATES)}: {found[0]}"
        for page in sorted(TEMPLATES.rglob("*.html"))
        for found in BY_HAND.finditer(page.read_text())
    ]
    assert by_hand == []
