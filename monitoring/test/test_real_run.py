"""A real Prometheus scrapes a real daemon that runs jobs of each outcome, and every panel and rule is asked.

Needs the built daemon (MAYFLY_COMMAND, or what the build has made), an engine, the agent image, and the
programs prometheus, promtool and openssl.
"""

import json
import os
import re
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

from monitoring import MONITORING, ROOT, metric_of, metrics, panels

MAYFLY = os.environ.get("MAYFLY_COMMAND", str(ROOT / "runner-daemon/target/dist/bin/mayfly"))
AGENT = os.environ.get("MAYFLY_AGENT_IMAGE", "mayfly/agent:0.1.0")
PATIENCE_SECONDS = 120
SECRET = "canary-of-the-dashboards"

# Panels that show nothing in this run, each with the reason. They are asked all the same.
EMPTY_BY_NATURE = {
    "Pauses for garbage": "a small daemon may not collect garbage in a short run",
    "Uses of secrets": "counted of Vault; this host has the embedded file",
}

# Metrics that do not appear in this run, each with the reason.
NOT_COUNTED = {
    "mayfly_secret_uses_total": "counted of Vault; this host has the embedded file",
    "jvm_gc_pause_seconds": "a small daemon may not collect garbage in a short run",
}

# Alerts that this run must raise in reality: they need no wait.
RAISED = {"MayflySecretPrinted"}

JOBS = {
    "passed": "{pool: trusted, script: ['echo a job that passes']}",
    "failed": "{pool: trusted, script: [exit 3]}",
    "timed-out": "{pool: trusted, timeout: 1s, script: [sleep 600]}",
    "cancelled": "{pool: trusted, script: [sleep 600]}",
    "faulted": "{pool: trusted, image: '127.0.0.1:1/none:1', script: [exit 0]}",
    "out-of-memory": "{pool: trusted, resources: {memory: 32MiB}, script: ['head -c 200000000 /dev/zero | tail -c"
    " 150000000 > /dev/null']}",
    "out-of-disk": "{pool: trusted, resources: {disk: 32MiB}, script: ['head -c 100M /dev/zero > large; sleep 600']}",
    "printed": "{pool: trusted, secrets: {TOKEN: deploy}, script: [cat /run/secrets/TOKEN]}",
}

def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def until(what, holds):
    deadline = time.monotonic() + PATIENCE_SECONDS
    last = None
    while time.monotonic() < deadline:
        try:
            found = holds()
            if found:
                return found
        except (OSError, urllib.error.URLError) as error:
            last = error
        time.sleep(0.5)
    raise AssertionError(f"not within {PATIENCE_SECONDS} s: {what} ({last})")


class RealRunTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory(prefix="mayfly-monitoring-")
        cls.addClassCleanup(cls.folder.cleanup)
        cls.work = Path(cls.folder.name)
        cls.api, cls.prometheus = free_port(), free_port()
        cls.certificate()
        (cls.work / "policy.yaml").write_text(
            """
mode: report
rules:
  - {name: no-images-of-this-host, when: "job.image.startsWith('127.0.0.1')", effect: deny, message: use another}
"""
        )
        cls.config = cls.work / "mayfly.yaml"
        cls.config.write_text(
            f"""
daemon: {{state_dir: {cls.work}/state, drain_timeout: 1s}}
api: {{listen: "127.0.0.1:{cls.api}"}}
agent: {{image: "{AGENT}"}}
pools:
  - {{name: trusted, slots: 4, egress: {{mode: open}}, timeout: 5m, memory: 256MiB, tmp: 64MiB, pids: 128, pull_policy: [if-not-present]}}
  - {{name: elsewhere, slots: 1, engine: {{host: "tcp://127.0.0.1:1", cert_dir: {cls.work}/engine}}}}
policy: {{files: [policy.yaml]}}
sources:
  local: {{feeds: [trusted, elsewhere], default: trusted}}
"""
        )
        subprocess.run(
            [MAYFLY, "secret", "set", "deploy", "--config", cls.config, "--pool", "trusted"],
            input=SECRET.encode(),
            check=True,
            stdout=subprocess.DEVNULL,
        )
        cls.start("mayfly", MAYFLY, "daemon", "--config", cls.config)
        until("the daemon answers", lambda: cls.fetch(cls.api, "/healthz"))
        (cls.work / "prometheus.yml").write_text(
            f"""
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: ["{MONITORING}/rules/*.yml"]
scrape_configs:
  - job_name: mayfly
    static_configs: [{{targets: ["127.0.0.1:{cls.api}"]}}]
"""
        )
        cls.start(
            "prometheus",
            "prometheus",
            f"--config.file={cls.work}/prometheus.yml",
            f"--storage.tsdb.path={cls.work}/tsdb",
            f"--web.listen-address=127.0.0.1:{cls.prometheus}",
            "--enable-feature=exemplar-storage",
        )
        # Zeros before the first job: an increase is seen from the first sample on.
        until("a first scrape", lambda: cls.query('mayfly_pool_healthy{pool="trusted"} == 1'))
        cls.token = (cls.work / "state/api.token").read_text().strip()
        cls.run_jobs()
        cls.settled()

    @classmethod
    def certificate(cls):
        """For an engine that is not there: when a certificate ends is known all the same."""
        folder = cls.work / "engine"
        folder.mkdir()
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
            + ["-days", "30", "-subj", "/CN=engine", "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
            check=True,
            capture_output=True,
        )
        (folder / "ca.pem").write_bytes((folder / "cert.pem").read_bytes())

    @classmethod
    def start(cls, name, *command):
        log = open(cls.work / f"{name}.log", "wb")
        process = subprocess.Popen(list(map(str, command)), stdout=log, stderr=subprocess.STDOUT)

        def stop():
            process.terminate()
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            log.close()

        cls.addClassCleanup(stop)

    @classmethod
    def fetch(cls, port, path, headers=None, body=None):
        request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data=body, headers=headers or {})
        with urllib.request.urlopen(request, timeout=20) as answer:
            cls.content_type = answer.headers["Content-Type"]
            return answer.read().decode()

    @classmethod
    def ask(cls, path, **parameters):
        return json.loads(cls.fetch(cls.prometheus, f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}"))["data"]

    @classmethod
    def query(cls, expression):
        return cls.ask("query", query=expression)["result"]

    @classmethod
    def run_jobs(cls):
        headers = {"Authorization": f"Bearer {cls.token}", "Content-Type": "application/yaml"}
        ids = {}
        for name, document in JOBS.items():
            ids[name] = json.loads(cls.fetch(cls.api, "/api/v1/jobs", headers, document.encode()))["id"]

        def job(name):
            return json.loads(cls.fetch(cls.api, f"/api/v1/jobs/{ids[name]}", headers))
        until("the job to cancel runs", lambda: job("cancelled")["phase"] == "running")
        cls.fetch(cls.api, f"/api/v1/jobs/{ids['cancelled']}/cancel", headers, b"{}")
        for name in JOBS:
            until(f"the {name} job is over", lambda: job(name)["phase"] == "finished")
        cls.ids = ids

    @classmethod
    def settled(cls):
        """Prometheus has seen the end of each job, and has recorded it."""
        until(
            "all jobs counted",
            lambda: [float(one["value"][1]) for one in cls.query("sum(mayfly_jobs_finished_total)")] == [len(JOBS)],
        )
        until("what is recorded", lambda: cls.query("pool:mayfly_jobs_failed_by_us:ratio_rate3d"))

    def test_each_outcome_is_counted(self):
        counted = {
            one["metric"]["outcome"]: float(one["value"][1])
            for one in self.query("sum by (outcome) (mayfly_jobs_finished_total) > 0")
        }
        expected = {name: 1.0 for name in JOBS if name != "printed"}
        expected["passed"] = 2.0
        self.assertEqual(expected, counted)

    def test_readiness_names_the_pool_whose_engine_is_down(self):
        with self.assertRaises(urllib.error.HTTPError) as answer:
            self.fetch(self.api, "/readyz")
        with answer.exception as error:
            self.assertEqual(503, error.code)
            told = json.loads(error.read())
        self.assertFalse(told["ok"])
        self.assertEqual(1, len(told["reasons"]), told)
        self.assertTrue(told["reasons"][0].startswith("pool elsewhere: "), told)
        healthy = {one["metric"]["pool"]: one["value"][1] for one in self.query("mayfly_pool_healthy")}
        self.assertEqual({"trusted": "1", "elsewhere": "0"}, healthy)

    def test_what_is_about_to_end_is_known_to_the_day(self):
        ends = self.query('(mayfly_credential_expiry_timestamp_seconds{kind="certificate"} - time()) / 86400')
        self.assertEqual(
            {"engine/elsewhere", "engine/elsewhere-authority"}, {one["metric"]["of"] for one in ends}
        )
        for one in ends:
            self.assertAlmostEqual(30, float(one["value"][1]), delta=0.1)

    def test_every_metric_of_the_page_is_counted_and_no_other(self):
        known = metrics()
        names = re.findall(r"^([a-z_0-9]+)[{ ]", self.fetch(self.api, "/metrics"), re.MULTILINE)
        seen = {name: metric_of(name, known) for name in names}
        late = re.compile(r"jvm_gc_(pause|concurrent_phase_time)_seconds")
        self.assertEqual([], [name for name, metric in seen.items() if metric is None and not late.match(name)])
        self.assertEqual(set(), set(known) - set(seen.values()) - set(NOT_COUNTED))
        self.assertLessEqual(set(NOT_COUNTED), set(known))

    def test_every_panel_shows_something(self):
        empty = []
        for board, panel, expression in panels():
            query = re.sub(r"\$(instance|pool)", ".*", expression)
            query = query.replace("$__rate_interval", "2m").replace("$__range", "10m")
            if not self.query(query) and panel not in EMPTY_BY_NATURE:
                empty.append(f"{board}: {panel}: {query}")
        self.assertEqual([], empty)
        self.assertLessEqual(set(EMPTY_BY_NATURE), {panel for _, panel, _ in panels()})

    def test_every_rule_is_evaluated(self):
        rules = [rule for group in self.ask("rules")["groups"] for rule in group["rules"]]
        self.assertGreater(len(rules), 30)
        for rule in rules:
            self.assertEqual(("ok", ""), (rule["health"], rule.get("lastError", "")), rule["name"])

    def test_a_printed_secret_raises_its_alert_and_nothing_else_does(self):
        def firing():
            # Those that wait may fire for good reasons in a run that takes long.
            rules = [rule for group in self.ask("rules", type="alert")["groups"] for rule in group["rules"]]
            return {rule["name"] for rule in rules if rule["state"] == "firing" and rule["duration"] == 0}

        until("the alert", lambda: firing() >= RAISED)
        self.assertEqual(RAISED, firing())

    def test_exemplars_name_the_jobs(self):
        now = time.time()
        series = self.ask("query_exemplars", query="mayfly_job_phase_seconds_bucket", start=now - 600, end=now + 60)
        named = {one["labels"]["trace_id"] for entry in series for one in entry["exemplars"]}
        self.assertTrue(named)
        self.assertLessEqual(named, set(self.ids.values()))

    def test_names_and_units_follow_prometheus_conventions(self):
        text = self.fetch(self.api, "/metrics")
        self.assertTrue(self.content_type.startswith("text/plain; version=0.0.4"))
        # What the Java machine shows of itself is named by the library.
        ours = "\n".join(line for line in text.splitlines() if re.match(r"(# (HELP|TYPE) )?mayfly_", line)) + "\n"
        result = subprocess.run(["promtool", "check", "metrics"], input=ours, capture_output=True, text=True)
        self.assertEqual(("", 0), (result.stdout + result.stderr, result.returncode))
        whole = subprocess.run(["promtool", "check", "metrics"], input=text, capture_output=True, text=True)
        self.assertNotIn("error while linting", whole.stderr)

    def test_no_secret_and_no_job_is_in_a_scrape(self):
        text = self.fetch(self.api, "/metrics")
        self.assertNotIn(SECRET, text)
        for job in self.ids.values():
            self.assertNotIn(job, text)


if __name__ == "__main__":
    unittest.main()
