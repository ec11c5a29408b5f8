from backend.values import WarningLevel
from backend.warning_rules.over_acceptance import OverAcceptance
from tests.unit.warning_rules.seen import evidence

HARD = [
    {"right": True, "accepted": True},
    {"right": False, "accepted": True},
    {"right": False, "accepted": True},
    {"right": False, "accepted": True},
]


def test_precision_on_hard_prompts():
    easy = [{"right": True, "accepted": True}] * 4
    finding = OverAcceptance().find(evidence([HARD] * 20 + [easy] * 20))
    # Of 80 accepted texts of hard prompts 20 are right; those of easy ones don't count.
    assert (finding.value, finding.n) == (0.25, 80)
    assert OverAcceptance().level(finding) is WarningLevel.red
    assert finding.sample_ids[:3] == (2, 3, 4)


def test_a_judge_that_rejects_wrong_texts_is_calm():
    careful = [field | {"accepted": field["right"]} for field in HARD]
    finding = OverAcceptance().find(evidence([careful] * 40))
    assert (finding.value, OverAcceptance().level(finding)) == (1.0, WarningLevel.green)


def test_one_or_two_known_texts_make_no_prompt_hard():
    two = [{"right": False, "accepted": True}, {"right": False, "accepted": False}]
    assert OverAcceptance().find(evidence([two] * 100)).value is None
