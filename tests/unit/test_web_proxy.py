"""Whose address the activity log gets, with and without a proxy in front."""

import http.client

import pytest
from flask import Flask, request

from dosebook_central.serve import PageServer


@pytest.fixture
def asked():
    """Serve an application that says who asked; ask it with a forwarded address."""
    servers = []

    def ask(trusted_proxy):
        app = Flask(__name__)
        app.add_url_rule("/", view_func=lambda: request.remote_addr or "")
        server = PageServer(app, "127.0.0.1", 0, 1, 1024, trusted_proxy)
        servers.append(server)
        server.start()
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        connection.request("GET", "/", headers={"X-Forwarded-For": "10.9.8.7"})
        answer = connection.getresponse().read().decode()
        connection.close()
        return answer

    yield ask
    for server in servers:
        server.stop()


def test_address_that_the_trusted_proxy_forwards_is_believed(asked):
    """Behind the configured proxy the log holds where a person sits."""
    assert asked("127.0.0.1") == "10.9.8.7"


@pytest.mark.parametrize("trusted_proxy", ["", "10.1.1.1"])
def test_forwarded_address_of_anybody_else_is_not_believed(asked, trusted_proxy):
    """Without a proxy, or from another address, nobody can write another address into the log."""
    assert asked(trusted_proxy) == "127.0.0.1"
