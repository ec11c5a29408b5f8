"""Trivedi et al. 2024 (self-rationalization), arXiv 2410.05495: what makes it that method."""

from dataclasses import replace
from pathlib import Path

import pytest

from backend import recipes
from backend.services import prompts
from backend.values import Group, ImportedCompletion, Verdict
from tests.groups import prompt
from tests.importing import lines, put
from tests.integration.loop import Loop
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_turns import ONE_DATABASE, SHORT, last, last_content, scripted, short, trained
from tests.integration.recipes.turns import Steps, answered

STEPS = Steps(recipes.get("self_rationalizing_judge"))
ITEMS = replace(
    prompt(), imported=(ImportedCompletion("an answer", {"score": 4}), ImportedCompletion("another", {"score": 2}))
)


def items() -> Group:
    (sample,) = STEPS.part(1).generate(None, [ITEMS], seed=0)
    group = Group(prompt(), tuple(replace(entry, id=n) for n, entry in enumerate(sample, 1)))
    return STEPS.label(2, [group])[0]


def test_several_judgments_of_one_item_are_written_by_the_same_judge():
    asked = STEPS.ask(3, items())
    assert [group.parent.score for group in asked] == [4.0, 2.0]
    assert "an answer" in asked[0].prompt.messages[0]["content"]
    assert (STEPS.part(4).n, STEPS.places[4].step.by) == (10, "policy")
    # The known score is not shown.
    assert "4" not in asked[0].prompt.messages[0]["content"].split("an answer")[1].split("\n")[0]


def test_the_preferred_judgment_of_an_item_states_its_known_score():
    first, second = STEPS.ask(3, items())
    texts = ("good\nScore: 4", "great\nScore: 5", "no idea")
    groups = STEPS.label(5, [answered(first, *texts, first=11), answered(second, *texts, first=21)])
    assert [sample.verdict for sample in groups[0].samples] == [Verdict.accept, Verdict.reject, None]
    # Of the second item no judgment is right.
    (pair,) = STEPS.select(6, *groups).examples
    assert (pair.sample_id, pair.rejected_id) == (11, 12)


def test_dpo_trains_the_judge_which_is_the_policy():
    trainer = STEPS.part(7)
    assert (trainer.name, trainer.start, trainer.reference, trainer.beta) == ("dpo", "policy", "policy", 0.1)


@pytest.mark.slow
@ONE_DATABASE
def test_self_rationalizing_judge_prefers_judgments_with_the_known_score(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(grading_an_answer=("poor\nScore: 1", "fair\nScore: 3", "good\nScore: 5", "hm"))
    # The rubric is long in a model whose tokens are characters.
    knobs = {"judgments": {"n": 6}, "trainer": SHORT | {"max_length": 4096}}
    loop = Loop(short("self_rationalizing_judge", **knobs), engine, tiny)
    items = [{"prompt": f"prompt {n}", "completion": f"item {n}", "score": score} for n, score in enumerate((1, 5, 3))]
    report = prompts.import_file(loop.actor, loop.project.id, "file", put("file.jsonl", lines(*items)))
    loop.prompts = report.sets[0]
    _, result = trained(loop, monkeypatch)
    known = {item["completion"]: f"Score: {item['score']}" for item in items}
    assert last(result)
    for row in last(result):
        (item,) = [text for text in known if text in last_content(row, "prompt")]
        assert last_content(row, "chosen").endswith(known[item])
        assert not last_content(row, "rejected").endswith(known[item])
        assert "Score: " in last_content(row, "rejected"), "what states no score is on neither side"
