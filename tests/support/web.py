"""A served registry for tests of its pages."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine

from dosebook_central.app import create_app
from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.imports.importer import Importer
from dosebook_central.ingest.evidence import EvidenceFolder
from dosebook_central.ingest.pipeline import Ingest
from dosebook_central.ingest.replay import Quarantines
from dosebook_central.serve import PageServer
from dosebook_central.store.engine import open_engine
from dosebook_central.store.models import Base
from dosebook_central.web.assets import MANIFEST
from dosebook_central.web.context import WebContext
from dosebook_protocol.cose import Signer
from tests.support.seed import PASSWORD, add_people

_MAX_BODY = 1 << 30


def need_built_pages() -> None:
    """Skip a test that looks at pages where their scripts and styles are not there."""
    if not MANIFEST.is_file():
        pytest.skip("the pages' scripts and styles are not built: make test builds them")


@dataclass(slots=True)
class Site:
    """An application with its database; every role is a login with the same password."""

    app: Flask
    engine: Engine
    evidence: EvidenceFolder
    importer: Importer

    def client(self, login: str = "") -> FlaskClient:
        """A test client, signed in if a login is named."""
        client = self.app.test_client()
        if login:
            answer = post(client, "/login", "/login", login=login, password=PASSWORD)
            assert answer.status_code == 302, answer.get_data(as_text=True)
        return client


def make_site(folder: Path, engine: Engine | None = None, **changes: Any) -> Site:
    """An application over an empty database with one person of each role, or a filled one."""
    fresh = engine is None
    engine = engine or open_engine(folder / "registry.db")
    if fresh:
        Base.metadata.create_all(engine)
        add_people(engine)
    evidence = EvidenceFolder(folder / "evidence")
    uploads = folder / "uploads"
    uploads.mkdir(exist_ok=True)
    ingest = Ingest(engine, evidence)
    signer = Signer(Ed25519PrivateKey.generate(), REGISTRY_NAME)
    importer = Importer(engine, ingest, signer, folder, "0.1.0")
    settings: dict[str, Any] = {
        "secret_key": b"test" * 8,
        "version": "0.1.0",
        "secure_cookies": False,
        "replayer": Quarantines(engine, evidence, ingest),
        "importer": importer,
        "upload_folder": uploads,
        "organisation": "Riverside General Hospital",
    }
    app = create_app(WebContext(engine=engine, evidence=evidence, **(settings | changes)))
    return Site(app, engine, evidence, importer)


def token_of(html: str) -> str:
    """The CSRF token of a page."""
    found = re.search(r'name="csrf[-_]token" (?:value|content)="([^"]+)"', html)
    assert found is not None, "the page has no CSRF token"
    return found[1]


def post(client: FlaskClient, page: str, target: str, **form: Any) -> Any:
    """Post a form of a page with the token that the page gave."""
    token = token_of(client.get(page).get_data(as_text=True))
    return client.post(target, data={"csrf_token": token, **form})


@contextmanager
def served(app: Flask) -> Iterator[str]:
    """Serve an application on loopback with the server of the product; gives its address."""
    server = PageServer(app, "127.0.0.1", 0, threads=4, max_body=_MAX_BODY)
    server.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.stop()
