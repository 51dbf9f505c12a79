"""A person's browser without the browser: signs in over HTTP and reads pages."""

import html
import re
from http.cookiejar import CookieJar
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, build_opener

from tests.support.web import token_of


class Reader:
    """Somebody signed in at a running registry."""

    def __init__(self, url: str, login: str, password: str) -> None:
        """Sign in; fails where the registry does not let them."""
        self._url = url.rstrip("/")
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()))
        answer = self.post("/login", "/login", login=login, password=password)
        assert "Sign in ·" not in answer, "the registry did not let them in"

    def html(self, path: str) -> str:
        """The source of a page."""
        with self._opener.open(f"{self._url}{path}", timeout=20) as page:
            assert page.status == 200
            text: str = page.read().decode()
            return text

    def post(self, page: str, target: str, **fields: str) -> str:
        """Send a form of a page, and return the source of what comes back."""
        form = {"csrf_token": token_of(self.html(page)), **fields}
        with self._opener.open(f"{self._url}{target}", urlencode(form).encode(), timeout=20) as got:
            text: str = got.read().decode()
            return text

    def text(self, path: str) -> str:
        """What a page says, in one line: no tags, every kind of space a plain one."""
        bare = re.sub(r"<(script|style)\b.*?</\1>|<[^>]+>", " ", self.html(path), flags=re.DOTALL)
        return " ".join(html.unescape(bare).split())
