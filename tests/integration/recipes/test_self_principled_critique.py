"""Liu et al. 2025 (SPCT), arXiv 2504.02495: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend import recipes
from backend.judges._compared import in_order
from backend.recipes import Recipe
from backend.values import Group, ImportedCompletion, Past, Verdict
from tests.groups import prompt
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_scorers import brief, done, pairs
from tests.integration.recipes.rounds_of_turns import last_content, scripted, trained
from tests.integration.recipes.turns import Steps, answered
from tests.integration.test_rounds_scored import rewarded
from tests.rows import make_checkpoint
from tests.unit.mixers.training_rows import ids
from tests.unit.mixers.training_rows import row as a_row

RECIPE = recipes.get("self_principled_critique")
COLD, REINFORCE = Steps(RECIPE, 0), Steps(RECIPE, 1)
PAIR = replace(
    prompt(), imported=(ImportedCompletion("good", {"chosen": True}), ImportedCompletion("bad", {"chosen": False}))
)


def items() -> Group:
    (sample,) = COLD.part(1).generate(None, [PAIR], seed=0)
    group = Group(prompt(), tuple(replace(entry, id=n) for n, entry in enumerate(sample, 1)))
    return COLD.label(2, [group])[0]


def stated(good: int, bad: int) -> str:
    """A judgment that gives the good and the bad text these scores, in the order in which they are shown."""
    shown = [good if sample.text == "good" else bad for sample in in_order(1, items().samples)]
    return f"Principle: ...\nScores: {shown[0]}, {shown[1]}"


def test_the_judge_writes_principles_critiques_and_a_whole_number_for_each_text():
    (asked,) = COLD.ask(3, items())
    content = asked.prompt.messages[0]["content"]
    assert (
        content.index("principles by which") < content.index("Criticise each") < content.index("a whole number from 1")
    )
    assert all(text in content for text in ("good", "bad"))


def test_the_cold_start_keeps_right_judgments_of_what_is_not_always_judged_right():
    (asked,) = COLD.ask(3, items())
    (judged,) = COLD.label(5, [answered(asked, stated(8, 3), stated(3, 8), "hm", first=11)])
    assert [sample.score for sample in judged.samples] == [1.0, -1.0, -1.0]
    assert [example.sample_id for example in COLD.select(6, judged).examples] == [11]
    (easy,) = COLD.label(5, [answered(asked, stated(8, 3), stated(9, 1), first=11)])
    for group, kept in ((judged, [11]), (easy, [])):
        assert ids(COLD.part(7).mix([a_row(11)], [group], Past(), seed=0).rows) == kept
    assert COLD.part(8).name == "sft"


def test_the_reward_is_one_only_with_the_known_best_strictly_on_top():
    training = REINFORCE.part(5)
    (asked,) = REINFORCE.ask(3, items())
    (example,) = REINFORCE.select(4, asked).examples
    assert example.extra == {"answer": asked.prompt.answer}
    judgments = training.reward.judge(
        None, [answered(asked, stated(8, 3), stated(5, 5), stated(3, 8), first=11)], seed=0
    )
    assert [judgment.score for judgment in judgments] == [1.0, -1.0, -1.0]
    assert (training.name, training.reward.name) == ("grpo", "best_on_top"), "no format reward is added"


def test_a_meta_scorer_learns_which_judgments_are_right():
    (asked,) = COLD.ask(3, items())
    (judged,) = COLD.label(5, [answered(asked, stated(8, 3), stated(3, 8), first=11)])
    (pair,) = COLD.select(9, judged).examples
    assert (pair.sample_id, pair.rejected_id, COLD.places[10].step.makes) == (11, 12, "meta")


def test_at_use_the_better_half_of_the_votes_is_summed():
    names = [(place.step.part.name, place.step.by) for place in REINFORCE.places[6:8]]
    assert names == [("sample", "policy"), ("reward_model", "meta")]
    (asked,) = REINFORCE.ask(3, items())
    votes = answered(asked, stated(1, 9), stated(7, 4), stated(6, 5), stated(2, 8), first=11)
    rated = [replace(sample, score=score) for sample, score in zip(votes.samples, (0.1, 0.9, 0.7, 0.2), strict=True)]
    group = replace(votes, samples=tuple(rated), about=items().samples)
    judge = REINFORCE.part(8)
    replies = {judgment.sample_id: judge.label([judgment]) for judgment in judge.judge(None, [group], seed=0)}
    # 7 + 6 and 4 + 5: the votes of the meta scores 0.9 and 0.7.
    assert replies == {1: (13.0, Verdict.accept), 2: (9.0, Verdict.reject)}


def test_votes_are_summed_of_all_texts_so_that_none_may_be_hidden_from_who_votes():
    phase = RECIPE.phases[1]
    steps = [
        step.model_copy(update={"roles": ("data",)}) if step.part.name == "compare_all" else step
        for step in phase.steps
    ]
    with pytest.raises(ValidationError, match=r"step 4 \(compare_all\) shows only those by data. Leave `roles` out"):
        Recipe(name="hidden", title="hidden", paper="", steps=tuple(steps))


def best_in(question: str) -> int:
    """Which of the texts that a question shows is the good one: 0 or 1."""
    return int(question.index("\ngood ") > question.index("\nbad "))


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_self_principled_critique_puts_the_best_on_top_and_sums_the_better_half(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    votes = scripted(judge_2_responses=("Scores: 3, 8", "Scores: 8, 3", "Scores: 5, 5", "hm"))
    # The template is long in a model whose tokens are characters.
    knobs = {"compare_all": {"template": "{prompt}: judge {count} responses.\n{responses}"}}
    knobs |= {"judgments": {"n": 4}, "votes": {"n": 4}}
    recipe = brief("self_principled_critique", by={"votes": "voter"}, **knobs)
    loop = pairs(Loop(recipe, votes, tiny))
    voter = make_checkpoint(loop.project, engine=votes)
    first, result = trained(loop, monkeypatch, roles={"voter": voter.id})
    right = ("Scores: 8, 3", "Scores: 3, 8")
    assert result["rows"][7]
    assert all(
        last_content(row, "completion") == right[best_in(last_content(row, "prompt"))] for row in result["rows"][7]
    )
    assert result["rows"][9]
    for row in result["rows"][9]:
        assert (
            last_content(row, "chosen") == right[best_in(last_content(row, "prompt"))] != last_content(row, "rejected")
        )
    second, result = done(loop, parent_id=first.id, roles={"voter": voter.id}, seed=5)
    assert {(row["answer"], best_in(last_content(row, "prompt"))) for row in result["rows"][4]} <= {
        ("1 of 2", 0),
        ("2 of 2", 1),
    }
    assert set(rewarded(second.id)) == {-1.0}, "what it writes in four letters states no scores"
    # Each item's score is the sum over the two votes of each question that the meta scorer puts highest.
    items = {(row[1], row[7]): row[8] for row in result["texts"] if row[0] == 0}
    for place in range(4):
        made_of = [row for row in result["texts"] if (row[0], row[1], row[4]) == (3, place, 6)]
        question = made_of[0][2][0]["content"]
        read = sorted((row for row in made_of if row[7] != "hm"), key=lambda row: -row[8])[:2]
        sums = [sum(int(row[7].removeprefix("Scores: ").split(", ")[n]) for row in read) for n in (0, 1)]
        (number,) = {text.split()[1] for (_, text) in items if f"\n{text}\n" in question}
        (good,) = [score for (_, text), score in items.items() if text == f"good {number}"]
        assert good == sums[best_in(question)]
