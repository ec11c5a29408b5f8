"""Kulshreshtha et al. 2021 (back-training), arXiv 2104.08801: what makes it that method."""

from dataclasses import replace

from backend import recipes
from backend.engines.scripted import Scripted
from backend.values import Verdict
from tests.groups import prompt, sample

PLACES = recipes.get("back_training").places()
PARTS = [place.step.part for place in PLACES]
POLICY = Scripted(rules=({"pattern": "x y", "reply": "something else"},), replies=("rain falls on roofs",))


def test_inputs_are_synthetic_and_outputs_are_the_natural_texts():
    (asked,) = PARTS[0].ask([], [prompt("Rain falls on roofs.")], limit=1, seed=0)
    assert "Rain falls on roofs." in asked.prompt.messages[0]["content"]
    written = replace(asked, samples=(sample(1, "What falls on roofs?"), sample(2, "x y z?"), sample(3, "word")))
    judge = PARTS[2]
    judgments = judge.judge(POLICY, [written], seed=0)
    labels = {n: judge.label([judgment for judgment in judgments if judgment.sample_id == n])[1] for n in (1, 2, 3)}
    assert labels == {1: Verdict.accept, 2: Verdict.reject, 3: Verdict.reject}, "the consistency filter, and the rules"
    accepted = replace(
        written, samples=tuple(replace(completion, verdict=labels[completion.id]) for completion in written.samples)
    )
    (result,) = PARTS[3].ask([accepted], [], limit=1, seed=0)
    assert result.prompt.messages == [{"role": "user", "content": "What falls on roofs?"}]
    ((kept,),) = PARTS[4].generate(None, [result.prompt], seed=0)
    assert (kept.text, PLACES[4].step.by) == ("Rain falls on roofs.", "data")


def test_it_is_fine_tuned_on_what_no_model_wrote():
    assert [part.name for part in PARTS[5:]] == ["keep_all", "sft"]
    assert PLACES[5].texts == (4,)
