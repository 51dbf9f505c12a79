"""Texts whose words depend on a number: the plurals of all pages, registry and kiosk."""


def ngettext(singular: str, plural: str, num: int) -> str:
    """A text for so many things, with `%(num)d` filled in.

    Name and arguments are gettext's, so that a catalogue of a language can stand in its place.
    """
    return (singular if num == 1 else plural) % {"num": num}
