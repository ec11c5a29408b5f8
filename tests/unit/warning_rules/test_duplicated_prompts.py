from backend.values import WarningLevel
from backend.warning_rules import TrainedText
from backend.warning_rules.duplicated_prompts import DuplicatedPrompts
from tests.unit.warning_rules.seen import evidence, rows


def words(start: int, number: int) -> str:
    return " ".join(f"w{n}" for n in range(start, start + number))


def test_duplicates_are_counted_by_prompt_and_answer():
    six = [(1, "q", "The  answer")] * 3 + [(1, "q", "the answer")] * 3
    rest = [(n, "q", "the answer") for n in range(2, 32)]
    rule = DuplicatedPrompts()
    finding = rule.find(evidence([], rows=rows(*six, *rest)))
    assert (finding.value, finding.n, finding.low) == (6.0, 36, None)
    assert (finding.sample_ids, finding.prompt_ids) == ((1,), (1,))
    assert rule.level(finding) is WarningLevel.red
    assert rule.level(rule.find(evidence([], rows=rows(*six[1:], *rest)))) is WarningLevel.green


def test_pairs_that_share_a_chosen_text_and_chains_of_one_prompt_are_no_duplicates():
    pairs = [TrainedText(1, "q", "good", rejected=f"bad {n}") for n in range(20)]
    chains = [TrainedText(2, "go on", "good", context=f"draft {n} go on") for n in range(20)]
    finding = DuplicatedPrompts().find(evidence([], rows=lambda: [*pairs, *chains]))
    assert (finding.value, finding.n) == (1.0, 40)
