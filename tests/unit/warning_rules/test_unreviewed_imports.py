from dataclasses import replace

from backend.values import Verdict, WarningLevel
from backend.warning_rules.unreviewed_imports import UnreviewedImports
from tests.unit.warning_rules.seen import evidence


def kept(imports: int, reviewed: int = 0):
    """A hundred kept texts, the first of them imported, of which people decided on some."""
    warning_evidence = evidence([[{}] for _ in range(100)], kept=frozenset(range(1, 101)))
    groups = [
        replace(
            round_group,
            samples=tuple(replace(s, kind="import" if s.id <= imports else "completion") for s in round_group.samples),
        )
        for round_group in warning_evidence.round.round_groups
    ]
    people = dict.fromkeys(range(1, reviewed + 1), Verdict.accept)
    return replace(warning_evidence, round=replace(warning_evidence.round, round_groups=groups, people=people))


def test_kept_imports_that_nobody_reviewed():
    rule = UnreviewedImports()
    finding = rule.find(kept(40, reviewed=10))
    assert (finding.value, finding.n, rule.level(finding)) == (0.3, 100, WarningLevel.red)
    assert finding.sample_ids == tuple(range(11, 41))


def test_reviewed_imports_and_own_texts_are_green():
    rule = UnreviewedImports()
    assert rule.level(rule.find(kept(40, reviewed=40))) is WarningLevel.green
    assert rule.find(kept(0)).value == 0.0
