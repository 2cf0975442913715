"""Installs, operates, upgrades, removes and purges the package in a Debian that has booted with systemd.

    .ci/package deb rpm tar && .ci/python-tests config/package/test target/test/package

The classes run in the order of their names, since they are the life of one host; the tests of a class do not depend
on each other.
"""

import atexit
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
PACKAGES = ROOT / "target/package"
TREE = PACKAGES / "tree"
CONFIG = "/etc/mayfly/mayfly.yaml"
SECRET = "correct-horse-battery-staple"
LIMIT_SECONDS = 120
# What a host keeps of a package besides its own files: lists, logs and caches of other programs.
NOT_OURS = ("/proc", "/sys", "/dev", "/run", "/tmp", "/root", "/var/lib/docker", "/var/lib/containerd", "/var/log",
            "/var/lib/dpkg", "/var/lib/apt", "/var/cache", "/var/lib/systemd", "/var/tmp")
# Rewritten whenever a user is added or removed, with a copy of what was there before.
REWRITTEN = re.compile(r"/etc/(passwd|group|shadow|gshadow|subuid|subgid)-?|/etc/\.(pwd\.lock|updated)|/var/\.updated")

# Posts a job to the GitLab of the tests, and prints its log until it is over.
POST = "import sys, urllib.request as http; print(http.urlopen(sys.argv[1], sys.stdin.buffer.read()).read().decode())"

host = None
gitlab = None
lintian = None


def only(pattern):
    found = sorted(PACKAGES.glob(pattern))
    if len(found) != 1:
        raise AssertionError(f"{PACKAGES} has {len(found)} of {pattern}, must be one: .ci/package deb rpm tar makes it")
    return found[0]


def output(*command, **options):
    return subprocess.run(command, check=True, capture_output=True, text=True, **options).stdout


class Said:
    """What a command printed, and how it ended."""

    def __init__(self, run):
        self.code, self.out, self.err = run.returncode, run.stdout, run.stderr

    def __repr__(self):
        return f"exit code {self.code}\n{self.out}{self.err}"


class Host:
    """A Debian in which everything is done for real."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="mayfly-package-", dir="/var/tmp")) / "debian"
        self._script("start")

    def _script(self, verb, *command, **options):
        return subprocess.run([ROOT / ".ci/debian", verb, self.folder, *command], timeout=600, text=True, **options)

    def try_(self, *command, given=None):
        return Said(self._script("exec", *command, input=given or "", capture_output=True))

    def run(self, *command, given=None):
        said = self.try_(*command, given=given)
        if said.code != 0:
            raise AssertionError(f"{' '.join(command)}: {said}")
        return said.out

    def net(self, *command, given=None):
        """Runs a program of this machine in the host's network."""
        return self._script("net", *command, input=given or "", capture_output=True, check=True).stdout

    def write(self, path, text):
        self.run("sh", "-c", 'mkdir -p "$(dirname "$1")" && cat >"$1"', "sh", path, given=text)

    def bring(self, file):
        """Puts a file of this machine into /root."""
        shutil.copyfile(file, self.folder / "root/root" / file.name)
        return f"/root/{file.name}"

    def install(self, package):
        return self.run("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c",
                        'apt-get install -y -o Dpkg::Options::=--force-confold "$1" 2>&1', "sh", package)

    def property(self, name):
        return self.run("systemctl", "show", "--value", "--property", name, "mayfly").strip()

    def journal(self, *match):
        lines = self.run("journalctl", "--unit=mayfly", "--output=json", "--no-pager", *match)
        return [json.loads(line) for line in lines.splitlines()]

    def cursor(self):
        last = self.run("journalctl", "--lines=0", "--show-cursor", "--no-pager")
        return "--after-cursor=" + last.split("-- cursor: ")[1].strip()

    def job(self, text):
        """Submits a job and returns its id."""
        self.write("/root/job.yaml", text)
        return self.run("mayfly", "submit", "/root/job.yaml").strip()

    def follow(self, text):
        self.write("/root/job.yaml", text)
        return self.try_("mayfly", "submit", "--follow", "/root/job.yaml")

    def files(self):
        prune = " -o ".join(f"-path {path}" for path in NOT_OURS)
        found = self.run("sh", "-c", f"find / \\( {prune} \\) -prune -o -print")
        return {line for line in found.splitlines() if not REWRITTEN.fullmatch(line)}

    def containers(self):
        return self.run("docker", "ps", "--all", "--quiet", "--filter", "label=dev.mayfly.daemon").split()

    def stop(self):
        self._script("stop")
        self.folder.parent.rmdir()


def eventually(what, condition, seconds=LIMIT_SECONDS):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not in {seconds} s: {what}\n{host.try_('systemctl', 'status', 'mayfly').out}")
        time.sleep(0.3)


def running(job):
    return lambda: "RUNNING" in [line.get("MAYFLY_PHASE") for line in host.journal(f"MAYFLY_JOB={job}")]


def setUpModule():
    global host, gitlab, lintian
    atexit.register(end)  # also when somebody interrupts the tests
    deb = only("mayfly_*.deb")
    lintian = subprocess.Popen(["nice", "-n", "15", "lintian", "--fail-on", "error,warning", "--allow-root", deb],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    host = Host()
    host.before = host.files()
    host.deb = host.bring(deb)
    # It is compiled meanwhile, and serves in the host's network.
    gitlab = subprocess.Popen(["nice", "-n", "15", ROOT / ".ci/gitlab-stub"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, text=True,
                              env={**os.environ, "MAYFLY_STUB_DEBIAN": str(host.folder)})


def tearDownModule():
    end()


def end():
    global host, gitlab, lintian
    if lintian is not None and lintian.poll() is None:
        lintian.kill()
    if gitlab is not None:
        gitlab.terminate()
        gitlab.communicate(timeout=60)
    if host is not None:
        host.stop()
    host = gitlab = lintian = None


class Test1Installed(unittest.TestCase):
    """Right after the installation, before anybody has allowed anything."""

    @classmethod
    def setUpClass(cls):
        cls.said = host.install(host.deb)

    def test_nothing_is_started_and_what_comes_next_is_said(self):
        self.assertIn("mayfly: installed and not started", self.said)
        self.assertEqual("inactive", host.property("ActiveState"))
        self.assertEqual("disabled", host.property("UnitFileState"))

    def test_agent_image_is_loaded_into_the_engine(self):
        self.assertIn("mayfly/agent:", host.run("docker", "image", "ls", "--format", "{{.Repository}}:{{.Tag}}"))

    def test_user_owns_its_state_and_may_use_no_engine(self):
        self.assertRegex(host.run("id", "mayfly"), r"^uid=\d+\(mayfly\) gid=\d+\(mayfly\) groups=\d+\(mayfly\)\n$")
        self.assertTrue(host.run("getent", "passwd", "mayfly").endswith(":/var/lib/mayfly:/usr/sbin/nologin\n"))
        self.assertEqual("700 mayfly:mayfly\n", host.run("stat", "-c", "%a %U:%G", "/var/lib/mayfly"))

    def test_configuration_is_for_root_and_the_group_alone(self):
        self.assertEqual("2770 root:mayfly\n", host.run("stat", "-c", "%a %U:%G", "/etc/mayfly"))
        self.assertEqual("660 root:mayfly\n", host.run("stat", "-c", "%a %U:%G", CONFIG))
        self.assertIn(CONFIG, host.run("dpkg-query", "--show", "--showformat", "${Conffiles}", "mayfly"))

    def test_doctor_says_what_is_missing(self):
        said = host.try_("mayfly", "doctor")
        self.assertNotEqual(0, said.code)
        self.assertIn("docker", said.out + said.err)
        self.assertEqual("mayfly\n", host.run("sh", "-c", "find /var/lib/mayfly -printf '%u\\n' | sort -u"))

    def test_every_command_has_a_manual_page_and_completion(self):
        pages = host.run("ls", "/usr/share/man/man1").split()
        for page in ("mayfly.1.gz", "mayfly-drain.1.gz", "mayfly-secret-set.1.gz"):
            self.assertIn(page, pages)
        done = host.run("bash", "-c", ". /usr/share/bash-completion/completions/mayfly; COMP_WORDS=(mayfly dra); "
                        "COMP_CWORD=1; _complete_mayfly; echo ${COMPREPLY[@]}")
        self.assertEqual("drain\n", done)

    def test_unit_is_without_mistakes(self):
        self.assertEqual("", host.run("sh", "-c", "systemd-analyze verify --man=no mayfly.service 2>&1"))

    def test_exposure_is_at_most_two(self):
        table = host.run("systemd-analyze", "security", "--no-pager", "mayfly")
        exposure = float(re.search(r"exposure level for mayfly.service: ([0-9.]+)", table).group(1))
        self.assertLessEqual(exposure, 2.0, table)

    def test_version_needs_no_java_of_the_host(self):
        self.assertEqual("", host.run("sh", "-c", "command -v java || true"))
        self.assertRegex(host.run("mayfly", "--version"), r"^mayfly \d+\.\d+\.\d+")

    def test_package_verifies(self):
        # The mode and group of the configuration are changed on purpose, its content is not.
        self.assertEqual("", host.run("dpkg", "--verify", "mayfly"))


class Test2InService(unittest.TestCase):
    """Enabled, with the engine's group."""

    @classmethod
    def setUpClass(cls):
        host.run("usermod", "--append", "--groups", "docker", "mayfly")
        host.run("systemctl", "enable", "--now", "mayfly")

    def setUp(self):
        # The tests start it more often than the limit of the unit allows.
        host.run("systemctl", "reset-failed", "mayfly")
        eventually("the service runs", lambda: host.property("ActiveState") == "active")

    def test_start_returns_when_the_daemon_is_ready(self):
        host.run("systemctl", "restart", "mayfly")
        self.assertEqual(0, host.try_("mayfly", "status").code)
        self.assertEqual("taking jobs, running: 0", host.property("StatusText"))

    def test_process_has_no_rights_of_root(self):
        pid = host.property("MainPID")
        status = dict(line.split(":\t", 1) for line in host.run("cat", f"/proc/{pid}/status").splitlines()
                      if ":\t" in line)
        self.assertEqual(host.run("id", "-u", "mayfly").strip(), status["Uid"].split("\t")[0])
        for key in ("CapPrm", "CapEff", "CapBnd", "CapAmb"):
            self.assertEqual(0, int(status[key], 16), key)
        self.assertEqual(("1", "2"), (status["NoNewPrivs"], status["Seccomp"]))
        # PrivateUsers: it sees root, itself and nobody else.
        numbers = [line.split() for line in host.run("cat", f"/proc/{pid}/uid_map").splitlines()]
        self.assertEqual(["0", "1"], [numbers[0][0], numbers[0][2]])
        self.assertLess(sum(int(line[2]) for line in numbers), 3)

    def test_host_is_read_only_for_the_daemon(self):
        pid = host.property("MainPID")
        for path in ("/etc/mayfly/x", "/usr/x", "/home/x", "/root/x"):
            said = host.try_("nsenter", f"--target={pid}", "--mount", "touch", path)
            self.assertNotEqual(0, said.code, path)
            self.assertRegex(said.err, "Read-only file system|Permission denied|No such file")

    def test_job_gets_its_secret_and_shows_it_to_nobody(self):
        host.run("mayfly", "secret", "set", "deploy-token", "--pool", "untrusted", given=SECRET)
        said = host.follow("name: hello\nsecrets: {TOKEN: {ref: deploy-token, variable: true}}\n"
                           'script: ["echo length ${#TOKEN}", "echo $TOKEN"]\n')
        self.assertEqual(0, said.code, said)
        self.assertIn(f"\nlength {len(SECRET)}\n", said.out)
        self.assertIn("\n[MASKED]\n", said.out)
        self.assertNotIn(SECRET, said.out + said.err)
        self.assertNotIn(SECRET, host.run("journalctl", "--no-pager", "--output=verbose"))
        self.assertEqual([], host.containers())

    def test_job_of_a_gitlab_server_runs_with_its_secret(self):
        good = host.run("cat", CONFIG)
        said = next((line for line in gitlab.stdout if "glrt-" in line), "the tests' GitLab did not start")
        token = re.search(r"glrt-[\w.-]+", said).group()
        try:
            host.run("mayfly", "register", "--name", "stub", "--url", "http://localhost:9480", "--pool", "untrusted",
                     "--write", given=token + "\n")
            self.assertIn("http://localhost:9480", host.run("cat", CONFIG))
            host.run("systemctl", "restart", "mayfly")
            trace = host.net(sys.executable, "-c", POST, "http://127.0.0.1:9481/jobs?follow", given=f"""
                build:
                  variables:
                    TOKEN: {{value: {SECRET}, traits: masked}}
                  script: ["echo length ${{#TOKEN}}", "echo plain $TOKEN", "echo coded $(echo $TOKEN | base64)"]
                """)
            self.assertIn(f"O length {len(SECRET)}\n", trace)
            self.assertIn("O plain [MASKED]\n", trace)
            self.assertIn("O coded [MASKED]\n", trace)
            self.assertNotIn(SECRET, trace)
            self.assertIn("nothing is left\n", trace)
            self.assertRegex(trace, r"\njob \d+: success\n")
        finally:
            host.run("mayfly", "unregister", "stub")
            host.write(CONFIG, good)
            host.run("systemctl", "restart", "mayfly")

    def test_journal_finds_the_lines_of_a_job_by_its_field(self):
        job = host.job("name: hello\nscript: [echo hello]\n")
        eventually("the job is over",
                   lambda: "FINISHED" in [line.get("MAYFLY_PHASE") for line in host.journal(f"MAYFLY_JOB={job}")])
        line = next(line for line in host.journal(f"MAYFLY_JOB={job}") if line.get("MAYFLY_PHASE") == "RUNNING")
        self.assertEqual(("6", "mayfly", "untrusted"),
                         (line["PRIORITY"], line["SYSLOG_IDENTIFIER"], line["MAYFLY_POOL"]))
        self.assertEqual(f"job phase=RUNNING job={job} pool=untrusted", line["MESSAGE"])

    def test_broken_file_is_named_with_its_line_and_the_old_one_stays(self):
        good = host.run("cat", CONFIG)
        number = next(i for i, line in enumerate(good.splitlines(), 1) if "drain_timeout:" in line)
        since = host.cursor()
        try:
            host.run("sed", "-i", f"{number}s/.*/  drain_timeout: soon/", CONFIG)
            self.assertNotEqual(0, host.try_("systemctl", "reload", "mayfly").code)
            host.run("systemctl", "kill", "--kill-whom=main", "--signal=HUP", "mayfly")
            eventually("the daemon says what is wrong",
                       lambda: any("the running one stays" in line["MESSAGE"] for line in host.journal(since)))
            lines = [line for line in host.journal(since) if f"{CONFIG}:{number}:" in str(line["MESSAGE"])]
            self.assertGreaterEqual(len(lines), 2, "one of the command and one of the daemon")
            self.assertEqual("active", host.property("ActiveState"))
            self.assertIn("taking jobs", host.property("StatusText"))
        finally:
            host.write(CONFIG, good)
        host.run("systemctl", "reload", "mayfly")
        self.assertEqual("0", host.property("NRestarts"))

    def test_changed_limit_applies_to_the_next_job(self):
        good = host.run("cat", CONFIG)
        try:
            host.write(CONFIG, good.replace("  - name: untrusted\n", "  - name: untrusted\n    open_files: 321\n", 1))
            self.assertIn("pools.untrusted.open_files", host.run("mayfly", "reload"))
            self.assertIn("\n321\n", host.follow("name: limits\nscript: [ulimit -n]\n").out)
        finally:
            host.write(CONFIG, good)
            host.run("systemctl", "reload", "mayfly")

    def test_drained_host_stays_drained_over_a_restart(self):
        host.run("mayfly", "drain", "--wait", "1")
        host.run("systemctl", "restart", "mayfly")
        said = host.try_("mayfly", "status")
        self.assertEqual(1, said.code)
        self.assertIn("not ready  drained since", said.out)
        self.assertIn("ready\n", host.run("mayfly", "resume"))
        self.assertEqual(0, host.try_("mayfly", "status").code)

    def test_stop_waits_for_running_jobs(self):
        job = host.job('name: slow\nscript: ["sleep 6; echo finished"]\n')
        eventually("the job runs", running(job))
        host.run("systemctl", "stop", "mayfly")
        self.assertEqual("success", host.property("Result"))
        host.run("systemctl", "start", "mayfly")
        self.assertIn("outcome:   passed", host.run("mayfly", "job", job))
        self.assertEqual([], host.containers())

    def test_second_signal_cancels_running_jobs(self):
        job = host.job("name: endless\nscript: [sleep 600]\n")
        eventually("the job runs", running(job))
        since = host.cursor()
        host.run("systemctl", "stop", "--no-block", "mayfly")
        eventually("it drains", lambda: any("draining" in line["MESSAGE"] for line in host.journal(since)))
        host.run("systemctl", "kill", "--kill-whom=main", "mayfly")
        eventually("it has stopped", lambda: host.property("ActiveState") == "inactive", 60)
        host.run("systemctl", "start", "mayfly")
        self.assertIn("outcome:   cancelled", host.run("mayfly", "job", job))
        self.assertEqual([], host.containers())

    def test_watchdog_restarts_a_daemon_that_is_stuck(self):
        host.write("/run/systemd/system/mayfly.service.d/soon.conf",
                   "[Service]\nWatchdogSec=3s\nTimeoutAbortSec=5s\nRestartSec=100ms\n")
        try:
            host.run("systemctl", "daemon-reload")
            host.run("systemctl", "restart", "mayfly")
            first = host.property("MainPID")
            since = host.cursor()
            eventually("signs of life came for a while", lambda: len(host.journal(since)) == 0
                       and int(host.property("WatchdogTimestampMonotonic"))
                       > int(host.property("ExecMainStartTimestampMonotonic")) + 5_000_000, 30)
            self.assertEqual(first, host.property("MainPID"))
            host.run("kill", "-STOP", first)
            eventually("another process runs", lambda: host.property("MainPID") not in ("0", first)
                       and host.property("ActiveState") == "active")
            self.assertTrue(any("Watchdog timeout" in line["MESSAGE"] for line in host.journal(since)))
            self.assertEqual("1", host.property("NRestarts"))
        finally:
            host.run("rm", "-r", "/run/systemd/system/mayfly.service.d")
            host.run("systemctl", "daemon-reload")
            host.run("systemctl", "restart", "mayfly")

    def test_token_that_only_root_can_read_is_handed_over_by_systemd(self):
        good = host.run("cat", CONFIG)
        token = "a-token-of-the-test-0123456789abcdef"
        # Not with write: the package's folder and its mode are what is relied upon.
        host.run("install", "-m", "0600", "-D", "/dev/stdin", "/etc/mayfly/credentials/api.token", given=token + "\n")
        host.write("/run/systemd/system/mayfly.service.d/token.conf",
                   "[Service]\nLoadCredential=api.token:/etc/mayfly/credentials/api.token\n")
        try:
            host.write(CONFIG, good.replace("\napi:\n", "\napi:\n  token: ${credential:api.token}\n", 1))
            host.run("systemctl", "daemon-reload")
            host.run("systemctl", "restart", "mayfly")
            self.assertEqual("0600 0", host.run("stat", "-c", "0%a %u", "/etc/mayfly/credentials/api.token").strip())
            self.assertIn("ready", host.run("env", "CREDENTIALS_DIRECTORY=/etc/mayfly/credentials", "mayfly", "status"))
            # systemd 252 keeps credentials from the command of a reload.
            before = host.cursor()
            host.run("systemctl", "kill", "--kill-whom=main", "--signal=HUP", "mayfly")
            eventually("the configuration is read again", lambda: any(
                "reload" in str(line.get("MESSAGE", "")).lower() for line in host.journal(before)))
            self.assertEqual("active", host.property("ActiveState"))
            environment = host.run("cat", f"/proc/{host.property('MainPID')}/environ")
            self.assertNotIn(token, environment)
        finally:
            host.write(CONFIG, good)
            host.run("rm", "-r", "/run/systemd/system/mayfly.service.d", "/etc/mayfly/credentials")
            host.run("systemctl", "daemon-reload")
            host.run("systemctl", "restart", "mayfly")

    def test_daemon_whose_configuration_is_wrong_is_not_restarted(self):
        good = host.run("cat", CONFIG)
        try:
            host.run("sh", "-c", f"echo nonsense: true >>{CONFIG}")
            self.assertNotEqual(0, host.try_("systemctl", "restart", "mayfly").code)
            self.assertEqual(("failed", "78"), (host.property("ActiveState"), host.property("ExecMainStatus")))
            self.assertEqual("0", host.property("NRestarts"))
        finally:
            host.write(CONFIG, good)
            host.run("systemctl", "restart", "mayfly")

    def test_killed_daemon_comes_back_and_leaves_nothing_of_its_jobs(self):
        job = host.job("name: endless\nscript: [sleep 600]\n")
        eventually("the job runs", running(job))
        first = host.property("MainPID")
        host.run("kill", "-KILL", first)
        eventually("another process runs", lambda: host.property("MainPID") not in ("0", first)
                   and host.property("ActiveState") == "active")
        self.assertEqual([], host.containers())
        self.assertIn("outcome:   lost", host.run("mayfly", "job", job))


class Test3Upgraded(unittest.TestCase):
    """A newer package, whose configuration differs from the old one's and from what the operator made of it."""

    @classmethod
    def setUpClass(cls):
        newer = cls.newer()
        host.run("systemctl", "reset-failed", "mayfly")
        host.run("sed", "-i", "s/^    slots: 2$/    slots: 1/", CONFIG)
        cls.changed = host.run("cat", CONFIG)
        cls.job = host.job('name: slow\nscript: ["sleep 5; echo finished"]\n')
        eventually("the job runs", running(cls.job))
        cls.process = host.property("MainPID")
        cls.said = host.install(newer)

    @staticmethod
    def newer():
        with tempfile.TemporaryDirectory(dir="/var/tmp") as work:
            tree = f"{work}/tree"
            output("dpkg-deb", "--raw-extract", only("mayfly_*.deb"), tree)
            control = Path(tree, "DEBIAN/control")
            control.write_text(re.sub(r"^Version: .*$", r"\g<0>+newer", control.read_text(), flags=re.M))
            config = Path(tree + CONFIG)
            config.write_text("# The newer package says something else.\n" + config.read_text())
            package = Path(work, "newer.deb")
            output("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, package)
            return host.bring(package)

    def test_changed_configuration_is_kept(self):
        self.assertEqual(self.changed, host.run("cat", CONFIG))

    def test_running_job_ended_first(self):
        self.assertIn("mayfly: waiting for running jobs", self.said)
        self.assertIn("outcome:   passed", host.run("mayfly", "job", self.job))

    def test_newer_daemon_runs(self):
        self.assertEqual("active", host.property("ActiveState"))
        self.assertEqual("enabled", host.property("UnitFileState"))
        self.assertNotEqual(self.process, host.property("MainPID"))
        self.assertIn("+newer", host.run("dpkg-query", "--show", "mayfly"))

    def test_state_is_kept(self):
        said = host.follow("name: hello\nsecrets: {TOKEN: {ref: deploy-token, variable: true}}\n"
                           'script: ["echo length ${#TOKEN}"]\n')
        self.assertIn(f"\nlength {len(SECRET)}\n", said.out)

    def test_daemon_that_did_not_run_is_not_started_by_an_upgrade(self):
        host.run("systemctl", "stop", "mayfly")
        host.run("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c",
                 "apt-get install -y --reinstall /root/newer.deb 2>&1")
        self.assertEqual("inactive", host.property("ActiveState"))
        host.run("systemctl", "start", "mayfly")


class Test4Removed(unittest.TestCase):
    """Removed with a job running, then purged."""

    @classmethod
    def setUpClass(cls):
        job = host.job("name: slow\nscript: [sleep 4]\n")
        eventually("the job runs", running(job))
        host.run("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", "apt-get remove -y mayfly 2>&1")

    def test_1_engine_holds_nothing_of_it(self):
        self.assertEqual([], host.containers())
        self.assertEqual("", host.run("docker", "network", "ls", "--quiet", "--filter", "label=dev.mayfly.daemon"))
        self.assertEqual("", host.run("docker", "volume", "ls", "--quiet", "--filter", "label=dev.mayfly.daemon"))
        self.assertEqual("", host.run("docker", "image", "ls", "--quiet", "mayfly/agent"))

    def test_1_service_is_gone_and_configuration_and_state_are_not(self):
        self.assertEqual("not-found", host.property("LoadState"))
        self.assertIn("slots: 1", host.run("cat", CONFIG))
        self.assertIn("state.db", host.run("ls", "/var/lib/mayfly"))

    def test_2_purge_leaves_nothing(self):
        host.run("env", "DEBIAN_FRONTEND=noninteractive", "sh", "-c", "apt-get purge -y mayfly 2>&1")
        self.assertEqual(set(), host.files() - host.before)
        self.assertEqual(set(), host.before - host.files())
        self.assertNotEqual(0, host.try_("getent", "passwd", "mayfly").code)
        self.assertNotEqual(0, host.try_("getent", "group", "mayfly").code)
        self.assertNotIn("mayfly", host.run("getent", "group", "docker"))
        self.assertNotIn("mayfly", host.run("dpkg-query", "--list"))
        self.assertEqual([], host.run("sh", "-c", "ls -d /run/mayfly* 2>/dev/null || true").split())
        self.assertEqual("", host.run("systemctl", "list-units", "--all", "--no-legend", "mayfly*"))


class Test5OtherFormats(unittest.TestCase):
    """What is in the other packages; nothing here can install an .rpm for real."""

    @staticmethod
    def tree():
        """The files, by their path on a host."""
        return {f"/{path.relative_to(TREE)}" for path in TREE.rglob("*") if path.is_symlink() or not path.is_dir()}

    def test_lintian_has_no_complaint(self):
        said, _ = lintian.communicate(timeout=300)
        self.assertEqual(0, lintian.returncode, said)

    def test_rpm_has_the_same_files(self):
        rpm = only("mayfly-*.rpm")
        rows = [line.split(" ", 1) for line in
                output("rpm", "--query", "--package", "--queryformat", "[%{FILEMODES:octal} %{FILENAMES}\n]", rpm).splitlines()]
        files = {name for mode, name in rows if not stat.S_ISDIR(int(mode, 8))}
        self.assertEqual(self.tree(), files)
        modes = {name: mode[-4:] for mode, name in rows}
        self.assertEqual("0755", modes["/usr/lib/mayfly/bin/mayfly"])
        self.assertEqual("0640", modes[CONFIG])

    def test_rpm_keeps_the_configuration_and_asks_for_no_java(self):
        rpm = only("mayfly-*.rpm")
        self.assertEqual(CONFIG + "\n", output("rpm", "--query", "--package", "--configfiles", rpm))
        flags = output("rpm", "--query", "--package", "--queryformat", "[%{FILEFLAGS:fflags} %{FILENAMES}\n]", rpm)
        self.assertIn(f"cn {CONFIG}\n", flags)
        needs = output("rpm", "--query", "--package", "--requires", rpm)
        self.assertIn("systemd\n", needs)
        self.assertNotIn("java", needs)
        self.assertIn("digests OK", output("rpm", "--checksig", "--nosignature", rpm))

    def test_scripts_of_the_rpm_are_those_of_the_deb(self):
        rpm = only("mayfly-*.rpm")
        for script in ("PREIN", "POSTIN", "PREUN", "POSTUN", "POSTTRANS"):
            text = output("rpm", "--query", "--package", "--queryformat", "%{" + script + "}", rpm)
            self.assertIn("systemd_runs()", text, script)
            self.assertNotIn("@", re.sub(r'"\$@"', "", text), script)
            output("sh", "-n", input=text)

    def test_tar_has_the_same_files_for_root(self):
        tar = only("mayfly-*.tar.gz")
        files, owners = set(), set()
        for line in output("tar", "--list", "--verbose", "--numeric-owner", "--gzip", "--file", tar).splitlines():
            mode, owner, _, _, _, name = line.split(maxsplit=5)
            owners.add(owner)
            if not mode.startswith("d"):
                files.add(re.sub(r"^mayfly-[^/]+", "", name.split(" -> ")[0]))
        self.assertEqual(self.tree(), files)
        self.assertEqual({"0/0"}, owners)

    def test_tar_runs_where_it_is_unpacked(self):
        with tempfile.TemporaryDirectory() as folder:
            output("tar", "--extract", "--strip-components=1", "--file", only("mayfly-*.tar.gz"), "--directory", folder)
            environment = {"PATH": "/usr/bin:/bin", "HOME": folder}
            self.assertRegex(output(f"{folder}/usr/bin/mayfly", "--version", env=environment), r"^mayfly \d")


if __name__ == "__main__":
    unittest.main()
