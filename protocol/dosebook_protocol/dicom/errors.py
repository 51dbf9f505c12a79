"""Why an object could not be read."""


class UnreadableError(ValueError):
    """An object that no reader can take; the message is the reason shown in the quarantine."""
