import pytest

from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.written_verdict import WrittenVerdict
from backend.judges.yes_no_check import YesNoCheck
from backend.mixers.decided_verdicts import DecidedVerdicts
from backend.recipes import Recipe
from backend.values import DatasetType, DecidedText, Past, Verdict
from tests.unit.mixers.training_rows import row

ACCEPT, REJECT = Verdict.accept, Verdict.reject
BARE = {ACCEPT: ";Y", REJECT: ";N"}
AGREED = DecidedText(
    1, 11, [{"role": "user", "content": "Right?"}], ACCEPT, (("no;N", REJECT), ("yes;Y", ACCEPT)), BARE, 7
)
OVERRIDDEN = DecidedText(
    2, 12, [{"role": "user", "content": "And this?"}], REJECT, (("sure;Y", ACCEPT),), BARE, 8, age=1
)


def added(type_: DatasetType = DatasetType.prompt_completion, **knobs: object) -> tuple[list[tuple], dict[str, int]]:
    past = Past(decided=iter([AGREED, OVERRIDDEN]), type=type_)
    mixture = DecidedVerdicts.model_validate({"rounds": 2} | knobs).mix([row(5)], (), past, seed=1)
    assert mixture.rows[0] == row(5)
    assert {record.origin for record in mixture.rows[1:]} <= {"decision"}
    examples = [record.example for record in mixture.rows[1:]]
    return [(e.sample_id, e.extra["decision"], e.completion, e.rejected, e.label) for e in examples], mixture.dropped


def test_the_reply_is_the_judges_own_where_one_agrees_and_else_the_verdict_alone():
    assert added() == ([(11, 7, "yes;Y", None, None), (12, 8, ";N", None, None)], {})
    assert added(replies="own") == ([(11, 7, "yes;Y", None, None)], {"no reply of the judge agrees with people": 1})


def test_a_pair_has_a_reply_that_contradicts_people_and_signed_rows_are_two():
    assert added(DatasetType.preference)[0] == [(11, 7, "yes;Y", "no;N", None), (12, 8, ";N", "sure;Y", None)]
    signed = added(DatasetType.unpaired_preference)[0]
    assert [(entry[2], entry[4]) for entry in signed] == [
        ("yes;Y", True),
        ("no;N", False),
        (";N", True),
        ("sure;Y", False),
    ]


def test_rounds_and_copies_say_how_many_rows_there_are():
    assert [entry[0] for entry in added(rounds=1, copies=3)[0]] == [11, 11, 11]


def test_what_the_judge_is_asked_is_what_the_row_asks():
    record = DecidedVerdicts().mix([], (), Past(decided=[AGREED]), seed=1).rows[0]
    assert record.example.messages == record.messages == AGREED.messages


def test_the_shortest_reply_is_one_that_the_judge_reads_so():
    assert [WrittenVerdict().bare(entry) for entry in (ACCEPT, REJECT)] == [";Y", ";N"]
    assert [YesNoCheck().bare(entry) for entry in (ACCEPT, REJECT)] == ["Yes", "No"]
    assert [AdditiveRubric(highest=10).bare(entry) for entry in (ACCEPT, REJECT)] == ["Score: 10", "Score: 0"]
    assert WrittenVerdict(verdict_pattern="(?P<accept>good)|(?P<reject>bad)").bare(ACCEPT) is None


def test_a_recipe_without_a_judge_that_asks_in_words_is_refused():
    steps = [
        {"part": {"name": name}, "kind": kind}
        for name, kind in (
            ("prompt_set", "prompt_source"),
            ("sample", "generator"),
            ("exact_match", "judge"),
            ("above_threshold", "selector"),
            ("decided_verdicts", "mixer"),
            ("sft", "trainer"),
        )
    ]
    with pytest.raises(ValueError, match=r"in words for that, and step 3 \(exact_match\) does not"):
        Recipe.model_validate({"name": "x", "title": "X", "steps": steps})
    steps[2]["part"] = {"name": "written_verdict"}
    Recipe.model_validate({"name": "x", "title": "X", "steps": steps})
    steps.insert(3, {"part": {"name": "exact_match"}, "kind": "judge"})
    with pytest.raises(ValueError, match="step 4"):  # people see its labels, and those of the judge before it no more
        Recipe.model_validate({"name": "x", "title": "X", "steps": steps})
