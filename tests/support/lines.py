"""Lines to instruments for tests: simulated ones, pseudo-terminals and TCP with scripted peers."""

import contextlib
import os
import select
import socket
import threading
import tty
from datetime import UTC, datetime, timedelta

from dosebook_edge.capture.instrument.dialogue.session import Session
from dosebook_edge.capture.instrument.links.link import LinkError
from dosebook_edge.capture.instrument.reading import Answer, Notice
from tests.support.waiting import eventually

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HURRY = {"settle_s": 0.0, "pause_s": 0.0, "every_s": 0.05, "every_active_s": 0.05}


class SimulatedClock:
    """Moves when a simulated line is read; sets `stopping` once `until_s` have passed."""

    def __init__(self, until_s):
        self.now = 0.0
        self.waits = []
        self.stopping = threading.Event()
        self._until_s = until_s

    def utc(self):
        return START + timedelta(seconds=self.now)

    def monotonic(self):
        return self.now

    def wait(self, stopping, seconds):
        self.waits.append(seconds)
        self.move(seconds)

    def move(self, seconds):
        self.now += seconds
        if self.now >= self._until_s:
            self.stopping.set()


class SimulatedLine:
    """Each question is answered by `(delay_s, bytes)` pieces that `answer` gives for it."""

    def __init__(self, clock, answer=lambda _: [], breaks_at=None):
        self.sent = []
        self.is_closed = False
        self._clock = clock
        self._answer = answer
        self._breaks_at = breaks_at
        self._coming = []

    def say(self, at, data):
        """Unasked bytes at a time."""
        self._coming.append((at, data))
        self._coming.sort(key=lambda one: one[0])

    def read(self, timeout_s):
        now = self._clock.now
        if self._breaks_at is not None and now >= self._breaks_at:
            raise LinkError("the cable is out")
        if self._coming and self._coming[0][0] <= now + timeout_s:
            at, data = self._coming.pop(0)
            self._clock.move(max(0.0, at - now))
            return data
        self._clock.move(timeout_s)
        return b""

    def write(self, data):
        self.sent.append((self._clock.now, data))
        for delay_s, piece in self._answer(data):
            self.say(self._clock.now + delay_s, piece)

    def close(self):
        self.is_closed = True


def listened(profile, links, until_s, **arguments):
    """What a session tells in simulated time; `links(clock, n)` gives the nth line or raises."""
    clock = SimulatedClock(until_s)
    opened = iter(range(10**6))
    session = Session(profile, lambda: links(clock, next(opened)), clock=clock, **arguments)
    heard = []
    session.run(clock.stopping, heard.append)
    return heard, session.state(), clock


def said(table, delay_s=0.05):
    """Answers from a table of question → answer, each byte on its own."""

    def answer(question):
        text = table.get(question, b"")
        text = text() if callable(text) else text
        return [(delay_s, text[i : i + 1]) for i in range(len(text))]

    return answer


def readings_of(heard):
    """All readings that were told, with the time of each."""
    return [
        (one.monotonic, reading)
        for one in heard
        for answer in one.outcomes
        if isinstance(answer, Answer)
        for reading in answer.readings
    ]


def notices_of(heard):
    """The kinds of all notices."""
    return [one.kind for event in heard for one in event.outcomes if isinstance(one, Notice)]


def hurried(profile, **timing):
    """A profile whose rounds follow each other at once."""
    known = {
        key: value for key, value in {**HURRY, **timing}.items() if hasattr(profile.timing, key)
    }
    return profile.model_copy(update={"timing": profile.timing.model_copy(update=known)})


class Running:
    """A session in a thread of its own, as on a box."""

    def __init__(self, profile, open_link, **arguments):
        self.heard = []
        self.session = Session(profile, open_link, **arguments)
        self.stopping = threading.Event()
        self.thread = threading.Thread(
            target=self.session.run, args=(self.stopping, self.heard.append), daemon=True
        )
        self.thread.start()

    def events(self, name):
        return [one for one in self.heard if one.event == name]

    def until(self, predicate, what):
        return eventually(lambda: predicate(self), what=what)

    def stop(self):
        self.stopping.set()
        eventually(lambda: not self.thread.is_alive(), what="the session has stopped")


@contextlib.contextmanager
def running(profile, open_link, **arguments):
    """A session that is stopped in the end."""
    session = Running(profile, open_link, **arguments)
    try:
        yield session
    finally:
        session.stop()


class Peer:
    """Answers on a file descriptor, line by line or as `answer(data)` says, until it is closed."""

    def __init__(self, fileno, answer, *, hello=b""):
        self.asked = []
        self._fileno = fileno
        self._answer = answer
        self._wake, self._woken = os.pipe()
        self._thread = threading.Thread(target=self._run, args=(hello,), daemon=True)
        self._thread.start()

    def _run(self, hello):
        with contextlib.suppress(OSError):
            if hello:
                os.write(self._fileno, hello)
            while True:
                ready, _, _ = select.select([self._fileno, self._wake], [], [])
                if self._wake in ready:
                    return
                data = os.read(self._fileno, 1024)
                if not data:
                    return
                self.asked.append(data)
                for _, piece in self._answer(data):
                    os.write(self._fileno, piece)

    def stop(self):
        os.write(self._woken, b".")
        self._thread.join()
        for one in (self._wake, self._woken):
            os.close(one)


class Pty:
    """A pseudo-terminal with a peer; `path` is what a box opens."""

    def __init__(self, answer, *, hello=b""):
        self.master, self.slave = os.openpty()
        tty.setraw(self.slave)
        self.path = os.ttyname(self.slave)
        self.peer = Peer(self.master, answer, hello=hello)

    def close(self):
        """Pull the cable: both ends go."""
        self.peer.stop()
        os.close(self.master)
        os.close(self.slave)


class TcpServer:
    """Accepts one connection after the other on a free port; each has its own peer."""

    def __init__(self, answer, *, hello=b""):
        self.peers = []
        self._answer, self._hello = answer, hello
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port = self._socket.getsockname()[1]
        self._connections = []
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._connections.append(connection)
                self.peers.append(Peer(connection.fileno(), self._answer, hello=self._hello))

    def hang_up(self):
        """Close the newest connection."""
        self.peers[-1].stop()
        self.peers.pop()
        self._connections.pop().close()

    def close(self):
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()
        self._thread.join()
        while self.peers:
            self.hang_up()
