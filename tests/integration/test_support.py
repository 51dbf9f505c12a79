"""The fixtures do what they promise."""

from contextlib import closing
from urllib.parse import urlsplit

import psycopg2
import pytest

from tests.support.network import accepts
from tests.support.waiting import eventually


def test_eventually_returns_the_first_truthy_result():
    """`eventually` polls until the condition holds and hands back what it gave."""
    answers = iter([0, "", 7])
    assert eventually(lambda: next(answers), every=0) == 7


def test_eventually_names_what_did_not_happen():
    """`eventually` fails with the condition in words and its last result."""
    with pytest.raises(AssertionError, match=r"still not: the lamp is lit \(last: 0\)"):
        eventually(lambda: 0, 0, what="the lamp is lit")


def test_postgres_gives_each_test_an_empty_database(postgres_url):
    """`postgres_url` is a real server's database, with no table in it."""
    parts = urlsplit(postgres_url)
    with (
        closing(
            psycopg2.connect(
                host=parts.hostname, port=parts.port, user=parts.username, dbname=parts.path[1:]
            )
        ) as connection,
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        assert cursor.fetchone() == (0,)


def test_mosquitto_comes_back_after_a_kill(mosquitto):
    """`mosquitto` starts a broker that can be killed and started again on the same port."""
    broker = mosquitto()
    broker.kill()
    assert not accepts(broker.port)
    broker.start()
    assert accepts(broker.port)


def test_chromium_draws_a_page(chromium):
    """`chromium` is a browser that renders and answers."""
    page = chromium.new_page()
    page.set_content("<title>Dose</title>")
    assert page.title() == "Dose"
    page.close()
