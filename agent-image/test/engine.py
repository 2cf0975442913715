"""Containers for tests, on the engine that the docker command line talks to."""

import os
import re
import subprocess
import uuid

from agent_stream import AGENT_IMAGE, Agent

RUN = uuid.uuid4().hex[:12]
LABEL = "dev.mayfly.agent.test"


def docker(*arguments, check=True, limit=60, **options):
    return subprocess.run(
        ["docker", *arguments],
        check=check,
        timeout=limit,
        capture_output=True,
        text="input" not in options,
        **options,
    )


def version():
    with open(os.path.join(AGENT_IMAGE, "..", "pom.xml"), encoding="utf-8") as pom:
        return re.search(r"^  <version>(.*)</version>", pom.read(), re.MULTILINE).group(1)


def image():
    name = os.environ.get("MAYFLY_AGENT_IMAGE", f"mayfly/agent:{version()}")
    if docker("image", "inspect", name, check=False).returncode != 0:
        raise RuntimeError(f"there is no image {name}; build it: agent-image/build.sh")
    return name


class Container:
    """The options that the daemon starts containers with, as far as they concern the agent."""

    def __init__(
        self, test, *arguments, user="1000:1000", owner=None, capabilities=(), options=(), of=None, pids=64
    ):
        uid, gid = (owner or user).split(":")
        self.name = f"mayfly-agent-test-{uuid.uuid4().hex[:12]}"
        test.addCleanup(self.remove)
        owned = f"uid={uid},gid={gid}"
        command = ["docker", "run", "--interactive", "--name", self.name, "--label", f"{LABEL}={RUN}"]
        command += ["--user", user, "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"]
        for capability in capabilities:
            command += ["--cap-add", capability]
        command += ["--network", "none", "--log-driver", "none", "--pids-limit", str(pids)]
        command += ["--memory", "128m", "--memory-swap", "128m", "--ulimit", "core=0", "--ipc", "private"]
        command += ["--tmpfs", f"/run/secrets:rw,noexec,nosuid,nodev,size=8m,mode=0755,{owned}"]
        command += ["--tmpfs", f"/run/mayfly:rw,noexec,nosuid,nodev,size=8m,mode=0755,{owned}"]
        command += [
            "--tmpfs",
            f"/workspace:rw,exec,nosuid,nodev,size=32m,mode=0755,{owned}",
            "--tmpfs",
            "/tmp:rw,exec,nosuid,nodev,mode=1777,size=16m",
        ]
        self.agent = Agent([*command, *options, of or image(), *arguments])
        test.addCleanup(self.agent.dispose)

    def is_running(self):
        # A list, not an inspection: that waits while an attached client does not read.
        return docker("ps", "--quiet", "--filter", f"name={self.name}").stdout.strip() != ""

    def remove(self):
        docker("rm", "--force", "--volumes", self.name, check=False)


def leftovers():
    return docker("ps", "--all", "--quiet", "--filter", f"label={LABEL}={RUN}").stdout.split()
