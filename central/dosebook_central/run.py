"""`dosebook-registry run`: broker, ingest and pages in one process, until SIGTERM."""

import gc
import json
import logging
import os
import resource
import shutil
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import ExitStack
from datetime import timedelta
from typing import Final

from paho.mqtt.enums import MQTTProtocolVersion

from dosebook_central.app import create_app
from dosebook_central.broker.embedded import BrokerSettings, EmbeddedBroker
from dosebook_central.dosimetry.skin_dose.jobs import SkinDoseJobs
from dosebook_central.ingest.replay import Quarantines
from dosebook_central.ingest.subscriber import Subscriber, SubscriberSettings
from dosebook_central.registry import Registry
from dosebook_central.serve import PageServer
from dosebook_central.store import jobs
from dosebook_central.web.context import WebContext
from dosebook_protocol.durable import write_durably
from dosebook_protocol.logs import log

STATUS_FILE: Final = "run.json"
# Whose INFO is about themselves: told of at warning and above.
LIBRARIES: Final = ("alembic", "amqtt", "transitions", "waitress", "werkzeug")
# Decoding a record makes tens of thousands of objects and no cycles: the collector's default
# threshold of 700 costs a third of the time that ingest takes.
_COLLECT_AFTER: Final = 50_000
# Ingest and derivation take turns: at 5 ms each waits for the other most of the time.
_SWITCH_AFTER_S: Final = 0.02
_LISTEN_WITHIN_S: Final = 30.0

# The broker's connections and those of strangers who only knock, with room for database and pages.
_FILES: Final = 8192

_log = logging.getLogger(__name__)


def allow_many_files() -> None:
    """Let this process open as many files as it may, up to what it can need: many start with 1024.

    Without, a thousand boxes, or strangers who connect, leave none for the database.
    """
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _FILES if most == resource.RLIM_INFINITY else min(most, _FILES)
    if 0 <= now < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))


class Service:
    """The running registry: `heed_signals`, `start`, `wait`, `stop`."""

    def __init__(self, registry: Registry) -> None:
        self._registry = registry
        self._stack = ExitStack()
        self._stopped = threading.Event()
        self.broker_port = 0
        self.web_port = 0

    def heed_signals(self) -> None:
        """Let SIGTERM and SIGINT end `wait`, also where they come while it still starts."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: self._stopped.set())

    def start(self) -> None:
        """Start everything in the order of who needs whom; raises where a part cannot start."""
        self._registry.close_to_others()
        allow_many_files()
        with ExitStack() as started:
            jobs.fail_interrupted(self._registry.engine)
            self._registry.adopt_sets()
            self._registry.derivation.start()
            started.callback(self._registry.derivation.stop)
            self._start_broker(started)
            subscriber = self._start_subscriber(started)
            self._start_skin_doses(started)
            self._start_web(started, lambda: self._intake_trouble(subscriber))
            self._write_status(started)
            self._stack = started.pop_all()
        gc.collect()
        gc.freeze()
        gc.set_threshold(_COLLECT_AFTER, *gc.get_threshold()[1:])
        sys.setswitchinterval(_SWITCH_AFTER_S)

    def wait(self) -> None:
        """Wait for a signal."""
        self._stopped.wait()

    def stop(self) -> None:
        """Stop everything; what is at hand is committed first."""
        self._stack.close()

    def _start_broker(self, started: ExitStack) -> None:
        settings = self._registry.config
        self.broker_port = settings.number("broker.port")
        if settings.text("broker.host"):
            self._registry.credentials.renew_if_due()  # as its client; `broker export` names hosts
            return
        self._registry.credentials.renew_if_due(settings.texts("broker.names"))
        broker = EmbeddedBroker(
            BrokerSettings.of(
                self._registry.credentials, settings.text("broker.listen"), self.broker_port
            )
        )
        broker.start()
        started.callback(broker.stop)
        self.broker_port = broker.port

    def _start_subscriber(self, started: ExitStack) -> Subscriber:
        credentials = self._registry.credentials
        settings = SubscriberSettings(
            host=self._registry.config.text("broker.host") or "127.0.0.1",
            port=self._registry_port(),
            shards=self._registry.config.texts("broker.shards"),
            first_protocol=self._first_protocol(),
        )
        ingest = self._registry.ingest
        subscriber = Subscriber(
            settings, credentials.client_context, credentials.signer, ingest.answer
        )
        subscriber.start()
        started.callback(subscriber.stop)
        if not subscriber.wait_listening(_LISTEN_WITHIN_S):
            log(_log, logging.WARNING, "broker_not_reached", host=settings.host, port=settings.port)
        return subscriber

    def _registry_port(self) -> int:
        """Where the registry itself connects: Mosquitto has a listener of its own for it."""
        settings = self._registry.config
        is_external = bool(settings.text("broker.host"))
        return (is_external and settings.number("broker.registry_port")) or self.broker_port

    def _first_protocol(self) -> MQTTProtocolVersion:
        """An external broker is asked for MQTT 5 first; the built-in one speaks 3.1.1 only."""
        is_external = bool(self._registry.config.text("broker.host"))
        return MQTTProtocolVersion.MQTTv5 if is_external else MQTTProtocolVersion.MQTTv311

    def _start_skin_doses(self, started: ExitStack) -> None:
        computing = SkinDoseJobs(self._registry.engine, self._registry.data_dir)
        computing.start()
        started.callback(computing.stop)

    def _intake_trouble(self, subscriber: Subscriber) -> str:
        if not subscriber.is_listening:
            return "the broker is not reached"
        return self._registry.evidence.trouble()

    def _start_web(self, started: ExitStack, intake_trouble: Callable[[], str]) -> None:
        settings = self._registry.config
        uploads = self._registry.data_dir / "uploads"
        # What a crash left there nobody imports any more, and it is patients' data.
        shutil.rmtree(uploads, ignore_errors=True)
        uploads.mkdir(mode=0o700)
        importer = self._registry.importer
        started.callback(importer.stop)
        app = create_app(
            WebContext(
                engine=self._registry.engine,
                evidence=self._registry.evidence,
                secret_key=self._registry.session_secret,
                version=self._registry.version,
                replayer=Quarantines(
                    self._registry.engine, self._registry.evidence, self._registry.ingest
                ),
                importer=importer,
                secure_cookies=settings.flag("web.secure_cookies"),
                idle_time=timedelta(minutes=settings.number("web.idle_minutes")),
                upload_limit_bytes=settings.number("web.upload_limit_mb") * 1024 * 1024,
                upload_folder=uploads,
                organisation=settings.text("registry.organisation"),
                country=settings.text("registry.country"),
                subdivision=settings.text("registry.subdivision"),
                screen_reader=settings.text("screens.reader"),
                intake_trouble=intake_trouble,
            )
        )
        server = PageServer(
            app,
            settings.text("web.host"),
            settings.number("web.port"),
            threads=settings.number("web.threads"),
            max_body=(settings.number("web.upload_limit_mb") + 1) * 1024 * 1024,
            trusted_proxy=settings.text("web.trusted_proxy"),
        )
        server.start()
        started.callback(server.stop)
        self.web_port = server.port

    def _write_status(self, started: ExitStack) -> None:
        """Say where the parts listen, for other programs; gone when the registry is."""
        path = self._registry.data_dir / STATUS_FILE
        status = {
            "pid": os.getpid(),
            "broker_host": self._registry.config.text("broker.host") or "127.0.0.1",
            "broker_port": self.broker_port,
            "web": f"http://{self._registry.config.text('web.host')}:{self.web_port}/",
        }
        write_durably(path, json.dumps(status, indent=2).encode(), 0o644)
        started.callback(path.unlink, missing_ok=True)
