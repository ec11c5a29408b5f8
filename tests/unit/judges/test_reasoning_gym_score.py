"""The verifiers of reasoning-gym: asked about the task that a prompt names, and about nothing that they would run."""

from dataclasses import replace
from typing import Any

from backend import gym_tasks
from backend.judges.reasoning_gym_score import ReasoningGymScore
from backend.values import Group, Judgment, Prompt
from tests.groups import texts


def task(dataset: str, **config: Any) -> tuple[Prompt, dict[str, Any]]:
    ((package_task, entry),) = gym_tasks.tasks(dataset, config, number=1, seed=5)
    answer = entry["answer"] if isinstance(entry["answer"], str) else None
    return Prompt(0, [{"role": "user", "content": entry["question"]}], answer, package_task.to_metadata()), entry


def judged(prompt: Prompt, *written: str, **changes: Any) -> list[Judgment]:
    group: Group = replace(texts(*written, **changes), prompt=prompt)
    return ReasoningGymScore().judge(None, [group], seed=0)


def test_the_data_set_says_what_an_answer_is_worth() -> None:
    prompt, entry = task("chain_sum", min_terms=2, max_terms=2)
    right = entry["answer"]
    judgments = judged(prompt, f"So it is <answer>{right}</answer>", f"answer: {int(right) + 1}", "")
    assert [judgment.score for judgment in judgments] == [1.0, 0.0, None]
    assert [judgment.verdict for judgment in judgments] == ["accept", "reject", None]


def test_many_answers_may_be_right() -> None:
    prompt, entry = task("graph_color")
    assert prompt.answer is None, "there is no known answer, only a verifier"
    colors = entry["metadata"]["possible_answer"]
    written = "{" + ", ".join(f'"{vertex}": {color}' for vertex, color in colors.items()) + "}"
    judgments = judged(prompt, f"<answer>{written}</answer>", "<answer>{}</answer>", "<answer>[1</answer>")
    assert judgments[0].score == 1.0
    assert all(judgment.score is not None and judgment.score < 1 for judgment in judgments[1:])


def test_what_is_cut_off_names_no_task_or_is_made_otherwise_has_no_score() -> None:
    prompt, entry = task("chain_sum")
    assert judged(prompt, f"{entry['answer']} or", finish_reason="length")[0].score is None
    for metadata in ({}, {"reasoning_gym": {"dataset": "chain_sum"}}, {"reasoning_gym": 3}):
        (judgment,) = judged(replace(prompt, metadata=metadata), entry["answer"])
        assert (judgment.score, judgment.rationale) == (None, "The prompt names no task of reasoning-gym.")
    (judgment,) = judged(replace(prompt, messages=[{"role": "user", "content": "1 + 1"}]), entry["answer"])
    assert (judgment.score, judgment.rationale) == (
        None,
        "The installed reasoning-gym makes another task of this number.",
    )


def test_no_verifier_runs_what_a_model_wrote(tmp_path: Any) -> None:
    prompt, _ = task("chain_sum")
    metadata = {"reasoning_gym": prompt.metadata["reasoning_gym"] | {"dataset": "countdown", "config": {}}}
    mark = tmp_path / "mark"
    (judgment,) = judged(replace(prompt, metadata=metadata), f"<answer>__import__('os').mkdir('{mark}')</answer>")
    assert judgment.score is None
    assert "runs answers as programs" in judgment.rationale
    assert not mark.exists()
    running = {"countdown", "puzzle24", "n_queens", "spiral_matrix", "string_insertion", "simple_integration"}
    assert all(map(gym_tasks.evaluates, running))
    assert not any(map(gym_tasks.evaluates, ("chain_sum", "graph_color", "basic_arithmetic", "propositional_logic")))
