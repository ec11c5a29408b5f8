from dataclasses import replace

import pytest

from backend.values import WarningLevel
from backend.warning_rules import ImportedText
from backend.warning_rules.unreviewed_imports import UnreviewedImports
from tests.unit.warning_rules.seen import evidence


def kept(imports: int, reviewed: int = 0):
    """A hundred kept texts, the first of them imported, of which people decided on some."""
    seen = evidence([[{}] for _ in range(100)], kept=frozenset(range(1, 101)))
    texts = [ImportedText(id_, 7, "solved", id_ <= reviewed, prompt_id=id_ + 500) for id_ in range(1, imports + 1)]
    return replace(seen, imported=texts)


def test_kept_imports_that_nobody_reviewed():
    rule = UnreviewedImports()
    finding = rule.find(kept(40, reviewed=10))
    assert (finding.value, finding.n, rule.level(finding)) == (0.3, 100, WarningLevel.red)
    assert finding.sample_ids == tuple(range(11, 41))
    assert finding.details == {"sets": {"7": "solved"}}


def test_every_set_is_named_however_many_there_are():
    seen = evidence([[{}] for _ in range(100)], kept=frozenset(range(1, 101)))
    texts = [ImportedText(id_, id_, f"set {id_}", is_reviewed=False, prompt_id=id_) for id_ in range(1, 31)]
    assert len(UnreviewedImports().find(replace(seen, imported=texts)).details["sets"]) == 30


def test_reviewed_imports_and_own_texts_are_green():
    rule = UnreviewedImports()
    assert rule.level(rule.find(kept(40, reviewed=40))) is WarningLevel.green
    assert rule.find(kept(0)).value == 0.0


def test_a_known_import_does_not_count_and_its_reason_stands_beside():
    rule = UnreviewedImports(known={"7": {"reason": "our own textbook", "up_to": 540}})
    finding = rule.find(kept(40))
    assert (finding.value, finding.note, rule.level(finding)) == (
        0.0,
        "Known: “solved”, our own textbook",
        WarningLevel.green,
    )
    later = rule.find(kept(60))
    assert (later.value, later.sample_ids) == (0.2, tuple(range(41, 61))), "what came later is not known"
    for known in ({"solved": {"reason": "a name", "up_to": 1}}, {"7": {"reason": " ", "up_to": 1}}):
        with pytest.raises(ValueError, match="known"):
            UnreviewedImports(known=known)
