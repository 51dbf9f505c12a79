"""What has to agree inside a profile, beyond the form of each key."""

from collections.abc import Iterator, Sequence

from dosebook_edge.capture.instrument.parsing.extract import names_of
from dosebook_edge.capture.instrument.parsing.units import units_asked
from dosebook_edge.capture.instrument.profile.measures import quantity_of
from dosebook_edge.capture.instrument.profile.model import (
    FrameProfile,
    LineProfile,
    Lines,
    ModbusProfile,
    ModbusQuestion,
    Packet,
    PollProfile,
    Profile,
    PushProfile,
    Question,
    Telegram,
    Value,
)


def broken(profile: Profile) -> Iterator[str]:
    """A sentence, beginning with its key, for each thing that does not agree."""
    yield from _doubles("telegram", [one.name for one in profile.telegram])
    remembered = {name for telegram in profile.telegram for name in telegram.remember}
    for index, telegram in enumerate(profile.telegram):
        yield from _telegram(f"telegram[{index}]", telegram, remembered)
    yield from _exposure(profile)
    if isinstance(profile.framing, Packet):
        yield from _packet(profile.framing)
    if isinstance(profile, ModbusProfile):
        yield from _modbus(profile)
    elif isinstance(profile, PollProfile | FrameProfile):
        yield from _questions(profile)
    if isinstance(profile, PollProfile | FrameProfile | ModbusProfile):
        yield from _timing(profile)
    if isinstance(profile.framing, Lines):
        for index, telegram in enumerate(profile.telegram):
            if telegram.pattern is None:
                yield f"telegram[{index}]: a line has a pattern, items are for binary frames"


def _telegram(key: str, telegram: Telegram, remembered: set[str]) -> Iterator[str]:
    if (telegram.pattern is None) == (not telegram.items):
        yield f"{key}: give pattern or items, one of them"
    facts = names_of(telegram)
    for index, item in enumerate(telegram.items):
        if (item.type == "ascii") != (item.length > 0):
            yield f"{key}.items[{index}].length: a text has a length, a number has none"
    sources = [*telegram.remember, *telegram.when, *(one.source for one in telegram.state)]
    for name in sources:
        if name not in facts:
            yield f"{key}: {name!r} is no group of the pattern and no item"
    yield from _doubles(f"{key}.value", [one.name for one in telegram.value])
    for index, value in enumerate(telegram.value):
        yield from _value(f"{key}.value[{index}]", value, facts, remembered)


def _value(key: str, value: Value, facts: set[str], remembered: set[str]) -> Iterator[str]:
    for name in (value.source, value.exponent, value.minutes):
        if name is not None and name not in facts:
            yield f"{key}: {name!r} is no group of the pattern and no item"
    if (value.unit is None) == (value.unit_from is None):
        yield f"{key}: give unit, or unit_from with units: a unit is never assumed"
    if value.unit_from is not None and value.unit_from not in facts | remembered:
        yield f"{key}.unit_from: no telegram says or remembers {value.unit_from!r}"
    if (value.unit_from is None) != (not value.units):
        yield f"{key}.units: unit_from and units come together"
    for unit in (*value.units.values(), *([value.unit] if value.unit else [])):
        if quantity_of(unit) not in value.quantity:
            yield (
                f"{key}: {unit!r} is a unit of {quantity_of(unit)}, "
                f"not of {' or '.join(value.quantity)}"
            )


def _exposure(profile: Profile) -> Iterator[str]:
    exposing = profile.exposure
    if exposing is None:
        return
    values = {value.name for telegram in profile.telegram for value in telegram.value}
    facts = {name for telegram in profile.telegram for name in names_of(telegram)}
    for key, name, known in (
        ("value", exposing.value, values),
        ("time", exposing.time, values),
        ("serial", exposing.serial, facts),
        ("number", exposing.number, facts),
    ):
        if name is not None and name not in known:
            yield f"exposure.{key}: no telegram has {name!r}"
    telling = {one.name for one in profile.telegram for v in one.value if v.name == exposing.value}
    asking = [one.name for one in _asked(profile) if telling & {*_answers(one)}]
    if exposing.question not in asking and (exposing.question or len(asking) > 1):
        yield f"exposure.question: name one of {', '.join(asking)}"


def _asked(profile: Profile) -> Sequence[Question | ModbusQuestion]:
    return () if isinstance(profile, LineProfile | PushProfile) else profile.question


def _answers(question: Question | ModbusQuestion) -> tuple[str, ...]:
    return question.answers if isinstance(question, Question) else (question.name,)


def _packet(framing: Packet) -> Iterator[str]:
    sizes = [framing.size is not None, framing.length is not None]
    if sum(sizes) > 1 or (not any(sizes) and framing.end is None):
        yield "framing: give size or length; without both, end shows where a frame ends"
    if framing.length is not None and framing.length.type in ("f32", "ascii"):
        yield "framing.length.type: a length is a whole number"


def _modbus(profile: ModbusProfile) -> Iterator[str]:
    telegrams = {one.name for one in profile.telegram}
    yield from _doubles("question", [one.name for one in profile.question])
    for index, question in enumerate(profile.question):
        if question.name not in telegrams:
            yield f"question[{index}].name: no telegram is named {question.name!r}"
    for name in sorted(telegrams - {one.name for one in profile.question}):
        yield f"telegram: no question is named {name!r}, so it is never read"


def _questions(profile: PollProfile | FrameProfile) -> Iterator[str]:
    telegrams = {one.name for one in profile.telegram}
    yield from _doubles("question", [one.name for one in profile.question])
    for index, question in enumerate(profile.question):
        for name in question.answers:
            if name not in telegrams:
                yield f"question[{index}].answers: no telegram is named {name!r}"


def _timing(profile: PollProfile | FrameProfile | ModbusProfile) -> Iterator[str]:
    """Each question has its time; a unit that may change is asked again after each reading."""
    timing = profile.timing
    names = {one.name for one in profile.question}
    for key, listed in (("at_open", timing.at_open), ("poll", timing.poll)):
        yield from _doubles(f"timing.{key}", listed)
        for name in listed:
            if name not in names:
                yield f"timing.{key}: no question is named {name!r}"
    for name in sorted(names - {*timing.at_open, *timing.poll}):
        yield f"timing: {name!r} is never asked: put it into at_open or poll"
    if timing.identify is not None and timing.identify not in timing.at_open:
        yield f"timing.identify: {timing.identify!r} is not in at_open"
    first_s = timing.settle_s + (len(timing.at_open) + 1) * (
        timing.answer_within_s + timing.pause_s
    )
    if timing.stale_after_s <= first_s:
        yield f"timing.stale_after_s: more than {first_s:g}, or the first round has no time"
    for name in sorted(units_asked(profile)):
        if name not in timing.at_open or name != timing.poll[-1]:
            yield (
                f"timing: {name!r} tells a unit that may be changed at the instrument: put it "
                "into at_open, and at the end of poll"
            )


def _doubles(key: str, names: Sequence[str]) -> Iterator[str]:
    for name in sorted({one for one in names if names.count(one) > 1}):
        yield f"{key}: two are named {name!r}"
