import pytest

from backend.judges.written_verdict import WrittenVerdict
from backend.metrics import Evidence
from backend.metrics.correction_flips import CorrectionFlips
from backend.values import Group
from tests.groups import prompt, sample


def chain(first: str, *last: str, answer: str | None = "4") -> Group:
    texts = tuple(sample(10 + n, text) for n, text in enumerate(last))
    return Group(prompt(answer=answer), texts, parent=sample(1, first))


def values(*groups: Group) -> dict[str, float | None]:
    return {
        measure.name: measure.value
        for measure in CorrectionFlips(turn="second").compute(Evidence(turns={"second": groups}))
    }


def test_flips_by_hand():
    # Of ten chains 4 begin right, 3 of which stay right; of 6 that begin wrong 2 are put right.
    groups = [
        *[chain("#### 4", "so #### 4")] * 3,
        chain("#### 4", "#### 5"),
        *[chain("#### 5", "#### 4")] * 2,
        *[chain("#### 5", "#### 6")] * 3,
        chain("#### 5", "#### 5"),
    ]
    result = values(*groups)
    assert (result["correction_kept"], result["correction_broken"]) == (0.3, 0.1)
    assert (result["correction_fixed"], result["correction_stubborn"]) == (0.2, 0.4)
    assert result["correction_cl"] == 0.75
    assert result["correction_cs"] == pytest.approx(1 / 3)
    # Acc1 = 0.4, Acc2 = 0.5 = 0.4 * 0.75 + 0.6 / 3; RSS = (0.5 - 0.16) / (2 * 0.4 * 0.6) = 0.34 / 0.48.
    assert result["correction_rss"] == pytest.approx(0.34 / 0.48)
    assert result["correction_no_edit"] == 0.1


def test_nothing_changed_is_a_half():
    assert values(chain("#### 4", "#### 4"), chain("#### 5", "#### 5"))["correction_rss"] == 0.5


def test_what_cannot_be_read_is_wrong_and_what_cannot_be_told_is_left_out():
    text = values(chain("#### 4", "I give up"), chain("#### 5", "#### 4"), chain("#### 4", "#### 4", answer=None))
    assert (text["correction_broken"], text["correction_fixed"]) == (0.5, 0.5)


def test_each_last_text_is_a_chain_of_its_own_from_the_first_one():
    group = chain("#### 5", "#### 4", "#### 4", "#### 5", "#### 6")
    through = Group(group.prompt, group.samples, parent=sample(2, "a critique"), ancestors=(sample(1, "#### 5"),))
    for entry in (group, through):
        result = values(entry)
        assert (result["correction_cs"], result["correction_cl"]) == (0.5, None)
        assert result["correction_rss"] is None, "undefined where none or all begin right"


def test_without_a_second_turn_there_are_no_numbers():
    assert set(values().values()) == {None}
    assert CorrectionFlips().compute(Evidence())[0].value is None


def test_the_verifier_computes():
    with pytest.raises(ValueError, match="asks a model"):
        CorrectionFlips(verifier=WrittenVerdict())
