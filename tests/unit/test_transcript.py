"""What went over a wire as the page of evidence shows it: nothing left out, one line marked."""

import pytest

from dosebook_central.web.transcript import is_transcript, read_transcript


def wire(*lines):
    """A transcript of some lines."""
    return "\n".join(("# transcript", *lines)).encode()


def marked(content, original):
    """The text of the marked lines."""
    return [one.text for one in read_transcript(content, original).lines if one.mark]


def test_directions_times_and_bytes_stand_as_they_were():
    """Both forms of a line give the same bytes; what is no line of the format is shown too."""
    content = wire(
        "2026-03-02T10:00:00Z opened",
        r"2026-03-02T10:00:01.250Z > D\r\n",
        r"2026-03-02T10:00:01.300Z < \x02D\\ 1,5\x03",
        "<x 02 44 ff",
        "something else",
        r"< \q",
    )
    lines = read_transcript(content, "").lines
    assert [(one.way, one.text, one.digits) for one in lines] == [
        ("note", "transcript", ""),
        ("opened", "connection opened", ""),
        ("sent", r"D\r\n", "44 0d 0a"),
        ("received", r"\x02D\\ 1,5\x03", "02 44 5c 20 31 2c 35 03"),
        ("received", r"\x02D\xFF", "02 44 ff"),
        ("note", "something else", ""),
        ("note", r"< \q", ""),
    ]
    assert lines[2].time == "2026-03-02T10:00:01.250Z"
    assert [one.number for one in lines] == list(range(1, 8))


@pytest.mark.parametrize(
    ("line", "original", "is_marked"),
    [
        ("< M;2.5;Gy", "2.5", True),
        ("< M;12.5;Gy", "2.5", False),
        ("< M;2.51;Gy", "2.5", False),
        ("< M2.5,0000.00,001", "2.5", True),
        ("< 0002.5", "2.5", True),
        ("< 10.5", "0.5", False),
        ("> M;2.5;Gy", "2.5", False),
        ("<x 40 20 00 00", "2.5", False),
        ("< M;2.5;Gy", "", False),
    ],
)
def test_the_line_of_a_value_is_the_one_with_that_number(line, original, is_marked):
    """A longer number, or a question, is no source; a number in binary is marked nowhere."""
    assert bool(marked(wire(line), original)) is is_marked


def test_the_last_of_equal_numbers_is_marked():
    """A counter that stands still was read last: that is what the record says."""
    content = wire("< 2.5", "< 2.5 end", "< 2.5,7", "< 0")
    assert marked(content, "2.5") == ["2.5 end"]
    assert read_transcript(content, "2.5").has_source


def test_of_a_counter_both_readings_are_marked():
    """A value that is a difference stands nowhere: the counter before and after it does."""
    content = wire("< 17.5", "< 17.5 again", "< 19", "< 20.0", "< 17.5 after a reset")
    found = read_transcript(content, "20.0", "17.5")
    assert [(one.mark, one.text) for one in found.lines if one.mark] == [
        ("counter before", "17.5 again"),
        ("counter after", "20.0"),
    ]
    assert [one.mark for one in read_transcript(content, "20.0", "3").lines if one.mark] == [
        "counter after"
    ]


def test_a_long_transcript_is_shown_around_the_value():
    """Of hours on the wire a page shows what is near the value, and counts the rest."""
    lines = [f"< {number}.0" for number in range(1000)]
    found = read_transcript(wire(*lines), "700.0")
    assert (found.before, found.after) == (671, 289)
    assert len(found.lines) == 41
    end = read_transcript(wire(*lines), "none")
    assert (end.has_source, end.after, end.lines[-1].text) == (False, 0, "999.0")


def test_only_transcripts_are_taken_for_one():
    """The media type has parameters; a DICOM object has another."""
    assert is_transcript("text/vnd.dosebook.transcript; profile=x; revision=1")
    assert not is_transcript("application/dicom")
    assert read_transcript(b"\xff\xfe\x00", "1").lines
    assert read_transcript(b"", "1").lines == ()
