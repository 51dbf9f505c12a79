"""`dosebook-box check`: one function for each thing that can be wrong, each with the cure."""

import os
import socket
import ssl
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from dosebook_edge.clock import BoxClock
from dosebook_edge.config import Loaded
from dosebook_edge.diag.records import open_outbox
from dosebook_edge.diag.status import read_status
from dosebook_edge.folder import IDENTITY
from dosebook_edge.identity.files import IdentityError
from dosebook_edge.identity.identity import Identity
from dosebook_edge.outbox import OutboxError
from dosebook_edge.outbox.capacity import disk_percent

Result = Literal["ok", "warn", "fail"]
_TIMEOUT_S: Final = 5.0
_SOON_DAYS: Final = 30


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was checked."""

    name: str
    result: Result
    detail: str


def check_config(loaded: Loaded) -> Check:
    """The file is valid when this runs; what the registry wants may not be."""
    if loaded.problems:
        return Check("config", "warn", "; ".join(loaded.problems))
    if not loaded.settings.source:
        return Check("config", "warn", f"{loaded.path} has no [[source]]: nothing is captured")
    count = len(loaded.settings.source)
    sources = f"{count} {'source' if count == 1 else 'sources'}"
    return Check("config", "ok", f"{loaded.path}, {sources}")


def check_clock(_: Loaded) -> Check:
    """Whether the kernel says that its clock is disciplined."""
    clock = BoxClock()()
    if clock.quality == "synchronised":
        return Check("clock", "ok", f"synchronised, within {clock.uncertainty_s} s")
    return Check(
        "clock", "warn", f"{clock.quality}: set a time source in chrony and run: chronyc tracking"
    )


def check_disk(loaded: Loaded) -> Check:
    """Free space of the file system of the box's folder."""
    folder = loaded.settings.box.data_dir
    if not folder.exists():
        return Check("disk", "warn", f"{folder} does not exist yet: it is made by the first run")
    disk = os.statvfs(folder)
    used = disk_percent(disk)
    detail = f"{folder}: {used:.0f} % used, {disk.f_bavail * disk.f_frsize / 1e9:.1f} GB free"
    return Check("disk", "warn" if used >= loaded.settings.outbox.warn_percent else "ok", detail)


def check_identity(loaded: Loaded) -> Check:
    """Key and certificate."""
    try:
        identity = Identity.load(loaded.settings.box.data_dir / IDENTITY)
    except IdentityError as error:
        return Check("identity", "warn", str(error))
    if identity.enrolled is None:
        return Check("identity", "warn", "not enrolled: dosebook-box identity request")
    days = identity.enrolled.days_left()
    if days < 0:
        return Check("identity", "fail", "the certificate has ended: dosebook-box identity renew")
    result: Result = "warn" if days < _SOON_DAYS else "ok"
    return Check("identity", result, f"certificate for {days} more days")


def check_outbox(loaded: Loaded) -> Check:
    """Integrity and fullness."""
    try:
        outbox = open_outbox(loaded.settings)
    except OutboxError as error:
        return Check("outbox", "warn", str(error))
    try:
        problems, status = outbox.integrity(), outbox.status()
    finally:
        outbox.close()
    if problems:
        return Check("outbox", "fail", "; ".join(problems))
    detail = f"{status.waiting} waiting, {status.used_percent:.1f} % full"
    results: dict[str, Result] = {"ok": "ok", "warning": "warn", "full": "fail"}
    return Check("outbox", results[status.level], detail)


def check_sources(loaded: Loaded) -> Check:
    """Whether each source of the running box accepts connections, or what it has is there."""
    status = read_status(loaded.settings.box.data_dir)
    if not status["running"]:
        return Check("sources", "warn", "the box does not run: dosebook-box run")
    faults = [fault for one in status.get("sources", ()) if (fault := _fault_of(one))]
    if faults:
        return Check("sources", "fail", f"not listening: {'; '.join(faults)}")
    return Check("sources", "ok", f"{len(status.get('sources', ()))} listening")


def _fault_of(source: Mapping[str, Any]) -> str:
    """What is wrong with a source, "" where nothing is; only some listen on a port."""
    if source["port"]:
        is_open = _accepts(source["port"])
        return "" if is_open else f"{source['name']} on port {source['port']}"
    is_there = source["state"] == "listening"
    return "" if is_there else f"{source['name']}: {source['detail']}"


def check_uplink(loaded: Loaded) -> Check:
    """Name, network and TLS on the way to the registry's broker, one after the other."""
    if not loaded.settings.uplink.enabled:
        return Check("uplink", "warn", "switched off: dosebook-box config set uplink.enabled true")
    try:
        identity = Identity.load(loaded.settings.box.data_dir / IDENTITY)
    except IdentityError as error:
        return Check("uplink", "fail", str(error))
    enrolled = identity.enrolled
    if enrolled is None:
        return Check("uplink", "fail", "not enrolled: dosebook-box identity request")
    host, port = enrolled.bundle.broker_host, enrolled.bundle.broker_port
    try:
        with (
            socket.create_connection((host, port), _TIMEOUT_S) as plain,
            enrolled.ssl_context().wrap_socket(plain, server_hostname=host) as secure,
        ):
            return Check("uplink", "ok", f"{host}:{port} speaks {secure.version()}")
    except socket.gaierror:
        return Check("uplink", "fail", f"the name {host} is not known: check DNS")
    except ssl.SSLError as error:
        return Check("uplink", "fail", f"TLS with {host}:{port} fails: {error.reason or error}")
    except OSError as error:
        reason = error.strerror or type(error).__name__
        return Check(
            "uplink", "fail", f"no connection to {host}:{port} ({reason}): check the firewall"
        )


CHECKS: Final[dict[str, Callable[[Loaded], Check]]] = {
    "clock": check_clock,
    "config": check_config,
    "disk": check_disk,
    "identity": check_identity,
    "outbox": check_outbox,
    "sources": check_sources,
    "uplink": check_uplink,
}


def run_checks(loaded: Loaded, names: Iterable[str]) -> list[Check]:
    """Run checks in order."""
    return [CHECKS[name](loaded) for name in names]


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection(("127.0.0.1", port), _TIMEOUT_S):
            return True
    except OSError:
        return False
