"""Dashboards and the compose file: what they show is counted, and what they name is there."""

import json
import subprocess
import unittest

import yaml

from monitoring import DASHBOARDS, MONITORING, panels, problems

UNITS = {"none", "s", "ops", "bytes", "Bps", "percentunit", "dateTimeFromNow", "dateTimeAsIso"}


def boards():
    return [json.loads(file.read_text()) for file in DASHBOARDS]


def visible(board):
    return [panel for panel in board["panels"] if panel["type"] != "row"]


class DashboardsTest(unittest.TestCase):
    def test_there_is_one_for_the_fleet_a_host_jobs_and_security(self):
        uids = [board["uid"] for board in boards()]
        self.assertEqual(["mayfly-fleet", "mayfly-host", "mayfly-jobs", "mayfly-security"], uids)
        self.assertEqual(uids, [file.stem for file in DASHBOARDS])

    def test_panels_ask_for_what_the_code_counts(self):
        for board, panel, expression in panels():
            with self.subTest(f"{board}: {panel}"):
                self.assertEqual([], problems(expression))

    def test_each_panel_says_what_it_shows_and_in_which_unit(self):
        for board in boards():
            titles = [panel["title"] for panel in visible(board)]
            self.assertEqual(len(titles), len(set(titles)), board["title"])
            for panel in visible(board):
                with self.subTest(f"{board['title']}: {panel['title']}"):
                    self.assertTrue(panel["description"].endswith("."))
                    self.assertIn(panel["fieldConfig"]["defaults"]["unit"], UNITS)
                    self.assertTrue(panel["targets"])

    def test_nothing_is_bound_to_a_data_source_of_one_installation(self):
        for board in boards():
            variables = {one["name"] for one in board["templating"]["list"]}
            self.assertLessEqual({"datasource", "instance"}, variables)
            for panel in visible(board):
                for target in panel["targets"]:
                    self.assertEqual("${datasource}", target["datasource"]["uid"])

    def test_panels_fit_a_laptop_and_do_not_overlap(self):
        for board in boards():
            taken = set()
            for panel in board["panels"]:
                place = panel["gridPos"]
                self.assertLessEqual(place["x"] + place["w"], 24)
                cells = {
                    (x, y)
                    for x in range(place["x"], place["x"] + place["w"])
                    for y in range(place["y"], place["y"] + place["h"])
                }
                self.assertFalse(cells & taken, f"{board['title']}: {panel['title']}")
                taken |= cells

    def test_identifiers_are_unique(self):
        for board in boards():
            ids = [panel["id"] for panel in board["panels"]]
            self.assertEqual(len(ids), len(set(ids)))


class ComposeTest(unittest.TestCase):
    def test_compose_takes_the_file(self):
        result = subprocess.run(
            ["docker-compose", "--file", MONITORING / "compose.yaml", "config", "--quiet"],
            capture_output=True,
            text=True,
        )
        self.assertEqual((0, ""), (result.returncode, result.stdout + result.stderr))

    def setUp(self):
        self.services = yaml.safe_load((MONITORING / "compose.yaml").read_text())["services"]

    def mounts(self, service):
        pairs = [mount.split(":") for mount in self.services[service]["volumes"]]
        return {target: source for source, target, *_ in pairs if source.startswith("./")}

    def test_images_have_a_version(self):
        for service in self.services.values():
            self.assertRegex(service["image"], r"^[a-z]+/[a-z]+:v?\d+\.\d+\.\d+$")

    def test_what_is_mounted_is_there(self):
        for service in self.services:
            for source in self.mounts(service).values():
                self.assertTrue((MONITORING / source).exists(), source)

    def test_grafana_finds_the_dashboards_where_they_are_mounted(self):
        provider = yaml.safe_load((MONITORING / "grafana/provisioning/dashboards/mayfly.yaml").read_text())
        self.assertEqual(
            "./grafana/dashboards", self.mounts("grafana")[provider["providers"][0]["options"]["path"]]
        )

    def test_grafana_asks_the_prometheus_beside_it(self):
        source = yaml.safe_load((MONITORING / "grafana/provisioning/datasources/prometheus.yaml").read_text())
        listen = [word for word in self.services["prometheus"]["command"] if "listen-address" in word][0]
        self.assertEqual("http://" + listen.split("=")[1], source["datasources"][0]["url"])

    def test_prometheus_finds_its_configuration_and_the_rules(self):
        mounts = self.mounts("prometheus")
        config = [word for word in self.services["prometheus"]["command"] if "config.file" in word][0]
        self.assertEqual("./prometheus.yml", mounts[config.split("=")[1]])
        self.assertEqual(["rules/*.yml"], yaml.safe_load((MONITORING / "prometheus.yml").read_text())["rule_files"])
        self.assertEqual("./rules", mounts["/etc/prometheus/rules"])


if __name__ == "__main__":
    unittest.main()
