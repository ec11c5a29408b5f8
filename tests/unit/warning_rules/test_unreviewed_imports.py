from dataclasses import replace

from backend.values import Verdict, WarningLevel
from backend.warning_rules.unreviewed_imports import UnreviewedImports
from tests.unit.warning_rules.seen import evidence


def kept(imports: int, reviewed: int = 0):
    """A hundred kept texts, the first of them imported, of which people decided on some."""
    seen = evidence([[{}] for _ in range(100)], kept=frozenset(range(1, 101)))
    groups = [
        replace(one, samples=tuple(replace(s, kind="import" if s.id <= imports else "completion") for s in one.samples))
        for one in seen.round.round_groups
    ]
    people = dict.fromkeys(range(1, reviewed + 1), Verdict.accept)
    return replace(seen, round=replace(seen.round, round_groups=groups, people=people))


def test_kept_imports_that_nobody_reviewed():
    rule = UnreviewedImports()
    found = rule.find(kept(40, reviewed=10))
    assert (found.value, found.n, rule.level(found)) == (0.3, 100, WarningLevel.red)
    assert found.sample_ids == tuple(range(11, 41))


def test_reviewed_imports_and_own_texts_are_green():
    rule = UnreviewedImports()
    assert rule.level(rule.find(kept(40, reviewed=40))) is WarningLevel.green
    assert rule.find(kept(0)).value == 0.0
