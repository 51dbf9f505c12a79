"""The box: capture, outbox, uplink."""

from typing import Final

__version__: Final = "0.1.0"
