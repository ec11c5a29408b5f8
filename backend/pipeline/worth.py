"""What a look is worth: how likely a person's look at a sample changes its label, written when the judge has ended.

Four signs are put together as if they were independent. The judge's repeated scores differ, or lie near the cut. Its
verdict is against another judge's, or against a verifier's: where the prompt has an answer, comparing with it is a
second opinion. Most samples of the prompt give one answer, and the verdict is against that vote. And the verdict is
unlike the judge: a small logistic model learns from this round how the judge's verdict goes with what can be read off
prompt, sample and rationale, and what it would not have expected stands out. The model knows no task and no right
answer; it finds where the judge contradicts its own habit. A sign says where people should look, and labels nothing.
"""

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy
from numpy.typing import NDArray
from sqlalchemy import case, delete, func, insert, select, update
from sqlalchemy.orm import Session

from backend import answers, values
from backend.db import reading, tables
from backend.judges import Judge, Verifier
from backend.judges.exact_match import ExactMatch
from backend.pipeline import groups as group_values
from backend.pipeline.stage import StageContext, derive_seed
from backend.prompt_sources import PromptSource
from backend.recipes import Recipe
from backend.values import Split, Verdict

READ = 2_000
"""So much of a text is looked at: its end, where answers and verdicts stand."""
AT_ONCE = 500
LEARNED_FROM = 20_000
FEWEST = 100
"""With fewer verdicts of either kind there is no habit to speak of."""
SMALLEST_SPREAD = 0.05
"""A judge that repeats itself exactly is still taken to be wrong near its cut."""
OTHER_JUDGE, VERIFIER, VOTE = 0.8, 0.9, 0.15
CHECKER = str(ExactMatch.name)
COMPARABLE = 100
"""A known answer of more characters is a text to learn from: that a sample differs from it says nothing."""

WORD = re.compile(r"\w+")
FEATURES = (
    "vote", "top", "others", "logprob", "grounded", "covered", "counted", "reason_end", "reason_in", "reason_grounded",
    "reason_covers", "length", "reason_length", "cut_off",
)  # fmt: skip
Matrix = NDArray[numpy.float64]


@dataclass
class Seen:
    """One sample as far as its worth needs it."""

    id: int
    group: int
    prompt: str
    text: str
    logprob: float
    num_tokens: int
    is_cut_off: bool
    score: float | None
    verdict: Verdict | None
    spread: float | None
    answer: str = ""
    rationale: str = ""
    known: str | None = None
    """The prompt's answer."""
    verdicts: dict[str, Verdict] = field(default_factory=dict)
    """Of others than the round's judge, by name."""


def write(stage: StageContext, judge: Judge | None = None) -> None:
    """Write the worth of every completion that people are shown; writing again changes nothing.

    judge: whose labels these are; None: the recipe's only one.
    """
    judge = judge or stage.recipe.judge
    cut = float(getattr(judge, "accept_at", 0.5))
    names, check = verifiers(stage), checker(stage.recipe) if has_answers(stage) else None
    samples, columns, signs = [], [], []
    for seen in read(shown(stage), str(judge.name)):
        found = features(seen)
        if check is not None:
            compare(check, seen)
        for one, row in zip(seen, found, strict=True):
            samples.append((one.id, one.verdict))
            columns.append(row)
            signs.append(plain_signs(one, row, cut=cut, verifiers=names))
    if not samples:
        return
    surprise, because = unlike_the_judge(
        numpy.array(columns), [verdict for _, verdict in samples], seed=derive_seed(stage.round.seed, "worth")
    )
    rows = [
        together(stage.round.id, sample_id, signs[n] | {because[n]: float(surprise[n])})
        for n, (sample_id, _) in enumerate(samples)
    ]
    with stage.writing() as db:
        db.execute(delete(tables.Worth).where(tables.Worth.round_id == stage.round.id))
    for chunk in group_values.chunks(rows, 5_000):
        with stage.writing() as db:
            db.connection().execute(insert(tables.Worth.__table__), chunk)  # type: ignore[arg-type]


def close_decided(db: Session, round_id: int) -> None:
    """Take out of the order what people have labelled, after it was written again in the middle of a review."""
    label, worth = tables.Label, tables.Worth
    decided = select(label.sample_id).where(label.round_id == round_id, label.source == values.LabelSource.person)
    db.execute(update(worth).where(worth.round_id == round_id, worth.sample_id.in_(decided)).values(is_open=False))


def together(round_id: int, sample_id: int, signs: dict[str, float]) -> dict[str, Any]:
    """One row: the chance that at least one sign is right, and the strongest."""
    worth = 1.0 - math.prod(1.0 - value for value in signs.values())
    why = max(signs, key=lambda name: signs[name])
    return {"round_id": round_id, "sample_id": sample_id, "worth": worth, "why": why, "is_open": True}


def plain_signs(one: Seen, row: Sequence[float], *, cut: float, verifiers: set[str]) -> dict[str, float]:
    """The signs that need no model."""
    if one.score is None and one.verdict is None:
        return {"unparsed": 1.0}
    signs = {"spread" if one.spread else "cut": near_the_cut(one.score, one.spread, cut=cut)}
    others = {judge for judge, verdict in one.verdicts.items() if verdict is not one.verdict}
    if CHECKER in others:
        signs[CHECKER] = VERIFIER
    elif others:
        signs["verifier" if others & verifiers else "judges"] = VERIFIER if others & verifiers else OTHER_JUDGE
    share, is_top = row[0], row[1] > 0
    if share > 0.5 and is_top and one.verdict is Verdict.reject:
        signs["vote"] = VOTE * share
    return signs


def near_the_cut(score: float | None, spread: float | None, *, cut: float) -> float:
    """How likely a look changes the label, 0 to 1: near the cut for how much the judge wavers; 1 without a verdict."""
    if score is None:
        return 1.0
    wavering = max(spread or 0.0, SMALLEST_SPREAD)
    return wavering / (wavering + abs(score - cut))


def features(group: Sequence[Seen]) -> list[list[float]]:
    """What can be read off the samples of one group, in the order of `FEATURES`."""
    votes = Counter(one.answer for one in group)
    accepted = Counter(one.answer for one in group if one.verdict is Verdict.accept)
    prompt = WORD.findall(group[0].prompt.casefold())
    known, most, end = set(prompt), max(votes.values()), prompt[-1] if prompt else ""
    rows = []
    for one in group:
        words, reason = WORD.findall(one.text.casefold()), WORD.findall(one.rationale.casefold())
        said, reasons = set(words), set(reason)
        elsewhere = len(group) - votes[one.answer]
        rows.append([
            votes[one.answer] / len(group),
            float(votes[one.answer] == most),
            (accepted.total() - accepted[one.answer] + 0.5) / (elsewhere + 1),
            one.logprob / max(1, one.num_tokens),
            share(words, known),
            share(prompt, said),
            float(not Counter(words) - Counter(prompt)),
            float(bool(reason) and reason[-1] == end),
            float(bool(reason) and reason[-1] in known),
            share(reason, known | said),
            share(prompt, reasons),
            math.log1p(len(one.text)),
            math.log1p(len(one.rationale)),
            float(one.is_cut_off),
        ])  # fmt: skip
    return rows


def share(words: Sequence[str], among: set[str]) -> float:
    return sum(word in among for word in words) / max(1, len(words))


def unlike_the_judge(
    columns: Matrix, verdicts: Sequence[Verdict | None], *, seed: int
) -> tuple[NDArray[numpy.float64], list[str]]:
    """For each sample how likely the judge's habit says otherwise, and the feature that says so most."""
    accepts = numpy.array([verdict is Verdict.accept for verdict in verdicts])
    judged = numpy.flatnonzero(numpy.array([verdict is not None for verdict in verdicts]))
    number = int(accepts.sum())
    if number < FEWEST or len(judged) - number < FEWEST:
        return numpy.zeros(len(columns)), ["habit"] * len(columns)
    some = numpy.random.default_rng(seed).permutation(judged)[:LEARNED_FROM]
    mean, deviation = columns[some].mean(0), columns[some].std(0) + 1e-9
    scaled = numpy.clip((columns - mean) / deviation, -8, 8)
    weights = learn(numpy.column_stack([numpy.ones(len(some)), scaled[some]]), accepts[some].astype(float))
    said = scaled * weights[1:]
    chance = 1 / (1 + numpy.exp(-numpy.clip(said.sum(1) + weights[0], -30, 30)))
    against = numpy.where(accepts, -1.0, 1.0)[:, None] * said
    surprise = numpy.where(accepts, 1 - chance, chance)
    surprise[numpy.array([verdict is None for verdict in verdicts])] = 0.0
    return surprise, [FEATURES[n] for n in against.argmax(1)]


def learn(rows: Matrix, accepted: Matrix, *, rounds: int = 12, ridge: float = 1e-3) -> Matrix:
    """Logistic regression by Newton's method; the ridge keeps it finite where a feature decides alone."""
    weights, size = numpy.zeros(rows.shape[1]), len(rows)
    for _ in range(rounds):
        chance = 1 / (1 + numpy.exp(-numpy.clip(rows @ weights, -30, 30)))
        slope = rows.T @ (chance - accepted) / size + ridge * weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows / size + ridge * numpy.eye(rows.shape[1])
        weights = weights - numpy.linalg.solve(bend, slope)
    return weights


def verifiers(stage: StageContext) -> set[str]:
    """Those judges of the round that compute."""
    with reading() as db:
        query = select(tables.Judgment.judge).where(tables.Judgment.round_id == stage.round.id).distinct()
        return {name for name in db.scalars(query) if is_verifier(name)}


def is_verifier(judge: str) -> bool:
    part = Judge.registry.get(judge)
    return part is not None and issubclass(part, Verifier)


def has_answers(stage: StageContext) -> bool:
    """Whether the known answers of the prompts answer what people are shown: not where it is prompts to be."""
    gate, places = stage.recipe.gate(stage.round.phase), stage.places
    asked = places[(places[gate].source if gate is not None else None) or 0].step.part
    return isinstance(asked, PromptSource) and asked.knows_answers


def checker(recipe: Recipe) -> ExactMatch | None:
    """What compares samples with the prompt's answer, as the recipe's metrics do; None where it is the judge already.

    None too where the metrics ask only another program what is right: the task is one that comparing cannot check.
    """
    if any(isinstance(judge, ExactMatch) for judge in recipe.of_kind("judge")):
        return None
    asked = [one for one in (getattr(metric, "verifier", None) for metric in recipe.metrics) if one is not None]
    return next((one for one in asked if isinstance(one, ExactMatch)), None if asked else ExactMatch())


def compare(check: ExactMatch, group: Sequence[Seen]) -> None:
    """Note what the checker says of each sample whose prompt has an answer that can be compared."""
    known = group[0].known
    if known is None or len(answers.extract(known) or known) > COMPARABLE:
        return
    samples = tuple(values.Sample(one.id, 0, one.text) for one in group)
    said = check.judge(None, [values.Group(values.Prompt(0, [], known), samples)], seed=0)
    for one, judgment in zip(group, said, strict=True):
        if judgment.verdict is not None:
            one.verdicts[CHECKER] = judgment.verdict


def shown(stage: StageContext) -> list[int]:
    """The groups that people are shown: those that the first step that reads labels works on."""
    gate = stage.recipe.gate(stage.round.phase)
    with reading() as db:
        if gate is None:
            rows = group_values.group_rows(db, stage.round.id, Split.train)
        else:
            rows = group_values.seen_by(db, stage, gate)
    return [row.id for row in rows]


def read(ids: Sequence[int], own: str) -> Iterator[list[Seen]]:
    """These groups, each with its completions. `own`: the name of the judge."""
    for some in group_values.chunks(ids, AT_ONCE):
        with reading() as db:
            by_group: dict[int, list[Seen]] = defaultdict(list)
            for one in read_samples(db, some, own):
                by_group[one.group].append(one)
        yield from by_group.values()


def read_samples(db: Session, group_ids: Sequence[int], own: str) -> list[Seen]:
    sample, label, prompt, group = tables.Sample, tables.Label, tables.Prompt, tables.Group
    query = (
        select(
            sample.id, sample.group_id, end_of(prompt.text), end_of(sample.text), sample.logprob, sample.num_tokens,
            sample.finish_reason, label.machine_score, label.machine_verdict, label.machine_spread,
            end_of(func.coalesce(group.answer, prompt.answer)),
        )
        .join(prompt, prompt.id == sample.prompt_id)
        .join(group, group.id == sample.group_id)
        .join(label, label.sample_id == sample.id)
        .where(sample.group_id.in_(group_ids), sample.kind.in_(tables.JUDGED))
        .order_by(sample.id)
    )  # fmt: skip
    found: dict[int, Seen] = {}
    for id_, group_id, asked, text, logprob, tokens, reason, score, verdict, spread, known in db.execute(query):
        one = Seen(id_, group_id, asked, text, logprob or 0.0, tokens, reason == "length", score, verdict, spread)
        one.answer, one.known = answers.normalise(answers.extract(text) or ""), known
        found[id_] = one
    add_judgments(db, group_ids, found, own)
    return list(found.values())


def add_judgments(db: Session, group_ids: Sequence[int], found: dict[int, Seen], own: str) -> None:
    """The round's own judge gives its reason; its replies together are the verdict that is there already."""
    sample, judgment = tables.Sample, tables.Judgment
    said = (
        select(judgment.sample_id, judgment.judge, judgment.verdict, end_of(judgment.rationale))
        .join(sample, sample.id == judgment.sample_id)
        .where(sample.group_id.in_(group_ids), judgment.position == 0)
    )
    for sample_id, judge, verdict, rationale in db.execute(said):
        if sample_id in found and judge == own:
            found[sample_id].rationale = rationale
        elif sample_id in found and verdict is not None:
            found[sample_id].verdicts[judge] = verdict


def end_of(column: Any) -> Any:
    """The last characters of a text."""
    length = func.length(column)
    return func.substr(column, case((length > READ, length - READ + 1), else_=1))
