"""Rules: Prometheus takes them, each alert was seen to fire and to stay silent, and says what to do."""

import re
import subprocess
import unittest

import yaml

from monitoring import RULES, RUNBOOKS, problems

TESTS = sorted((RULES / "tests").glob("*.yml"))


def rules(kind):
    for file in sorted(RULES.glob("*.yml")):
        for group in yaml.safe_load(file.read_text())["groups"]:
            for rule in group["rules"]:
                if kind in rule:
                    yield rule


def run(*command):
    return subprocess.run(["promtool", *map(str, command)], capture_output=True, text=True)


class RulesTest(unittest.TestCase):
    def test_prometheus_takes_the_rules(self):
        result = run("check", "rules", "--lint-fatal", *sorted(RULES.glob("*.yml")))
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_prometheus_takes_the_configuration(self):
        result = run("check", "config", RULES.parent / "prometheus.yml")
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_alerts_fire_and_stay_silent_as_their_tests_say(self):
        result = run("test", "rules", *TESTS)
        self.assertEqual(0, result.returncode, result.stdout + result.stderr)

    def test_each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not(self):
        fires, silent = set(), set()
        for file in TESTS:
            for case in yaml.safe_load(file.read_text())["tests"]:
                for one in case["alert_rule_test"]:
                    (fires if one["exp_alerts"] else silent).add(one["alertname"])
        alerts = {rule["alert"] for rule in rules("alert")}
        self.assertGreater(len(alerts), 20)
        self.assertEqual(alerts, fires)
        self.assertEqual(alerts, silent)

    def test_each_alert_has_a_runbook_and_each_runbook_an_alert(self):
        for rule in rules("alert"):
            self.assertEqual(f"docs/runbooks/{rule['alert']}.md", rule["annotations"]["runbook_url"])
            page = (RUNBOOKS / f"{rule['alert']}.md").read_text()
            self.assertTrue(page.startswith(f"# {rule['alert']}\n"))
            self.assertIn("## What it means\n", page)
            self.assertIn("## What to do\n", page)
            self.assertIn(rule["labels"]["severity"], ("critical", "warning", "info"))
            self.assertIn(f"Severity: {rule['labels']['severity']}.", page)
            for text in ("summary", "description"):
                self.assertTrue(rule["annotations"][text])
        pages = {file.stem for file in RUNBOOKS.glob("*.md")} - {"README"}
        self.assertEqual({rule["alert"] for rule in rules("alert")}, pages)
        index = (RUNBOOKS / "README.md").read_text()
        for page in pages:
            self.assertIn(f"]({page}.md)", index)

    def test_links_of_runbooks_lead_somewhere(self):
        for page in RUNBOOKS.glob("*.md"):
            for link in re.findall(r"\]\(([^)#]+)", page.read_text()):
                if not link.startswith("https://"):
                    self.assertTrue((page.parent / link).exists(), f"{page.name}: {link}")

    def test_rules_ask_for_what_the_code_counts(self):
        for rule in [*rules("alert"), *rules("record")]:
            with self.subTest(rule.get("alert") or rule["record"]):
                self.assertEqual([], problems(rule["expr"]))

    def test_a_rule_that_asks_for_what_is_not_counted_is_found(self):
        self.assertEqual(["no metric mayfly_jobs_done_total"], problems("rate(mayfly_jobs_done_total[5m])"))
        self.assertEqual(["no label team"], problems("sum by (team) (mayfly_slots)"))
        self.assertEqual(["state is never idle"], problems('mayfly_slots{state="idle"}'))
        self.assertEqual([], problems('sum by (pool) (rate(mayfly_job_phase_seconds_count{phase="running"}[5m]))'))

    def test_each_recorded_series_is_made_and_used(self):
        recorded = [rule["record"] for rule in rules("record")]
        self.assertEqual(len(recorded), len(set(recorded)))
        used = "\n".join(rule["expr"] for rule in rules("alert"))
        used += "\n".join(file.read_text() for file in (RULES.parent / "grafana" / "dashboards").glob("*.json"))
        for name in recorded:
            self.assertTrue(name in used, name)


if __name__ == "__main__":
    unittest.main()
