"""What the image holds, and what its build does when there is nothing to do."""

import json
import os
import subprocess
import time
import unittest

from agent_stream import AGENT_IMAGE, TimedTestCase, frame
from engine import LABEL, RUN, Container, docker, image, version


class ImageTest(TimedTestCase):
    @classmethod
    def setUpClass(cls):
        cls.image = image()
        cls.configuration = json.loads(docker("image", "inspect", cls.image).stdout)[0]["Config"]

    def look(self, script):
        """Runs a script as root, who sees everything, with bash and without the agent."""
        done = docker(
            "run",
            "--rm",
            "--network",
            "none",
            "--read-only",
            "--log-driver",
            "none",
            "--label",
            f"{LABEL}={RUN}",
            "--user",
            "0:0",
            "--entrypoint",
            "bash",
            self.image,
            "-c",
            script,
        )
        return done.stdout.splitlines()

    def test_it_runs_the_agent_as_an_ordinary_user(self):
        self.assertEqual("1000:1000", self.configuration["User"])
        self.assertEqual(["/opt/mayfly/mayfly-agent"], self.configuration["Entrypoint"])
        self.assertIsNone(self.configuration.get("Cmd"))
        self.assertIn("HOME=/workspace/home", self.configuration["Env"])
        self.assertEqual(["job:x:1000:1000::/workspace/home:/bin/bash"], self.look("getent passwd 1000"))

    def test_labels_tell_version_and_protocol(self):
        labels = self.configuration["Labels"]
        self.assertEqual("1", labels["dev.mayfly.agent.protocol"])
        self.assertEqual(version(), labels["org.opencontainers.image.version"])
        self.assertRegex(labels["dev.mayfly.agent.inputs"], "^[0-9a-f]{64}$")

    def test_nothing_raises_privileges(self):
        self.assertEqual([], self.look("find / -xdev -perm /6000"))

    def test_the_agent_s_directory_holds_nothing_else(self):
        self.assertEqual(
            [
                "/opt/mayfly root root 755",
                "/opt/mayfly/mayfly-agent root root 555",
                "/opt/mayfly/mayfly-mask -> mayfly-agent",
            ],
            self.look(
                "find /opt/mayfly ! -type l -exec stat -c '%n %U %G %a' {} + | sort;"
                "find /opt/mayfly -type l -printf '%p -> %l\\n'"
            ),
        )

    def test_the_agent_needs_no_library(self):
        self.assertEqual(
            ["EXEC or DYN", "no interpreter"],
            self.look(
                "readelf -hW /opt/mayfly/mayfly-agent | grep -qE 'Type: +(EXEC|DYN)' && echo EXEC or DYN; readelf -lW /opt/mayfly/mayfly-agent | grep -q INTERP || echo no interpreter"
            ),
        )

    def test_mount_points_exist(self):
        self.assertEqual(
            [
                "/run/mayfly root 755",
                "/run/secrets root 755",
                "/workspace job 755",
                "/workspace/home job 755",
            ],
            self.look("stat -c '%n %U %a' /run/mayfly /run/secrets /workspace /workspace/home"),
        )

    def test_no_leftovers_of_the_build(self):
        self.assertEqual(
            [],
            self.look(
                "find /tmp /var/tmp /var/log /var/lib/apt/lists /var/cache/apt -mindepth 1; ls -d /etc/apt/apt.conf.d/*mmdebstrap /usr/share/man/man1 2>/dev/null;"
                "find /usr/share/doc -type f ! -name copyright; ls /etc/machine-id 2>/dev/null; true"
            ),
        )

    def test_packages_are_those_of_the_lock(self):
        with open(os.path.join(AGENT_IMAGE, "packages.lock"), encoding="utf-8") as lock:
            locked = [line.split("=")[0] for line in lock.read().splitlines() if not line.startswith("#")]
        self.assertEqual(sorted(locked), sorted(self.look("dpkg-query --show --showformat '${Package}\\n'")))

    def test_each_direct_package_is_installed(self):
        with open(os.path.join(AGENT_IMAGE, "packages.list"), encoding="utf-8") as direct:
            names = [line.strip() for line in direct if line.strip() and not line.startswith("#")]
        self.assertGreater(len(names), 10)
        self.assertEqual(
            [f"{name} installed" for name in names],
            self.look(
                "dpkg-query --show --showformat '${Package} ${db:Status-Status}\\n' " + " ".join(names)
            ),
        )

    def test_it_builds_and_tests_a_project_without_a_network(self):
        agent = Container(self).agent
        agent.hello()
        end = agent.run("""
            set -e
            mkdir -p ~ && cd ~
            git init -q project && cd project
            git config user.email builder@example.org && git config user.name Builder
            printf 'int twice(int n) { return 2 * n; }\\n' >twice.c
            printf '#include <stdio.h>\\nint twice(int);\\nint main(void) { printf("%%d\\\\n", twice(21)); return twice(21) != 42; }\\n' >test.c
            printf 'test: prog\\n\\t./prog\\nprog: twice.c test.c\\n\\tgcc -O2 -Wall -Werror -o $@ $^\\n' >Makefile
            git add . && git commit -qm first
            cd .. && git clone -q project clone && cd clone && make -s test
            cd .. && tar -cJf a.tar.xz clone && zip -qr a.zip clone && unzip -tq a.zip && curl --version | head -c 4
            """)
        self.assertEqual(0, end.code, end)
        self.assertEqual(["42", "No errors detected in compressed data of a.zip.", "curl"], end.lines)

    def test_workspace_of_another_user_is_no_attack_to_git(self):
        agent = Container(
            self,
            user="0:0",
            owner="1000:1000",
            capabilities=("CHOWN", "SETUID", "SETGID", "KILL", "DAC_OVERRIDE"),
        ).agent
        agent.hello()
        agent.run("git init -q /workspace/project", frame("U", "1000:1000"), frame("V", "HOME=/tmp"))
        end = agent.run("git -C /workspace/project status --short --branch", frame("V", "HOME=/tmp"))
        self.assertEqual((0, ["## No commits yet on master"]), (end.code, end.lines[:1]))


class BuildTest(TimedTestCase):
    script = os.path.join(AGENT_IMAGE, "build.sh")

    def test_second_build_does_nothing(self):
        before = docker("image", "inspect", "--format", "{{.Id}}", image()).stdout
        begin = time.monotonic()
        done = subprocess.run([self.script], check=True, capture_output=True, text=True)
        self.assertLess(time.monotonic() - begin, 10)
        self.assertRegex(
            done.stdout, r"\S+: \d+ MB, \d+ packages, base \S+, nothing has changed"
        )
        self.assertEqual(before, docker("image", "inspect", "--format", "{{.Id}}", image()).stdout)

    def test_help_and_usage(self):
        done = subprocess.run([self.script, "--help"], check=True, capture_output=True, text=True)
        for word in ("--force", "--locked", "--relock", "MAYFLY_AGENT_BASE"):
            self.assertIn(word, done.stdout)
        self.assertEqual(
            64, subprocess.run([self.script, "--no-such"], check=False, capture_output=True).returncode
        )

    def test_engine_that_does_not_answer_is_named(self):
        done = subprocess.run(
            [self.script],
            check=False,
            capture_output=True,
            text=True,
            env={**os.environ, "DOCKER_HOST": "unix:///nonexistent.sock"},
        )
        self.assertEqual(1, done.returncode)
        self.assertIn("unix:///nonexistent.sock", done.stderr)


if __name__ == "__main__":
    unittest.main()
