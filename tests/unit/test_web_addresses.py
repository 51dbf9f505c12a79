"""What pages make of an address that a person or a program has bent."""

import pytest

from tests.support.web import make_site, post

HUGE = "9" * 30


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A registry without exams."""
    made = make_site(tmp_path_factory.mktemp("addresses"))
    yield made
    made.engine.dispose()


@pytest.fixture(scope="module")
def client(site):
    """A signed-in administrator."""
    return site.client("administrator")


@pytest.mark.parametrize("number", [HUGE, f"-{HUGE}", "9223372036854775807", "0", "²", "x"])
@pytest.mark.parametrize(
    "path",
    ["/quarantine?page=", "/at-risk?page=", "/alerts?page=", "/unassigned?page=", "/audit?before="],
)
def test_a_number_beyond_all_pages_is_no_fault(client, path, number):
    """An address with a number that no page has is answered."""
    assert client.get(path + number).status_code == 200


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "2026-02-30", "today"])
@pytest.mark.parametrize(
    "path", ["/alerts", "/audit", "/reference-levels", "/patients/none/cumulative"]
)
@pytest.mark.parametrize("name", ["since", "until"])
def test_a_day_beyond_all_calendars_is_no_fault(client, path, name, day):
    """An address with a day on which nothing can have been is answered."""
    assert client.get(f"{path}?{name}={day}").status_code in {200, 404}


def test_decisions_beyond_all_numbers_are_taken_back_as_none(client):
    """Taking back a range of decisions that no table can hold is answered."""
    answer = post(client, "/procedures", f"/procedures/undo/1-{HUGE}")
    assert answer.status_code in {302, 404}
