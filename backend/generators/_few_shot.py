"""Which accepted samples of earlier rounds a model sees before a prompt, and how they stand in the chat."""

import random
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace

from backend.values import FewShot, Messages, Prompt, Sample, SampleKind

NOTED = "few_shot"
"""Where a sample's `extra` says which samples were shown before its prompt: their ids, in the order shown."""


def draw(pool: Sequence[FewShot], *, text_key: int, category: str, choose: str, num: int, seed: int) -> list[FewShot]:
    """Return the samples that are shown before one prompt, the last one nearest to it; fewer where there are no more.

    pool: in the order of preference, which `agreed` follows. None asks what the prompt asks, by `text_key`, and no two
    ask the same. `category`: those of the prompt's category first, the rest filled up with others.
    """
    others = [few_shot for few_shot in pool if few_shot.text_key != text_key]
    if choose != "agreed":
        random.Random(seed).shuffle(others)
    if choose == "category":
        # Sorting is stable: within both halves the drawn order stays.
        others.sort(key=lambda few_shot: not category or few_shot.category != category)
    by_question: dict[int, FewShot] = {}
    for few_shot in others:
        by_question.setdefault(few_shot.text_key, few_shot)
        if len(by_question) == num:
            break
    return list(by_question.values())[::-1]


def spread(pool: Sequence[FewShot], most: int, seed: int) -> list[FewShot]:
    """At most so many of a pool, drawn in turn from each category, so that rare ones are kept."""
    if len(pool) <= most:
        return list(pool)
    by_category = defaultdict[str, list[FewShot]](list)
    for few_shot in pool:
        by_category[few_shot.category].append(few_shot)
    generator = random.Random(seed)
    lines = [generator.sample(by_category[name], len(by_category[name])) for name in sorted(by_category)]
    in_turn = [line[place] for place in range(max(map(len, lines))) for line in lines if place < len(line)]
    return in_turn[:most]


def as_shown(few_shot: FewShot) -> Messages:
    """The turns of one sample: what was asked for it, without a system prompt, and its text."""
    return [*_turns(few_shot.messages), {"role": "assistant", "content": few_shot.text}]


def with_few_shot(messages: Messages, few_shot: Sequence[FewShot]) -> Messages:
    """The chat with these samples before it, after its system prompt."""
    shown = [turn for sample in few_shot for turn in as_shown(sample)]
    system = [turn for turn in messages if turn["role"] == "system"]
    return [*system, *shown, *_turns(messages)]


def asked(prompts: Sequence[Prompt]) -> list[Prompt]:
    """The prompts with what is shown before them in their messages."""
    return [
        replace(prompt, messages=with_few_shot(prompt.messages, prompt.few_shot)) if prompt.few_shot else prompt
        for prompt in prompts
    ]


def noted(prompt: Prompt, samples: Sequence[Sample]) -> list[Sample]:
    """The samples of a prompt, those that a model wrote with the ids of what was shown before it."""
    if not prompt.few_shot:
        return list(samples)
    ids = [few_shot.id for few_shot in prompt.few_shot]
    return [
        sample if sample.kind == SampleKind.imported else replace(sample, extra=sample.extra | {NOTED: ids})
        for sample in samples
    ]


def _turns(messages: Messages) -> Messages:
    return [turn for turn in messages if turn["role"] != "system"]
