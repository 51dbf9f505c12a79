"""The built-in broker: a thread with its own event loop, for a registry without a Mosquitto."""

import asyncio
import logging
import threading
from dataclasses import dataclass
from typing import Final

from dosebook_central.broker.hardened import HardenedBroker, TlsFiles
from dosebook_central.fleet.credentials import Credentials

_START_TIMEOUT_S: Final = 15.0
_STOP_TIMEOUT_S: Final = 15.0


class BrokerError(RuntimeError):
    """The broker does not run; the text says why."""


@dataclass(frozen=True, slots=True)
class BrokerSettings:
    """Where to listen, and with which credentials; port 0 is any free one."""

    host: str
    port: int
    tls: TlsFiles

    @classmethod
    def of(cls, credentials: Credentials, host: str, port: int) -> "BrokerSettings":
        """Settings with the registry's own credentials."""
        authority = credentials.authority
        tls = TlsFiles(
            authority.certificate_path,
            credentials.broker_certificate,
            credentials.broker_key,
            authority.revocations_path,
        )
        return cls(host, port, tls)


class EmbeddedBroker:
    """Runs a hardened broker; `start` returns once it listens, `stop` once it is gone."""

    def __init__(self, settings: BrokerSettings) -> None:
        self._settings = settings
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping: asyncio.Event | None = None
        self._ready = threading.Event()
        self._error: BaseException | None = None
        self._port = 0

    @property
    def host(self) -> str:
        """Address it listens on."""
        return self._settings.host

    @property
    def port(self) -> int:
        """Port it listens on, once started."""
        return self._port

    def start(self) -> None:
        """Listen; raises `BrokerError` where that cannot be."""
        _quieten()
        self._ready.clear()
        self._error = None
        self._thread = threading.Thread(target=self._run, name="dosebook-broker", daemon=True)
        self._thread.start()
        if not self._ready.wait(_START_TIMEOUT_S):
            raise BrokerError(f"the broker did not start within {_START_TIMEOUT_S:g} s")
        if self._error is not None:
            self._thread.join()
            where = f"{self._settings.host}:{self._settings.port}"
            raise BrokerError(f"the broker cannot listen on {where}: {self._error}")

    def stop(self) -> None:
        """Disconnect everybody and end; nothing happens if it does not run."""
        if self._thread is None or not self._thread.is_alive():
            return
        if self._loop is not None and self._stopping is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
        self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except Exception as error:  # noqa: BLE001  # told to whoever started it
            self._error = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        broker = HardenedBroker(self._settings.tls, self._settings.host, self._settings.port)
        await broker.start()
        try:
            self._port = broker.port
            self._ready.set()
            await self._stopping.wait()
        finally:
            await broker.shutdown()


def _quieten() -> None:
    """Silence amqtt, which tells every packet; the hardened broker tells what matters."""
    for name in ("amqtt", "transitions"):
        logging.getLogger(name).setLevel(logging.ERROR)
