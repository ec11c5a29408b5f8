"""How metrics ask a verifier."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator

from backend.judges import Judge
from backend.values import Group, Judgment, Sample, Verdict


def check_verifier(verifier: Judge | None) -> Judge | None:
    """Return the verifier; raise ValueError for a judge that needs a model, or other texts, which no metric has."""
    if verifier is not None and verifier.needs_engine:
        raise ValueError(
            f"The verifier {verifier.name} asks a model. Choose a judge that computes, such as exact_match."
        )
    if verifier is not None and (verifier.judges_parents or verifier.reads_beside or verifier.needs_pool):
        raise ValueError(
            f"The verifier {verifier.name} compares with texts of another step or with other prompts, which a metric "
            "does not have. Choose one that judges a text by its prompt, such as exact_match."
        )
    return verifier


Computing = Annotated[Judge, AfterValidator(check_verifier)]
"""A field that holds a judge which computes."""


def verdicts(verifier: Judge, groups: Iterable[Group]) -> list[list[Verdict | None]]:
    """Return the verifier's verdict of each sample, group by group; None where it cannot tell."""
    rows: list[list[Verdict | None]] = []
    for group in groups:
        # Numbered anew: samples that are not stored yet all have the id 0.
        samples: list[Sample] = [replace(sample, id=number) for number, sample in enumerate(group.samples)]
        by_sample: dict[int, list[Judgment]] = {}
        for judgment in verifier.judge(None, [replace(group, samples=tuple(samples))], seed=0):
            by_sample.setdefault(judgment.sample_id, []).append(judgment)
        rows.append([verifier.label(by_sample.get(sample.id, []))[1] for sample in samples])
    return rows


def greedy_verdicts(verifier: Judge, held_out: Iterable[Group]) -> list[tuple[Group, Verdict | None, bool]]:
    """Return each group with its greedy answer alone, the verdict of that, and whether it cannot be read."""
    greedy = [answered(group, 0, 0) for group in held_out]
    answers = [verdict[0] for verdict in verdicts(verifier, greedy)]
    return [
        (group, verdict, is_unreadable(verifier, group, verdict))
        for group, verdict in zip(greedy, answers, strict=True)
    ]


def is_unreadable(verifier: Judge, group: Group, verdict: Verdict | None) -> bool:
    """Say whether a sample has no verdict though there is a known answer to compare it with: it gave no answer."""
    return verdict is None and verifier.needs_answer and group.prompt.answer is not None


def answered(group: Group, first: int, last: int, n: int = 1) -> Group:
    """Return the group with its samples of these positions; without any, with n empty ones, which are wrong."""
    samples = tuple(sample for sample in group.samples if first <= sample.position <= last)
    return replace(group, samples=samples or tuple(Sample(0, group.prompt.id, "") for _ in range(n)))
