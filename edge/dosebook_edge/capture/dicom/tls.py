"""DICOM TLS (PS3.15 annex B.9, BCP 195): TLS 1.2 or later, client certificate on request."""

import ssl
from pathlib import Path

from dosebook_edge.capture.source import CaptureError


def server_context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """Context for a source; with `client_ca`, peers must show a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    for path in (certificate, key, client_ca):
        if path is not None and not path.is_file():
            raise CaptureError(
                f"{path} of a TLS source does not exist. Check its tls_certificate, tls_key and "
                "tls_client_ca: dosebook-box config list --origin"
            )
    try:
        context.load_cert_chain(certificate, key)
        if client_ca is not None:
            context.load_verify_locations(client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
    except (ssl.SSLError, OSError) as error:
        raise CaptureError(
            f"the TLS certificate {certificate} cannot be used with its key or authority: {error}"
        ) from error
    return context
