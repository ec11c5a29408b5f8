"""The rewards of a task of verifiers: awaited to their end, and asked about the very task that was put."""

from dataclasses import replace
from typing import Any

from backend.judges.verifiers_reward import VerifiersReward
from backend.prompt_sources.verifiers_tasks import VerifiersTasks
from backend.values import Judgment, Prompt
from tests.groups import texts
from tests.verifiers.sums import Install


def task(taskset: str) -> Prompt:
    (group,) = VerifiersTasks(taskset=taskset, config={"most": 1}).ask([], [], limit=1, seed=0)
    return group.prompt


def judged(prompt: Prompt, *written: str, **changes: Any) -> list[Judgment]:
    return VerifiersReward().judge(None, [replace(texts(*written, **changes), prompt=prompt)], seed=0)


def test_the_score_is_the_weighted_sum_of_the_rewards(install: Install) -> None:
    judgments = judged(task(install()), "2", "it is of course 2", "5", "it is of course 5")
    assert [judgment.score for judgment in judgments] == [1.5, 1.0, 0.5, 0.0]
    assert [judgment.verdict for judgment in judgments] == ["accept", "accept", "reject", "reject"]
    assert judgments[1].rationale == "The task's rewards: is_right 1, is_short 0 x 0.5."


def test_rewards_read_the_conversation_that_was_had(install: Install) -> None:
    shown = (
        'float("|".join(str(m.content) for m in trace.messages) == "Be brief.|0 + 2 =|2" and not trace.is_truncated)'
    )
    prompt = task(install(changes={"float(len(trace.last_reply) <= 10)": shown}))
    assert judged(prompt, "2")[0].score == 1.5


def test_a_reward_that_fails_takes_too_long_or_gives_no_number_gives_no_score(install: Install) -> None:
    assert "list index out of range" in judged(task(install()), "")[0].rationale
    slow = task(
        install(changes={"sleep(0.01)": "sleep(60)", 'prompt=f"': 'timeout=vf.TaskTimeout(scoring=0.05), prompt=f"'})
    )
    endless = task(install(changes={"float(len(trace.last_reply) <= 10)": 'float("nan")'}))
    for prompt, reply in ((slow, "took more than 0.05 seconds"), (endless, "is_short nan x 0.5")):
        (judgment,) = judged(prompt, "2")
        assert (judgment.score, judgment.verdict) == (None, None)
        assert reply in judgment.rationale


def test_rewards_that_compute_spend_the_time_of_their_own_sample_alone(install: Install) -> None:
    computing = "time.sleep(0.2)\n        await asyncio.sleep(0)"
    timed = {"import asyncio": "import asyncio\nimport time", "await asyncio.sleep(0.01)": computing}
    prompt = task(install(changes=timed | {'prompt=f"': 'timeout=vf.TaskTimeout(scoring=0.6), prompt=f"'}))
    assert [judgment.score for judgment in judged(prompt, "2", "2", "2", "2", "2")] == [1.5] * 5


def test_a_task_that_gives_no_reward_gives_no_score(install: Install) -> None:
    right, short = "float(trace.last_reply.split()[-1] == self.data.answer)", "float(len(trace.last_reply) <= 10)"
    nothing = {right: "{}", short: "{}"}
    (judgment,) = judged(task(install(changes=nothing)), "2")
    assert (judgment.score, judgment.rationale) == (None, "The task gave no reward.")


def test_a_reward_that_asked_a_model_in_a_way_not_seen_before_gives_no_score(install: Install) -> None:
    hidden = (
        "trace.extra_usage.append(vf.Usage(prompt_tokens=1, completion_tokens=1))\n        await asyncio.sleep(0.01)"
    )
    (judgment,) = judged(task(install(changes={"await asyncio.sleep(0.01)": hidden})), "2")
    assert (judgment.score, judgment.rationale) == (
        None,
        "The rewards of the task asked a model, which is not taken here.",
    )


def test_what_is_cut_off_names_no_task_or_has_changed_has_no_score(install: Install) -> None:
    prompt = task(install())
    assert judged(prompt, "2", finish_reason="length")[0].rationale == "The sample was cut off."
    place = prompt.metadata["verifiers"]
    for metadata, reply in (
        ({}, "names no task of verifiers"),
        ({"verifiers": 3}, "names no task of verifiers"),
        ({"verifiers": {"taskset": place["taskset"]}}, "names no task of verifiers"),
        ({"verifiers": place | {"index": "0"}}, "names no task of verifiers"),
        ({"verifiers": place | {"hash": "0" * 64}}, "has another task 0"),
        ({"verifiers": place | {"index": 7}}, "has another task 7"),
        ({"verifiers": place | {"taskset": "pip"}}, "no installed package 'pip' that needs verifiers"),
    ):
        (judgment,) = judged(replace(prompt, metadata=metadata), "2")
        assert judgment.score is None
        assert reply in judgment.rationale
    (judgment,) = judged(replace(prompt, messages=[{"role": "user", "content": "1 + 1"}]), "2")
    assert (judgment.score, judgment.rationale) == (None, "The task of this number asks something else.")
