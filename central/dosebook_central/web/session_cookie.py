"""The cookie of a session, and whether a request comes from somebody who signed in.

That is told before the body is read. A session that was ended elsewhere still counts here until it
is idle for too long: who may do what is for the gate to say, this bounds what strangers can send.
"""

from typing import Final

from flask import Flask
from flask.sessions import SecureCookieSessionInterface, SessionMixin
from itsdangerous import BadSignature
from werkzeug.http import parse_cookie

PERSON: Final = "user"
"""What a session holds of the person who signed in."""


class Sessions(SecureCookieSessionInterface):
    """Ends a session by the registry's clock alone, which its signature carries.

    A browser whose clock is ahead would throw a dated cookie away, and nobody could sign in.
    """

    def get_expiration_time(self, app: Flask, session: SessionMixin) -> None:
        """Return none: the cookie goes with the browser."""


def is_signed_in(app: Flask, cookie_header: str) -> bool:
    """Whether the cookies hold a session of a person, signed by this application."""
    serializer = Sessions().get_signing_serializer(app)
    value = parse_cookie(cookie_header).get(app.config["SESSION_COOKIE_NAME"], "")
    if serializer is None:
        return False
    longest_s = int(app.permanent_session_lifetime.total_seconds())
    try:
        session = serializer.loads(value, max_age=longest_s)
    except BadSignature:
        return False
    return isinstance(session, dict) and PERSON in session
