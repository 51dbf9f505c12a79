"""The revocation list as it is on disk at this moment."""

import logging
from pathlib import Path

from cryptography import x509

from dosebook_protocol.logs import log

_LOG = logging.getLogger(__name__)


class Revocations:
    """Answers from the list file, which it reads again whenever that was replaced.

    A list that cannot be read any more leaves the last good one in force; at the start it raises.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._stat()
        self._serials = self._read()

    def is_revoked(self, serial: int) -> bool:
        """Whether the certificate of that serial number is revoked."""
        stamp = self._stat()
        if stamp != self._stamp:
            self._stamp = stamp
            try:
                self._serials = self._read()
            except (OSError, ValueError) as error:
                log(_LOG, logging.ERROR, "revocation_list_unreadable", error=error)
        return serial in self._serials

    def _read(self) -> frozenset[int]:
        revoked = x509.load_pem_x509_crl(self._path.read_bytes())
        return frozenset(entry.serial_number for entry in revoked)

    def _stat(self) -> tuple[int, int]:
        try:
            status = self._path.stat()
        except FileNotFoundError:
            return (0, 0)
        return (status.st_ino, status.st_mtime_ns)
