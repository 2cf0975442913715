"""The daemon's side of the agent's stream, for tests: sends frames, collects what comes back."""

import os
import queue
import signal
import struct
import subprocess
import threading
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
AGENT_IMAGE = os.path.dirname(HERE)


def frame(kind, payload=b""):
    if isinstance(payload, str):
        payload = payload.encode()
    return kind.encode() + struct.pack(">I", len(payload)) + payload


class StreamEnded(Exception):
    """The agent closed its output."""


class Ended:
    """A step's answer, with all output that came before it."""

    def __init__(self, kind, text, output):
        self.kind = kind
        self.text = text
        self.output = output
        self.words = dict(w.split("=", 1) for w in text.split()) if kind == "X" else {}

    @property
    def code(self):
        return int(self.words["code"])

    @property
    def lines(self):
        return self.output.decode().splitlines()

    def __repr__(self):
        return f"{self.kind} {self.text!r} after {self.output[-2000:]!r}"


class Agent:
    """A running agent and its stream. Reading is a thread's, so that no test can wedge a pipe,
    unless the test holds it back with `reading`."""

    LIMIT = 20

    def __init__(self, command, stdin=subprocess.PIPE, stdout=subprocess.PIPE):
        self.process = subprocess.Popen(command, stdin=stdin, stdout=stdout, bufsize=0)
        self.input = self.process.stdin
        self.reading = threading.Event()
        self.reading.set()
        self.arrived = queue.Queue()
        if self.process.stdout is not None:
            self.reader = threading.Thread(target=self._read, args=(self.process.stdout,), daemon=True)
            self.reader.start()

    def _read(self, source):
        buffer = bytearray()
        while True:
            self.reading.wait()
            try:
                some = os.read(source.fileno(), 1 << 16)
            except (OSError, ValueError):
                some = b""
            if not some:
                self.arrived.put(None)
                return
            buffer += some
            while len(buffer) >= 5:
                size = struct.unpack_from(">I", buffer, 1)[0]
                if len(buffer) < 5 + size:
                    break
                self.arrived.put((chr(buffer[0]), bytes(buffer[5 : 5 + size])))
                del buffer[: 5 + size]

    def send(self, *frames):
        self.send_bytes(b"".join(frames))

    def send_bytes(self, data):
        view = memoryview(data)
        while view:
            view = view[self.input.write(view) :]

    def receive(self, limit=LIMIT):
        try:
            got = self.arrived.get(timeout=limit)
        except queue.Empty:
            raise AssertionError(f"the agent said nothing for {limit} s") from None
        if got is None:
            self.arrived.put(None)
            raise StreamEnded
        return got

    def hello(self):
        kind, payload = self.receive()
        assert kind == "H", (kind, payload)
        return dict(word.split("=", 1) for word in payload.decode().split())

    def answer(self, limit=LIMIT):
        """All output until X, E or T, within the limit."""
        until = time.monotonic() + limit
        output = bytearray()
        while True:
            kind, payload = self.receive(max(0.01, until - time.monotonic()))
            if kind != "O":
                return Ended(kind, payload.decode(), bytes(output))
            output += payload

    def run(self, script, *preparation, stdin=None, limit=LIMIT):
        """Runs a script to its end."""
        frames = list(preparation) + [frame("P", script)]
        if stdin is None:
            self.send(*frames, frame("Z"), frame("R"))
        else:
            self.send(*frames, frame("R"))
            for at in range(0, len(stdin), 65536):
                self.send(frame("I", stdin[at : at + 65536]))
            self.send(frame("Z"))
        return self.answer(limit)

    def close_input(self):
        self.input.close()

    def exit_code(self, limit=10):
        return self.process.wait(limit)

    def dispose(self):
        self.reading.set()
        if self.input is not None and not self.input.closed:
            try:
                self.input.close()
            except OSError:
                pass
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)
        if self.process.stdout is not None:
            self.reader.join(5)
            self.process.stdout.close()


class TimedTestCase(unittest.TestCase):
    """Each test has a limit of its own, in seconds."""

    limit = 60

    def setUp(self):
        def over(*_):
            raise TimeoutError(f"the test ran into its limit of {self.limit} s")

        signal.signal(signal.SIGALRM, over)
        signal.alarm(self.limit)
        self.addCleanup(signal.alarm, 0)

    def eventually(self, what, condition, limit=5.0):
        until = time.monotonic() + limit
        while not condition():
            if time.monotonic() > until:
                self.fail(f"not within {limit} s: {what}")
            time.sleep(0.02)
