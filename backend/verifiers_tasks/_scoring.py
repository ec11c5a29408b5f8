"""Ask the rewards of a task of verifiers about texts, as its replay does: without a model and without a sandbox."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from backend.values import Messages, Sample

SCORING_SECONDS = 60.0
"""How long the rewards of one sample may take where the task does not say."""


@dataclass(frozen=True)
class Scored:
    """The weighted sum of a task's rewards, or None where there is none; and each of them, or the reason."""

    score: float | None
    rationale: str


def score(task: Any, messages: Messages, samples: Sequence[Sample]) -> list[Scored]:
    """Return what the rewards of a task give each sample; those that are coroutines are awaited to their end."""
    import verifiers.v1 as vf

    traces = [None if sample.finish_reason == "length" else _trace(task, messages, sample) for sample in samples]
    return asyncio.run(score_traces(task, traces, vf.RolloutError))


async def score_traces(task: Any, traces: Sequence[Any | None], failure: type[Exception]) -> list[Scored]:
    """Return what the rewards give each trace; None stands for a sample that was cut off.

    `failure` is what the task raises where a reward does. Traces are scored one after another, so that none spends the
    time of the next: rewards that compute hold the event loop.
    """
    cut = Scored(None, "The sample was cut off.")
    return [cut if trace is None else await _score_one(task, trace, failure) for trace in traces]


async def _score_one(task: Any, trace: Any, failure: type[Exception]) -> Scored:
    seconds = SCORING_SECONDS if task.data.timeout.scoring is None else task.data.timeout.scoring
    try:
        async with asyncio.timeout(seconds):
            await task.score(trace)
    except TimeoutError:
        return Scored(None, f"The rewards of the task took more than {seconds:g} seconds.")
    except failure as error:
        return Scored(None, f"The rewards of the task failed: {error}")
    if trace.info.get("judge_calls") or trace.extra_usage:
        return Scored(None, "The rewards of the task asked a model, which is not taken here.")
    if missing := [name for name, score in trace.rewards.items() if score is None]:
        return Scored(None, f"The task gave no reward of the name {', '.join(missing)}.")
    if not trace.rewards:
        return Scored(None, "The task gave no reward.")
    given = trace.rewards.items()
    words = [
        f"{name} {reward.score:g}" + (f" x {reward.weight:g}" if reward.weight != 1 else "") for name, reward in given
    ]
    reason = f"The task's rewards: {', '.join(words)}."
    return Scored(trace.reward if math.isfinite(trace.reward) else None, reason)


def _trace(task: Any, messages: Messages, sample: Sample) -> Any:
    """Return the record of an episode of one text, as verifiers keeps it."""
    import verifiers.v1 as vf
    from verifiers.v1.state import state_cls

    kinds = {"system": vf.SystemMessage, "user": vf.UserMessage, "assistant": vf.AssistantMessage}
    messages_ = [kinds[message["role"]](content=message["content"]) for message in messages]
    nodes = [
        vf.MessageNode(parent=place - 1 if place else None, message=message) for place, message in enumerate(messages_)
    ]
    reply = vf.AssistantMessage(content=sample.text, reasoning_content=sample.reasoning or None)
    nodes.append(vf.MessageNode(parent=len(nodes) - 1, message=reply, sampled=True))
    trace = vf.Trace(
        task=vf.TraceTask(type=type(task).__name__, data=task.data, key=task.key, hash=task.hash),
        agent=vf.AgentInfo(config=vf.AgentConfig()),
        nodes=nodes,
        calls=[vf.ModelCall(node=len(nodes) - 1, finish_reason="stop")],
        state=state_cls(type(task))(),
        ok=True,
    )
    trace.stop("agent_completed")
    return trace
