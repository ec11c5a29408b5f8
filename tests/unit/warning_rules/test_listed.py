"""The page about warnings names every rule, and each rule is whole."""

import re
from pathlib import Path

from backend.pipeline.warn import rules_of
from backend.warning_rules import WarningEvidence

DOCS = (Path(__file__).parents[3] / "docs/reference/warnings.md").read_text()
ROWS = dict(re.findall(r"^\| (W\d\d) [^|]*\|([^|]*)\|", DOCS, re.MULTILINE))


def test_the_page_lists_every_warning_and_every_rule_beside_its_number():
    assert list(ROWS) == [f"W{n:02}" for n in range(1, 47)]
    codes = {name: code for code, names in ROWS.items() for name in re.findall(r"`(\w+)`", names)}
    assert codes == {rule.name: rule.code for rule in rules_of({})}


def test_rules_that_stop_rounds_are_named():
    stopping = {rule.name for rule in rules_of({}) if rule.stops}
    assert stopping == set(re.search(r"`stops` is set for (.*?)\.", DOCS)[1].replace(" and ", ", ").split(", "))


def test_each_rule_is_whole_and_needs_rows():
    names = {rule.name for rule in rules_of({})}
    for rule in rules_of({}):
        assert rule.title, rule.name
        assert rule.source, rule.name
        assert set(rule.explained_by) <= names - {rule.name}
        finding = rule.find(WarningEvidence())
        assert finding.value is None
        assert str(rule.min_rows) in finding.missing or finding.missing
        assert str(rule.level(finding)) == "unknown"
