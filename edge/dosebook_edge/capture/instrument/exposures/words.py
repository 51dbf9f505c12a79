"""What is not sure of an exposure, and why it ended, in words."""

from typing import Final

from dosebook_edge.capture.instrument.exposures.exposure import Ending, Flag

FLAGS: Final[dict[Flag, str]] = {
    "incomplete:restart": "the box was not running for a part of it: what the counter rose by in "
    "that time is in it, a reset in that time is not known",
    "incomplete:stale": "the instrument was not heard for a part of it",
    "incomplete:lost-poll": "a question was not answered while it went on",
    "incomplete:garbage": "a number or an answer that could not be true was left out",
    "incomplete:reset": "the counter was reset while it rose: what came after the last reading "
    "before the reset is not known",
    "incomplete:overload": "the instrument was overloaded: the true value may be higher",
    "incomplete:unit-changed": "the unit was changed at the instrument while it went on",
    "incomplete:unidentified": "the instrument did not say which it is after it was connected",
    "integrated-by-host": "the instrument tells a rate, the box has added it up",
    "highest-value": "the highest number that was shown, not a sum",
    "wrapped": "the counter passed its largest number, and went on from zero",
}
ENDINGS: Final[dict[Ending, str]] = {
    "inactivity": "no change for the idle time",
    "reset": "the counter was set to zero",
    "state": "the instrument said that the measurement is over",
    "signal": "a procedure step began or ended",
    "longest": "divided after the longest time",
    "telegram": "the instrument told of a whole exposure",
    "settled": "the activity was steady",
    "unit": "another unit was set at the instrument",
    "restart": "the box was started anew",
    "other-instrument": "another instrument was connected",
}
