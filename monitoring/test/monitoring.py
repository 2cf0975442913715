"""What the tests of this folder share: where things are, and what the code counts."""

import json
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MONITORING = ROOT / "monitoring"
RULES = MONITORING / "rules"
DASHBOARDS = sorted((MONITORING / "grafana" / "dashboards").glob("*.json"))
RUNBOOKS = ROOT / "docs" / "runbooks"
REFERENCE = ROOT / "docs" / "reference" / "metrics.md"

ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| ([^|]*) \|")
LABEL_ROW = re.compile(r"^\| `(\w+)` \| (.*) \|$")
NAME = re.compile(r"\b(?:mayfly|jvm|process|system)_\w+")
MATCHER = re.compile(r'(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"')
GROUPING = re.compile(r"\b(?:by|on|without|ignoring)\s*\(([^)]*)\)")

# What Prometheus adds to every series, and histograms to theirs.
ADDED = {"instance", "job", "le"}

# Known with the first collection of garbage, so the page has them in words.
LATE = {"jvm_gc_pause_seconds": ("summary", {"action", "cause", "gc"})}


def metrics():
    """Name to type and labels, from the page that a test holds against the code."""
    found = dict(LATE)
    for line in REFERENCE.read_text().splitlines():
        row = ROW.match(line)
        if row and row[2] in ("counter", "gauge", "histogram", "summary"):
            found[row[1]] = (row[2], set(re.findall(r"`(\w+)`", row[3])))
    return found


def label_values():
    """Label to its values, for the labels whose values are a closed list."""
    found = {}
    for line in REFERENCE.read_text().splitlines():
        row = LABEL_ROW.match(line)
        if row and row[1] in ("outcome", "fault", "phase", "state", "clean", "verdict", "dependency", "files", "ok", "channel"):
            found[row[1]] = set(re.findall(r"`([\w-]+)`", row[2]))
    return found


def metric_of(name, known):
    """The metric that a sample's name belongs to, or None."""
    if name in known:
        return name
    for suffix in ("_bucket", "_count", "_sum"):
        base = name.removesuffix(suffix)
        if base != name and base in known and known[base][0] in ("histogram", "summary"):
            return base
    return None


def problems(expression, known=None, values=None):
    """What in an expression the code does not have: names, labels, values of labels."""
    known = metrics() if known is None else known
    values = label_values() if values is None else values
    # Recorded series have a colon in their names and are made of the others.
    text = re.sub(r"\b\w+:[\w:]+", "", expression)
    text = re.sub(r'"\$\w+"', '".*"', text)
    without_strings = re.sub(r'"[^"]*"', '""', text)
    found, labels = [], set(ADDED)
    for name in NAME.findall(without_strings):
        metric = metric_of(name, known)
        if metric is None:
            found.append(f"no metric {name}")
        else:
            labels |= known[metric][1]
    recorded = ":" in expression
    for label, _, value in MATCHER.findall(text):
        if label not in labels and not recorded:
            found.append(f"no label {label}")
        for word in value.split("|"):
            if label in values and re.fullmatch(r"[\w-]+", word) and word not in values[label]:
                found.append(f"{label} is never {word}")
    for group in GROUPING.findall(without_strings):
        for label in filter(None, (part.strip() for part in group.split(","))):
            if label not in labels and not recorded:
                found.append(f"no label {label}")
    return found


def panels():
    """Each query of each panel: dashboard, panel, expression."""
    for file in DASHBOARDS:
        board = json.loads(file.read_text())
        for panel in board["panels"]:
            for target in panel.get("targets", []):
                yield board["title"], panel["title"], target["expr"]
