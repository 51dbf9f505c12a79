"""Headers that every answer carries."""

from typing import Final

from flask import Flask, Response, request

# No inline script or style anywhere: what a browser runs comes from this origin, as a file.
_POLICY: Final = (
    "default-src 'self'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "object-src 'none'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
)
_ALWAYS: Final = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def install(app: Flask, *, secure: bool) -> None:
    """Add the headers to every answer; pages are never kept by a browser or a proxy."""

    def add(response: Response) -> Response:
        for name, value in _ALWAYS.items():
            response.headers.setdefault(name, value)
        if request.endpoint == "static":
            is_hashed = request.path.startswith("/static/dist/")
            age = "max-age=31536000, immutable" if is_hashed else "max-age=3600"
            response.headers["Cache-Control"] = f"private, {age}"
        else:
            response.headers["Cache-Control"] = "no-store"
        if secure:
            response.headers["Strict-Transport-Security"] = "max-age=31536000"
        return response

    app.after_request(add)
