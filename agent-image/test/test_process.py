"""The agent as an ordinary process, not process 1: plain, and with the sanitizers."""

import fcntl
import os
import pty
import random
import socket
import struct
import subprocess
import tempfile
import threading
import time
import tty
import unittest

from agent_stream import AGENT_IMAGE, Agent, TimedTestCase, frame
from behaviour import MIB, Behaviour


class ProcessTestCase(TimedTestCase):
    flags = ()

    @classmethod
    def setUpClass(cls):
        directory = tempfile.TemporaryDirectory(prefix="mayfly-agent-")
        cls.addClassCleanup(directory.cleanup)
        cls.directory = directory.name
        cls.secrets = os.path.join(directory.name, "secrets")
        cls.script = os.path.join(directory.name, "script")
        cls.scratch = os.path.join(directory.name, "scratch")
        for path in (cls.secrets, cls.script, cls.scratch):
            os.mkdir(path)
        cls.uid = os.getuid()
        cls.binary = os.path.join(directory.name, "mayfly-agent")
        subprocess.run(
            [os.path.join(AGENT_IMAGE, "agent", "compile.sh"), cls.binary]
            + [f'-DSECRETS_DIR="{cls.secrets}"', f'-DSCRIPT_DIR="{cls.script}"', "-DPLACES_FS=0"]
            # An agent that is not process 1 could be anybody to its clients.
            + ["-DAGENT_PID=0", "-DSILENCE_MS=1000", *cls.flags],
            check=True,
        )
        os.symlink("mayfly-agent", os.path.join(directory.name, "mayfly-mask"))
        cls.channel = os.path.join(cls.script, "mask")

    def start(self, *arguments, **streams):
        agent = Agent([self.binary, *arguments], **streams)
        self.addCleanup(agent.dispose)
        return agent

    @staticmethod
    def memory(agent):
        """Pages that the agent could have written to; its stack and the kernel's bookkeeping vary."""
        with open(f"/proc/{agent.process.pid}/status", encoding="ascii") as status:
            return [line for line in status if line.startswith("VmData")]


class PlainProcessTest(Behaviour, ProcessTestCase):
    """Beyond what holds everywhere: what only a neighbour in the same machine can see."""

    def step_pid(self, agent):
        kind, payload = agent.receive()
        self.assertEqual("O", kind)
        return int(payload.split()[0])

    @staticmethod
    def is_alive(pid):
        try:
            with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
                return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
        except FileNotFoundError:
            return False

    def test_neighbours_survive_signals_and_ends_of_steps(self):
        neighbour = subprocess.Popen(["sleep", "60"], start_new_session=True)
        self.addCleanup(lambda: (neighbour.kill(), neighbour.wait()))
        agent = self.ready()
        agent.run("sleep 60 & exit 0")
        agent.send(frame("K", b"\x09"))
        agent.send(frame("P", "echo up; sleep 60"), frame("R"))
        agent.receive()
        agent.send(frame("K", b"\x09"))
        self.assertEqual(137, agent.answer().code)
        agent.send(frame("P", "echo up; sleep 60"), frame("R"))
        agent.receive()
        agent.close_input()
        self.assertEqual(0, agent.exit_code(2))
        self.assertIsNone(neighbour.poll())

    def test_process_that_left_the_session_survives_and_is_told(self):
        agent = self.ready()
        begin = time.monotonic()
        end = agent.run(
            "setsid sh -c 'trap \"\" PIPE; echo $$; while sleep 0.02; do echo still here; done' & sleep 0.3"
        )
        escaped = int(end.lines[0])
        self.addCleanup(os.kill, escaped, 9)
        self.assertEqual("code=0 oom=0 survivors=1", end.text)
        self.assertTrue(self.is_alive(escaped))
        self.assertGreater(time.monotonic() - begin, 9.5)

    def test_end_of_input_is_heard_while_nobody_reads_the_output(self):
        agent = self.ready()
        agent.send(frame("P", "echo $$; exec yes"), frame("R"))
        pid = self.step_pid(agent)
        agent.reading.clear()
        time.sleep(0.5)
        agent.close_input()
        self.assertEqual(0, agent.exit_code(1))
        self.eventually("the step is dead", lambda: not self.is_alive(pid), 1)

    def test_signal_is_obeyed_before_any_output_is_read(self):
        agent = self.ready()
        agent.send(frame("P", "echo $$; exec yes"), frame("R"))
        pid = self.step_pid(agent)
        agent.reading.clear()
        time.sleep(0.5)
        agent.send(frame("K", b"\x09"))
        self.eventually("the step is dead", lambda: not self.is_alive(pid), 1)

    def test_end_of_input_is_heard_while_the_step_reads_no_input(self):
        agent = self.ready()
        agent.send(frame("P", "echo $$; sleep 60"), frame("R"))
        pid = self.step_pid(agent)
        flags = fcntl.fcntl(agent.input, fcntl.F_GETFL)
        fcntl.fcntl(agent.input, fcntl.F_SETFL, flags | os.O_NONBLOCK)
        unit = frame("I", bytes(MIB // 16))
        sent, last = 0, time.monotonic()
        while time.monotonic() - last < 0.5:
            at = sent % len(unit)
            n = agent.input.write(unit[at:])
            if n:
                sent, last = sent + n, time.monotonic()
            else:
                time.sleep(0.01)
        self.assertLess(sent, 8 * MIB, "input is queued without a bound")
        self.assertGreater(sent, 4 * MIB)
        agent.close_input()
        self.assertEqual(0, agent.exit_code(1))
        self.eventually("the step is dead", lambda: not self.is_alive(pid), 1)

    def test_half_closed_socket_is_an_end_of_input(self):
        ours, theirs = socket.socketpair()
        self.addCleanup(ours.close)
        agent = self.start(stdin=theirs, stdout=subprocess.DEVNULL)
        theirs.close()
        ours.sendall(frame("P", "exec yes") + frame("R"))
        time.sleep(0.3)
        self.assertIsNone(agent.process.poll())
        ours.shutdown(socket.SHUT_WR)
        self.assertEqual(0, agent.exit_code(1))

    def test_daemon_that_closes_the_output_ends_the_agent(self):
        agent = self.start(stdout=subprocess.PIPE)
        agent.hello()
        agent.send(frame("P", "echo $$; exec yes"), frame("R"))
        pid = self.step_pid(agent)
        agent.reading.clear()
        time.sleep(0.2)
        # The reader may sit in its last read: the descriptor closes when it comes back.
        agent.process.stdout.close()
        agent.reading.set()
        self.assertEqual(0, agent.exit_code(2))
        self.eventually("the step is dead", lambda: not self.is_alive(pid), 1)

    def test_terminal_is_a_stream_too(self):
        ours, theirs = pty.openpty()
        tty.setraw(theirs)
        before = fcntl.fcntl(theirs, fcntl.F_GETFL)
        agent = self.start(stdin=theirs, stdout=theirs)
        os.write(ours, frame("P", "echo hi") + frame("Z") + frame("R"))
        seen = b""
        while b"code=0" not in seen:
            seen += os.read(ours, 4096)
        self.assertTrue(seen.startswith(b"H"), seen)
        os.write(ours, frame("?"))
        self.assertEqual(76, agent.exit_code(2))
        self.assertEqual(before, fcntl.fcntl(theirs, fcntl.F_GETFL))
        os.close(ours)
        os.close(theirs)

    def test_health_is_told_by_the_exit_code(self):
        self.assertEqual(0, subprocess.run([self.binary, "--health"], check=False).returncode)

    def test_wrong_arguments_are_answered_with_usage(self):
        for arguments in (
            ["--help"],
            ["--deadline"],
            ["--deadline", "0"],
            ["--deadline", "1x"],
            ["--deadline", "-1"],
            ["x"],
            ["--health", "x"],
        ):
            with self.subTest(arguments=arguments):
                done = subprocess.run(
                    [self.binary, *arguments], stdin=subprocess.DEVNULL, capture_output=True, check=False
                )
                self.assertEqual((64, b""), (done.returncode, done.stdout))
                self.assertIn(b"usage:", done.stderr)

    def test_agent_works_with_its_standard_error_closed(self):
        done = subprocess.run(
            ["sh", "-c", f"exec {self.binary} 2>&-"],
            input=frame("P", "echo hi"),
            capture_output=True,
            check=False,
        )
        self.assertEqual(0, done.returncode)
        self.assertTrue(done.stdout.startswith(b"H"))


class SanitizedProcessTest(Behaviour, ProcessTestCase):
    """The same with AddressSanitizer and UndefinedBehaviorSanitizer: any finding ends the agent."""

    flags = ("-fsanitize=address,undefined", "-fno-sanitize-recover=all", "-g", "-O1", "-U_FORTIFY_SOURCE")
    limit = 120

    def test_random_streams_end_in_order_or_as_defects(self):
        for seed in range(150):
            chance = random.Random(seed)
            # No script and no path: what is run and touched stays harmless.
            frames = [
                frame(
                    chance.choice("VVFFUARIZKTCM?H"),
                    bytes(
                        chance.choice(b"\0\x01\x09:=.ax019\xff")
                        for _ in range(chance.choice((0, 1, 3, 9, 300)))
                    ),
                )
                for _ in range(chance.randrange(1, 30))
            ]
            stream = b"".join(frames)
            if chance.random() < 0.3:
                stream = stream[: chance.randrange(len(stream))]
            with self.subTest(seed=seed):
                done = subprocess.run(
                    [self.binary, "--deadline", "10"],
                    input=stream,
                    capture_output=True,
                    check=False,
                    timeout=15,
                )
                self.assertIn(done.returncode, (0, 76), done.stderr.decode())
                self.assertEqual(b"", done.stderr)
                self.assertTrue(done.stdout.startswith(b"H"))
        self.assertEqual([], os.listdir(self.secrets))


class RelayTest(ProcessTestCase):
    WINDOW = 128 << 10

    def relay(self, connections=4):
        agent = self.start()
        agent.hello()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        agent.send(frame("N", f"connections={connections} tcp={self.port} udp={self.port}"))
        self.assertEqual(("N", b""), agent.receive())
        return agent

    def connect(self, agent):
        client = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.addCleanup(client.close)
        kind, payload = agent.receive()
        self.assertEqual("a", kind)
        self.assertEqual(struct.pack(">H", self.port) + bytes((127, 0, 0, 1)), payload[2:])
        return client, payload[:2]

    def test_bytes_and_ends_go_both_ways(self):
        agent = self.relay()
        client, number = self.connect(agent)
        client.sendall(b"question")
        self.assertEqual(("d", number + b"question"), agent.receive())
        agent.send(frame("d", number + b"answer"), frame("e", number))
        self.assertEqual(b"answer", client.recv(100))
        self.assertEqual(b"", client.recv(100))
        client.sendall(b"late")
        client.close()
        self.assertEqual(("d", number + b"late"), agent.receive())
        self.assertEqual(("e", number), agent.receive())
        self.assertEqual(("x", number), agent.receive())

    def test_datagram_is_answered_to_who_sent_it(self):
        agent = self.relay()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            client.settimeout(10)
            client.sendto(b"x" * 1233, ("127.0.0.1", self.port))
            client.sendto(b"question", ("127.0.0.1", self.port))
            kind, payload = agent.receive()
            self.assertEqual(("q", b"question"), (kind, payload[6:]))
            agent.send(frame("q", payload[:6] + b"answer"))
            self.assertEqual(b"answer", client.recv(100))

    def test_connection_without_credit_is_read_no_further_and_holds_no_other_up(self):
        agent = self.relay()
        stalled, number = self.connect(agent)
        stalled.setblocking(False)
        sent = 0
        while sent < 2 * self.WINDOW:
            try:
                sent += stalled.send(b"x" * 65536)
            except BlockingIOError:
                break
        got = 0
        while got < self.WINDOW:
            kind, payload = agent.receive()
            self.assertEqual(("d", number), (kind, payload[:2]))
            got += len(payload) - 2
        self.assertEqual(self.WINDOW, got)
        other, second = self.connect(agent)
        other.sendall(b"on")
        self.assertEqual(("d", second + b"on"), agent.receive())
        agent.send(frame("w", number + struct.pack(">I", 10)))
        self.assertEqual(("d", number + b"x" * 10), agent.receive())
        agent.send(frame("x", number))
        self.assertEqual(("x", number), agent.receive())

    def test_what_a_container_does_not_read_stays_within_its_window(self):
        agent = self.relay()
        client, number = self.connect(agent)
        sent = taken = 0
        while taken < 16 * self.WINDOW:
            while sent - taken < self.WINDOW:
                agent.send(frame("d", number + b"y" * 16384))
                sent += 16384
            self.assertTrue(client.recv(1 << 20))
            while sent - taken > self.WINDOW - 16384:
                kind, payload = agent.receive()
                self.assertEqual("w", kind)
                taken += struct.unpack(">I", payload[2:])[0]
                if sent - taken > self.WINDOW - 16384:
                    client.recv(1 << 20)

    def test_no_more_connections_than_asked_for_are_accepted(self):
        agent = self.relay(connections=1)
        first, number = self.connect(agent)
        second = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        self.addCleanup(second.close)
        second.sendall(b"waits")
        first.close()
        self.assertEqual(("e", number), agent.receive())
        agent.send(frame("e", number))
        self.assertEqual(("x", number), agent.receive())
        agent.send(frame("x", number))
        self.assertEqual("a", agent.receive()[0])
        self.assertEqual(("d", number + b"waits"), agent.receive())

    def test_frame_that_no_relay_expects_is_a_defect(self):
        for wrong in (
            frame("d", b"\0\0no connection"),
            frame("w", b"\0\0\0\0\0\1"),
            frame("x", b"\0\0"),
            frame("d", b""),
            frame("q", b"short"),
            frame("R"),
            frame("N", "connections=1 tcp=1"),
        ):
            with self.subTest(wrong=wrong):
                agent = self.relay()
                agent.send(wrong)
                self.assertEqual("E", agent.receive()[0])
                self.assertEqual(76, agent.exit_code())
        agent = self.relay()
        _, number = self.connect(agent)
        agent.send(frame("d", number + b"z" * (self.WINDOW + 1)))
        self.assertEqual("E", agent.receive()[0])

    def test_wish_that_is_none_is_a_defect(self):
        for wish in (
            "",
            "connections=0 tcp=1",
            "connections=1025 tcp=1",
            "connections=1 tcp=",
            "connections=1 tcp=70000",
            "connections=1 tcp=1,",
            "connections=1 tcp=1 udp=",
            "connections=1 tcp=1 more",
            "connections=1\0 tcp=1",
        ):
            with self.subTest(wish=wish):
                agent = self.start()
                agent.hello()
                agent.send(frame("N", wish))
                self.assertEqual("E", agent.receive()[0])
                self.assertEqual(76, agent.exit_code())

    def test_random_streams_end_in_order_or_as_defects(self):
        for seed in range(60):
            chance = random.Random(seed)
            agent = self.relay()
            clients = [self.connect(agent)[0] for _ in range(3)]
            for client in clients:
                client.settimeout(5)
                client.sendall(b"hello")
            frames = [
                frame(
                    chance.choice("ddddwexq"),
                    bytes((0, chance.choice((0, 0, 1, 2, 3))))
                    + bytes(chance.choice(b"\0\0\0\1\5a") for _ in range(chance.choice((0, 4, 4, 300)))),
                )
                for _ in range(chance.randrange(1, 12))
            ]
            with self.subTest(seed=seed):
                try:
                    agent.send(*frames)
                    agent.close_input()
                except BrokenPipeError:
                    pass
                self.assertIn(agent.exit_code(), (0, 76))


class SanitizedRelayTest(RelayTest):
    flags = SanitizedProcessTest.flags
    limit = 120


class ConnectionTrialTest(ProcessTestCase):
    def setUp(self):
        super().setUp()
        self.agent = self.start()
        self.agent.hello()

    def listener(self, family=socket.AF_INET, address="127.0.0.1", port=0):
        server = socket.socket(family)
        self.addCleanup(server.close)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        server.bind((address, port))
        return server

    def test_port_that_accepts_is_ok(self):
        server = self.listener()
        server.listen()
        self.agent.send(frame("T", f"127.0.0.1:{server.getsockname()[1]}:5"))
        self.assertEqual("ok", self.agent.answer(2).text)

    def test_port_that_accepts_over_version_6_is_ok(self):
        server = self.listener(socket.AF_INET6, "::1")
        server.listen()
        self.agent.send(frame("T", f"::1:{server.getsockname()[1]}:5"))
        self.assertEqual("ok", self.agent.answer(2).text)

    def test_port_that_accepts_later_is_ok_then(self):
        server = self.listener()
        timer = threading.Timer(0.7, server.listen)
        timer.start()
        self.addCleanup(timer.join)
        begin = time.monotonic()
        self.agent.send(frame("T", f"127.0.0.1:{server.getsockname()[1]}:10"))
        self.assertEqual("ok", self.agent.answer(5).text)
        self.assertGreater(time.monotonic() - begin, 0.6)

    def test_port_that_nobody_has_is_a_timeout_and_frames_behind_are_kept(self):
        server = self.listener()
        begin = time.monotonic()
        self.agent.send(
            frame("T", f"127.0.0.1:{server.getsockname()[1]}:1"),
            frame("P", "echo next"),
            frame("Z"),
            frame("R"),
        )
        self.assertEqual("timeout", self.agent.answer(5).text)
        self.assertGreater(time.monotonic() - begin, 0.9)
        self.assertEqual(["next"], self.agent.answer().lines)

    def test_end_of_input_ends_a_trial(self):
        server = self.listener()
        self.agent.send(frame("T", f"127.0.0.1:{server.getsockname()[1]}:60"))
        time.sleep(0.3)
        self.agent.close_input()
        self.assertEqual(0, self.agent.exit_code(1))


if __name__ == "__main__":
    unittest.main()
