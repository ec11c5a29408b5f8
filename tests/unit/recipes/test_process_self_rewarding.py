"""Zhang et al. 2025, arXiv 2503.03746: what makes the recipe process-based self-rewarding."""

from dataclasses import replace
from typing import Any

from backend import recipes
from backend.engines.scripted import Scripted
from backend.recipes._next_steps import NEXT_STEP
from backend.values import LabelSource
from tests.groups import prompt

ENGINE = Scripted(
    rules=(
        {"pattern": r"(?s)<<<A\ngood.*A>>>", "reply": "Winner: A"},
        {"pattern": r"(?s)<<<B\ngood", "reply": "Winner: B"},
        {"pattern": "next step", "reply": "no idea"},
        {"pattern": "good", "reply": ("good end", "bad end")},
        {"pattern": "", "reply": ("good\nand so", "bad\nand so", "ugly\nand so")},
    )
)


def test_candidates_are_next_steps_under_one_prefix_that_the_model_itself_compares() -> None:
    recipe = recipes.get("process_self_rewarding")
    assert [phase.rounds for phase in recipe.phases] == [1, 1]
    assert [step.part.name for step in recipe.phases[0].steps] == ["prompt_set", "own_answers", "keep_all", "sft"]
    _, search, values, pairs, training = (step.part for step in recipe.phases[1].steps)
    assert (search.algorithm, search.beams, search.judge.name, search.judge_by) == (
        "beam",
        1,
        "pairwise_swapped",
        "judge",
    )
    assert (search.judge.template, search.judge.needs_answer) == (NEXT_STEP, False)

    (tree,) = search.grow(ENGINE, [prompt("q")], seed=1, engines={"judge": ENGINE})
    assert [group.prompt.messages[1:] for group in tree] == [[], [{"role": "assistant", "content": "good\n"}]]
    number, labelled = 0, []
    for group in tree:
        samples = []
        for sample in group.samples:
            number += 1
            samples.append(replace(sample, id=number))
        group = replace(group, samples=tuple(samples), position=len(labelled))
        reply: Any = {judgment.sample_id: values.label([judgment]) for judgment in values.judge(None, [group], seed=0)}
        marks = {n: {"score": score, "verdict": verdict} for n, (score, verdict) in reply.items()}
        judged = (replace(completion, **marks[completion.id], source=LabelSource.judge) for completion in group.samples)
        labelled.append(replace(group, samples=tuple(judged)))
    texts = {completion.id: completion.text for group in labelled for completion in group.samples}
    rows = pairs.select(labelled, seed=1).examples
    assert [texts[row.sample_id] for row in rows] == ["good\n", "good end"]
    assert all(not texts[row.rejected_id or 0].startswith("good") for row in rows)
    assert (training.name, training.trains_steps) == ("dpo", True)
