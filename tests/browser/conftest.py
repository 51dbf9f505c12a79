"""A seeded registry behind the product's server, and pages that may reach nothing else."""

import re
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dosebook_central.coefficients.adopt import adopt_shipped
from dosebook_central.fleet.ca import REGISTRY_NAME
from dosebook_central.store.engine import open_engine
from dosebook_protocol.cose import Signer
from tests.conftest import ROOT
from tests.support.seed import PASSWORD, add_people, seed
from tests.support.web import make_site, need_built_pages, served

SCREENSHOTS = ROOT / "build" / "screenshots"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A small hospital with everything that pages show."""
    need_built_pages()
    folder = tmp_path_factory.mktemp("hospital")
    engine = open_engine(folder / "registry.db")
    hospital = seed(engine, folder / "evidence")
    add_people(engine)
    signer = Signer(Ed25519PrivateKey.generate(), REGISTRY_NAME)
    adopt_shipped(engine, signer, datetime.now(UTC))
    made = make_site(folder, engine)
    yield made, hospital
    made.importer.stop()
    engine.dispose()


@pytest.fixture(scope="module")
def address(site):
    """Where the registry is served."""
    with served(site[0].app) as url:
        yield url


class Visit:
    """One browser window, and what went wrong in it."""

    def __init__(self, browser, address, *, width=1280, height=800, scheme="light"):
        self.address = address
        self.problems: list[str] = []
        self.context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme=scheme,
            reduced_motion="reduce",
            base_url=address,
        )
        self.context.route("**/*", self._only_here)
        self.page = self.context.new_page()
        self.page.set_default_timeout(15_000)
        # A violation of the policy is told in the console; so is a script that fails.
        self.page.on("console", self._listen)
        self.page.on("pageerror", lambda error: self.problems.append(f"script: {error}"))
        self.page.on("requestfailed", self._note_failed)

    def sign_in(self, login="administrator", password=PASSWORD):
        """Sign in by the form."""
        self.page.goto("/login")
        self.page.fill("[name=login]", login)
        self.page.fill("[name=password]", password)
        self.page.click("button.primary")
        self.page.wait_for_selector("#main, [role=alert]")
        self.page.wait_for_load_state()  # the scripts that listen to keys have run
        return self.page

    def shoot(self, name):
        """Write a screenshot for people to look at."""
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        # Playwright would write it in a thread of its own, which stays behind.
        (SCREENSHOTS / f"{name}.png").write_bytes(self.page.screenshot())

    def close(self):
        """End the visit; it must have been free of errors and of requests elsewhere."""
        self.context.close()
        assert not self.problems, self.problems

    def _only_here(self, route):
        if urlsplit(route.request.url).netloc == urlsplit(self.address).netloc:
            route.continue_()
        else:
            self.problems.append(f"outside: {urlsplit(route.request.url).netloc}")
            route.abort()

    def _listen(self, message):
        # A refused login (401) or form (422) is an answer, which the console reports as an error.
        if message.type == "error" and not re.search(r"status of (401|422)", message.text):
            self.problems.append(f"console: {message.text}")

    def _note_failed(self, request):
        # A page that is left takes its open requests with it.
        if request.failure != "net::ERR_ABORTED":
            self.problems.append(f"failed: {request.method} {urlsplit(request.url).path}")


@pytest.fixture
def visit(chromium, address):
    """Open a window: `visit(width=…, scheme=…)`; every one is checked at the end."""
    opened: list[Visit] = []

    def open_window(**options):
        opened.append(Visit(chromium, address, **options))
        return opened[-1]

    yield open_window
    for one in opened:
        one.close()


@pytest.fixture
def folder_of_files(tmp_path) -> Path:
    """Where a test puts files to upload."""
    folder = tmp_path / "to-upload"
    folder.mkdir()
    return folder
