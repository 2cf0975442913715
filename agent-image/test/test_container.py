"""The agent as process 1 of hardened containers of the built image."""

import io
import os
import subprocess
import tarfile
import time
import unittest

from agent_stream import HERE, StreamEnded, TimedTestCase, frame
from behaviour import Behaviour, Masking
from engine import LABEL, RUN, Container, docker, image, leftovers


def tearDownModule():
    left = leftovers()
    if left:
        docker("rm", "--force", "--volumes", *left)
        raise AssertionError(f"containers were left: {left}")


class ContainerTestCase(TimedTestCase):
    user = "1000:1000"
    secrets = "/run/secrets"
    scratch = "/workspace"
    channel = "/run/mayfly/mask"

    @property
    def uid(self):
        return int(self.user.split(":", maxsplit=1)[0])

    def start(self, *arguments, **options):
        options.setdefault("user", self.user)
        self.container = Container(self, *arguments, **options)
        return self.container.agent

    def ready(self, *arguments, **options):
        agent = self.start(*arguments, **options)
        agent.hello()
        return agent

    def assert_alone(self, agent):
        """No process lives in the container but the agent and the one that looks."""
        agent.send(frame("A", "ls"), frame("A", "/proc"), frame("R"))
        processes = [line for line in agent.answer().lines if line.isdigit()]
        self.assertEqual(2, len(processes), processes)
        self.assertIn("1", processes)

    def memory(self, agent):
        """Pages that the agent could have written to: told by a step, which may read that much."""
        return agent.run("grep VmData /proc/1/status").lines


class Hostile(Masking):
    """What a step does against the agent, the container and the daemon."""

    def test_daemonised_descendants_are_gone_with_the_step(self):
        agent = self.ready()
        end = agent.run(
            "for i in 1 2 3; do setsid bash -c '(trap \"\" TERM HUP INT QUIT; echo up; while :; do sleep 0.1; done) &' & done; sleep 0.5; exit 4"
        )
        self.assertEqual((["up"] * 3, "code=4 oom=0"), (end.lines, end.text))
        self.assert_alone(agent)

    def test_orphans_are_reaped_while_the_step_runs(self):
        agent = self.ready()
        end = agent.run(
            "for i in $(seq 300); do (true &) ; done; sleep 0.5; cat /proc/[0-9]*/stat 2>/dev/null | grep -c ') Z '"
        )
        self.assertEqual(["0"], end.lines)

    def test_agent_is_process_1_and_deaf_to_the_step(self):
        agent = self.ready()
        end = agent.run(
            "cat /proc/1/comm; for s in KILL STOP TERM INT HUP QUIT SEGV ABRT CHLD PIPE USR1 ALRM; do kill -$s 1; done; echo tried"
        )
        self.assertEqual(["mayfly-agent", "tried"], [line for line in end.lines if "kill" not in line])
        self.assertEqual(["fine"], agent.run("echo fine").lines)

    def test_memory_and_descriptors_of_the_agent_are_closed(self):
        agent = self.ready()
        with open(os.path.join(HERE, "intruder.c"), "rb") as source:
            built = agent.run("gcc -Wall -Werror -o /workspace/intruder -x c -", stdin=source.read())
        self.assertEqual((0, b""), (built.code, built.output))
        tries = "environ mem auxv fd0 fd1 fdlink maps vm_read getfd seize attach".split()
        end = agent.run("/workspace/intruder 1", frame("V", "CANARY=inside"), frame("F", b"s\0canary"))
        self.assertEqual([f"{name} refused" for name in tries], end.lines)
        # The same against a process of one's own shows that these tries can succeed.
        end = agent.run("sleep 5 & sleep 0.1; /workspace/intruder $!")
        done = [line.split()[0] for line in end.lines if line.endswith("DONE")]
        self.assertEqual(
            {"environ", "auxv", "fdlink", "maps", "seize"},
            {"environ", "auxv", "fdlink", "maps", "seize"} & set(done),
            end.lines,
        )

    def test_socket_in_the_place_of_the_agent_s_is_not_believed(self):
        agent = self.ready()
        rude = self.rude(agent)
        end = self.begin_masking(
            f"{rude} imitate & sleep 0.5; echo some-value | mayfly-mask; echo code $?; kill %1", agent
        ).answer()
        self.assertEqual(
            [
                "up",
                "mayfly-mask: not masked: another process has taken the place of Mayfly's at " + self.channel,
                "code 69",
            ],
            [line for line in end.lines if "got" not in line],
        )

    def test_fork_bomb_leaves_an_agent_that_tells_the_end(self):
        agent = self.ready()
        agent.send(frame("P", "f() { f | f & f; }; f 2>/dev/null"), frame("Z"), frame("R"))
        time.sleep(2)
        agent.send(frame("K", b"\x09"))
        end = agent.answer(25)
        self.assertEqual("X", end.kind)
        self.assertNotIn("survivors", end.text)
        self.assert_alone(agent)

    def test_fork_bomb_ends_with_the_input(self):
        agent = self.ready()
        agent.send(frame("P", "f() { f | f & f; }; f 2>/dev/null"), frame("Z"), frame("R"))
        time.sleep(1)
        agent.close_input()
        self.eventually("the container has ended", lambda: not self.container.is_running(), 5)

    def test_memory_kill_is_counted_and_hits_the_step(self):
        agent = self.ready()
        # Without a newline, tail keeps all of it.
        end = agent.run("head -c 300M /dev/zero | tail >/dev/null; exit $?")
        self.assertEqual(137, end.code)
        self.assertGreaterEqual(int(end.words["oom"]), 1)
        self.assertEqual("code=0 oom=0", agent.run("true").text)

    def test_kill_of_all_processes_by_the_step_itself_is_its_end_only(self):
        agent = self.ready()
        self.assertEqual(137, agent.run("kill -9 -1; kill -9 $$").code)
        self.assertEqual(["fine"], agent.run("echo fine").lines)

    def test_daemon_that_dies_takes_the_container_with_it(self):
        agent = self.ready()
        agent.send(frame("P", "trap '' TERM HUP PIPE; exec yes"), frame("R"))
        agent.receive()
        agent.reading.clear()
        time.sleep(0.5)
        agent.process.kill()
        begin = time.monotonic()
        self.eventually("the container has ended", lambda: not self.container.is_running(), 3)
        self.assertLess(time.monotonic() - begin, 2)

    def test_full_tmpfs_is_an_error_that_names_the_file(self):
        agent = self.ready()
        part = bytes(1 << 19)
        end = agent.run("true", *[frame("F", b"big\0" + part) for _ in range(20)])
        self.assertEqual("E", end.kind)
        self.assertIn("/run/secrets/big cannot be written: No space left", end.text)
        self.assertEqual(b"", agent.run("ls -A /run/secrets").output)


class OrdinaryUserTest(Behaviour, Hostile, ContainerTestCase):
    """A job in the default image, or in any whose user is not root."""

    def test_another_user_is_refused(self):
        end = self.ready().run("true", frame("U", "1001:1001"))
        self.assertEqual("E", end.kind)
        self.assertIn("1001:1001", end.text)

    def test_own_user_is_accepted(self):
        self.assertEqual(
            ["1000:1000"], self.ready().run("echo $(id -u):$(id -g)", frame("U", "1000:1000")).lines
        )

    def test_health_is_told_to_the_engine(self):
        self.ready()
        done = docker("exec", self.container.name, "/opt/mayfly/mayfly-agent", "--health")
        self.assertEqual(0, done.returncode)


class RootWithoutCapabilitiesTest(Behaviour, Hostile, ContainerTestCase):
    """A job in an image whose user is root, of a pool that leaves root nothing."""

    user = "0:0"

    def test_no_capability_is_left(self):
        end = self.ready().run("grep -E 'Cap(Prm|Eff|Amb)|NoNewPrivs' /proc/self/status | tr -s '\\t' ' '")
        self.assertEqual(
            [
                "CapPrm: 0000000000000000",
                "CapEff: 0000000000000000",
                "CapAmb: 0000000000000000",
                "NoNewPrivs: 1",
            ],
            sorted(end.lines, key=lambda line: "PrEfAmNo".index(line.removeprefix("Cap")[:2])),
        )


class RootWithCapabilitiesTest(Hostile, ContainerTestCase):
    """A job in an image whose user is root, with what images need that install packages."""

    user = "0:0"
    capabilities = ("CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID")

    def start(self, *arguments, **options):
        return super().start(*arguments, capabilities=self.capabilities, **options)

    def test_another_user_of_the_container_can_add_a_value(self):
        script = "echo some-value | setpriv --reuid 1234 --clear-groups mayfly-mask; echo code $?"
        count, end = self.confirm_all(self.begin_masking(script))
        self.assertEqual((1, ["code 0"]), (count, end.lines))


class OtherUserTest(ContainerTestCase):
    """The helper: an agent that is root and runs steps as the job's user."""

    user = "0:0"
    capabilities = ("CHOWN", "SETUID", "SETGID", "KILL", "DAC_OVERRIDE")

    def helper(self, **options):
        return self.ready(capabilities=options.pop("capabilities", self.capabilities), **options)

    def test_step_is_the_user_and_nothing_more(self):
        end = self.helper().run(
            "id -u; id -g; id -G; grep -E 'Cap(Prm|Eff)' /proc/self/status | tr -s '\\t' ' '",
            frame("U", "1234:5678"),
        )
        self.assertEqual(
            ["1234", "5678", "5678", "CapPrm: 0000000000000000", "CapEff: 0000000000000000"], end.lines
        )

    def test_files_directories_and_script_are_the_user_s(self):
        agent = self.helper()
        end = agent.run(
            "stat -c '%n %a %u:%g' /run/secrets/token . .. /workspace \"$0\"; cat /run/secrets/token; touch here",
            frame("F", b"token\0value\n"),
            frame("W", "/workspace/a/b"),
            frame("O", "/workspace"),
            frame("U", "1234:5678"),
        )
        self.assertEqual(
            [
                "/run/secrets/token 400 1234:5678",
                ". 755 1234:5678",
                ".. 755 1234:5678",
                "/workspace 755 1234:5678",
                "/run/mayfly/script 500 1234:5678",
                "value",
            ],
            end.lines,
        )
        self.assertEqual(0, end.code)
        self.assertEqual(["root"], agent.run("ls -A /run/secrets; whoami").lines)

    def test_handed_directory_cannot_be_a_link(self):
        agent = self.helper()
        agent.run("ln -s /run/mayfly /workspace/link")
        end = agent.run("true", frame("O", "/workspace/link"), frame("U", "1234:5678"))
        self.assertEqual("E", end.kind)
        self.assertIn("/workspace/link", end.text)

    def test_memory_and_descriptors_of_the_agent_are_closed_to_the_user(self):
        end = self.helper().run(
            "cat /proc/1/environ /proc/1/mem; ls /proc/1/fd; kill -9 1", frame("U", "1234:5678")
        )
        self.assertEqual(4, sum("ermi" in line for line in end.lines), end.lines)

    def test_descendants_of_the_user_are_signalled_and_gone(self):
        agent = self.helper()
        agent.send(
            frame("U", "1234:5678"),
            frame("P", "setsid sh -c 'trap \"\" TERM; echo up; while :; do sleep 0.1; done' & wait"),
            frame("Z"),
            frame("R"),
        )
        self.assertEqual(("O", b"up\n"), agent.receive())
        agent.send(frame("K", b"\x0f"))
        end = agent.answer()
        self.assertEqual("code=143 oom=0", end.text)
        self.assert_alone(agent)

    def test_survivors_that_may_not_be_killed_are_told_within_the_bound(self):
        agent = self.helper(capabilities=("CHOWN", "SETUID", "SETGID"))
        begin = time.monotonic()
        end = agent.run(
            "echo before; setsid sh -c 'sleep 60; true' & sleep 0.3; exit 3", frame("U", "1234:5678")
        )
        self.assertEqual((b"before\n", "code=3 oom=0 survivors=2"), (end.output, end.text))
        self.assertLess(time.monotonic() - begin, 13)
        agent.close_input()
        self.eventually("the container has ended", lambda: not self.container.is_running(), 3)

    def test_user_cannot_be_changed_without_the_capability(self):
        end = self.helper(capabilities=("CHOWN", "KILL")).run("true", frame("U", "1234:5678"))
        self.assertEqual("E", end.kind)
        self.assertIn("groups of the step's user: Operation not permitted", end.text)


class BareImageTest(ContainerTestCase):
    """An image that holds nothing: the agent's directory is a volume filled from its own image."""

    @classmethod
    def setUpClass(cls):
        tar = io.BytesIO()
        with tarfile.open(fileobj=tar, mode="w") as archive:
            for path in ("tmp", "workspace"):
                directory = tarfile.TarInfo(path)
                directory.type, directory.mode = tarfile.DIRTYPE, 0o755
                archive.addfile(directory)
        done = docker("import", "--change", f"LABEL {LABEL}={RUN}", "-", input=tar.getvalue())
        cls.bare = done.stdout.decode().strip()
        cls.addClassCleanup(docker, "image", "rm", cls.bare)
        cls.volume = f"mayfly-agent-test-{RUN}"
        docker("volume", "create", "--label", f"{LABEL}={RUN}", cls.volume)
        cls.addClassCleanup(docker, "volume", "rm", cls.volume)
        # Creating a container of the agent's image is what fills the volume.
        filler = docker(
            "create", "--label", f"{LABEL}={RUN}", "--volume", f"{cls.volume}:/opt/mayfly", image()
        ).stdout.strip()
        docker("rm", filler)

    def start(self, *arguments, **options):
        where = ["--volume", f"{self.volume}:/opt/mayfly:ro", "--entrypoint", "/opt/mayfly/mayfly-agent"]
        return super().start(*arguments, of=self.bare, options=where, **options)

    def test_missing_shell_is_told_at_once_and_for_each_script(self):
        agent = self.start()
        self.assertEqual("", agent.hello()["shell"])
        end = agent.run("echo never")
        self.assertEqual("E", end.kind)
        for word in ("no shell", "bash and sh", "PATH", "/bin", "/usr/bin"):
            self.assertIn(word, end.text)

    def test_program_runs_without_a_shell(self):
        agent = self.ready()
        agent.send(frame("A", "/opt/mayfly/mayfly-agent"), frame("A", "--health"), frame("R"))
        self.assertEqual("code=0 oom=0", agent.answer().text)

    def test_command_that_needs_a_shell_is_refused_too(self):
        agent = self.ready()
        agent.send(frame("A", "/opt/mayfly/mayfly-agent"), frame("P", "x"), frame("R"))
        self.assertEqual("E", agent.answer().kind)


class ConfigurationTest(ContainerTestCase):
    def test_nothing_of_a_job_is_in_the_container_s_configuration(self):
        agent = self.ready()
        agent.send(
            frame("V", "TOKEN=canary-4711"),
            frame("F", b"s\0canary-4711"),
            frame("P", "echo canary-4711; sleep 30"),
            frame("R"),
        )
        agent.receive()
        inspected = docker("inspect", self.container.name).stdout
        self.assertIn("mayfly-agent", inspected)
        self.assertNotIn("canary", inspected)
        self.assertNotIn("canary", docker("top", self.container.name, "-ef").stdout)


if __name__ == "__main__":
    unittest.main()
