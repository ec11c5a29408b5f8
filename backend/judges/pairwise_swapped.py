"""Compare every two samples of a group in both orders, and score each by what it wins."""

import hashlib
import itertools
import math
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from backend.answers.thinking import spoken
from backend.engines import Engine
from backend.judges import Comparison, Judge, fill, prompt_text, with_slots
from backend.judges._template import naming_template
from backend.values import Completion, Group, Judgment, Messages, Sample, Sampling, Verdict

TEMPLATE = Path(__file__).with_suffix(".txt").read_text(encoding="utf-8")
WINNER = re.compile(r"winner\W{0,12}\b([AB])\b(?!\W{0,3}(?:or|and|nor)\b)", re.IGNORECASE)
ALONE = re.compile(r"\W*([AB])\W*", re.IGNORECASE)
BETWEEN = "\n---\n"
"""Stands between the replies that a judgment keeps."""
ROUNDS, CLOSE_ENOUGH = 10_000, 1e-10


@dataclass(frozen=True)
class Game:
    """One comparison: the samples' numbers within the group, first and second shown, and what was said of them."""

    first: int
    second: int
    completion: Completion

    @property
    def winner(self) -> int | None:
        """The sample that the reply names, None where it names none clearly."""
        letter = read(self.completion)
        return {None: None, "A": self.first, "B": self.second}[letter]


class PairwiseSwapped(Judge):
    """Ask for the better of each two samples, in both orders; the score is the share of wins or a fitted strength.

    `elo` is Meta-Rewarding's score (Wu et al. 2024, arXiv 2407.19594): a win in the first place counts w1 = win2 /
    (win1 + win2), one in the second place w2 = win1 / (win1 + win2), win1 and win2 being all wins of the first and of
    the second place, here within the group; strengths e maximize the sum of B[m, n] * log(1 / (1 + exp(e[n] - e[m]))),
    B[m, n] being the weighted wins of m over n. A reply that names no winner counts for neither. Ours are: one half
    for both weights where nobody wins, `prior` added to every B[m, n] so that a sample that wins or loses everything
    has a finite strength, and strengths that add up to 0. Unit: logits, 0 is the middle of the group.
    `wins` is the share of comparisons with a winner that the sample won, 0 to 1.

    With `principles` each group is judged by one of them, drawn at random and the same in both orders, as
    constitutional AI labels its comparisons (Bai et al. 2022, arXiv 2212.08073, section 4.1).

    A group of n samples takes n * (n - 1) replies. A group of one sample, or one without a single winner, has no score.
    """

    template: str = Field(TEMPLATE, description="what is asked; {prompt}, {a} and {b} are filled in, and {principle}")
    principles: tuple[str, ...] = Field((), description="one of them, drawn at random, is the {principle}")
    draw_by: Literal["seed", "prompt"] = Field(
        "seed",
        description="what the principle of a group follows from: the round's seed; or the prompt alone, so that "
        "`principle_pairs` knows it",
    )
    score: Literal["elo", "wins"] = Field("elo", description="fitted strength with position weights, or share of wins")
    prior: float = Field(0.1, gt=0, description="weighted wins added to both sides of every pair before fitting")
    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy")
    top_p: float = Field(
        1.0, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    max_tokens: int = Field(512, ge=1, description="longest reply in tokens")
    accept_at: float = Field(0.0, description="lowest score that is labelled accept")

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{a}", "{b}", so="the judge would not see it")

    @model_validator(mode="after")
    def _has_principles(self) -> Self:
        if ("{principle}" in self.template) is not bool(self.principles):
            advice = "holds {principle}, but there are no principles. Give some"
            if self.principles:
                advice = "has no place for the principles. Write {principle} where one of them belongs"
            raise ValueError(f"The template {advice}.")
        return self

    @property
    def fixed_principles(self) -> tuple[str, ...]:
        return self.principles if self.draw_by == "prompt" else ()

    @property
    def may_be_silent(self) -> bool:
        return True

    @property
    def needs_whole_groups(self) -> bool:
        return True

    @property
    def score_range(self) -> tuple[float, float] | None:
        return (0.0, 1.0) if self.score == "wins" else None

    def comparisons(self, raws: Sequence[str]) -> list[Comparison]:
        """Whether a reply was cut off is not kept: one that names a winner counts."""
        parted_replies = [raw.split(BETWEEN) for raw in raws]
        if any(len(replies) != len(raws) - 1 for replies in parted_replies):
            return []
        comparisons_ = []
        for first, replies in enumerate(parted_replies):
            others = [number for number in range(len(raws)) if number != first]
            for second, text in zip(others, replies, strict=True):
                winner = {None: None, "A": first, "B": second}[read(Completion(text, "stop", 0))]
                comparisons_.append(Comparison(first, second, winner))
        return comparisons_

    @property
    def calls_per_sample(self) -> int:
        return 1

    def calls_at_most(self, groups: int, samples: int) -> int:
        n = -(-samples // max(groups, 1))
        return groups * n * (n - 1)

    @property
    def max_tokens_per_call(self) -> int:
        return self.max_tokens

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        pairs = [(g, a, b) for g in groups for a, b in itertools.permutations(range(len(g.samples)), 2)]
        sampling = Sampling(temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, n=1, seed=seed)
        chats = [
            self.render(g.prompt.messages, g.samples[a].text, g.samples[b].text, self._drawn(g, seed))
            for g, a, b in pairs
        ]
        replies = [[*map(naming_template, some)] for some in engine.complete(chats, sampling)] if chats else []
        games = iter([Game(a, b, reply[0]) for (_, a, b), reply in zip(pairs, replies, strict=True)])
        judgments = []
        for group in groups:
            n = len(group.samples)
            judgments += self._judgments(group, list(itertools.islice(games, n * (n - 1))))
        return judgments

    def _drawn(self, group: Group, seed: int) -> str:
        """The principle that a group is judged by."""
        return drawn(self.principles, group, seed if self.draw_by == "seed" else None)

    def render(self, prompt: Messages, a: str, b: str, principle: str = "") -> Messages:
        """Return the chat of one comparison."""
        text = fill(self.template, prompt=prompt_text(prompt), a=a, b=b, principle=principle)
        return [{"role": "user", "content": text}]

    def _judgments(self, group: Group, games: Sequence[Game]) -> list[Judgment]:
        scores = self._scores(len(group.samples), games)
        return [
            self._judgment(sample, score, number, [game for game in games if number in (game.first, game.second)])
            for number, (sample, score) in enumerate(zip(group.samples, scores, strict=True))
        ]

    def _scores(self, n: int, games: Sequence[Game]) -> list[float | None]:
        won = [(game, game.winner) for game in games if game.winner is not None]
        if not won:
            return [None] * n
        if self.score == "elo":
            return [*strengths(battles(n, games, self.prior))]
        return [_share([winner == k for game, winner in won if k in (game.first, game.second)]) for k in range(n)]

    def _judgment(self, sample: Sample, score: float | None, number: int, games: Sequence[Game]) -> Judgment:
        failures = [game.completion.failure for game in games if game.completion.failure is not None]
        winners = [game.winner for game in games]
        won, lost = winners.count(number), sum(w is not None and w != number for w in winners)
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        shown_first = [game.completion for game in games if game.first == number]
        return Judgment(
            sample_id=sample.id,
            judge=str(self.name),
            position=0,
            score=score,
            verdict=verdict,
            rationale=f"Won {won}, lost {lost} of {len(games)} comparisons.",
            raw=BETWEEN.join(completion.text for completion in shown_first),
            template_hash=hashlib.sha256(self.template.encode()).hexdigest(),
            num_tokens=sum(completion.num_tokens for completion in shown_first),
            failure=failures[0] if games and len(failures) == len(games) else None,
        )


def drawn(principles: Sequence[str], group: Group, seed: int | None = None) -> str:
    """Return the principle of a group; empty where there are none. Without a seed it is always the same one."""
    place = f"{group.prompt.id} {group.position}"
    chance = random.Random(place if seed is None else f"{seed} {place}")
    return chance.choice(principles) if principles else ""


def read(completion: Completion) -> str | None:
    """`A` or `B` as the reply's last word on it says; None where it is not clear or the reply was cut off."""
    if completion.failure is not None or completion.finish_reason != "stop":
        return None
    text = spoken(completion.text)
    if alone := ALONE.fullmatch(text):
        return alone[1].upper()
    winners = WINNER.findall(text)
    return winners[-1].upper() if winners else None


def battles(n: int, games: Sequence[Game], prior: float) -> list[list[float]]:
    """Weighted wins of each sample over each other: n rows of n, 0 on the diagonal."""
    first = sum(game.winner == game.first for game in games)
    second = sum(game.winner == game.second for game in games)
    total = first + second
    weights = (second / total, first / total) if total else (0.5, 0.5)
    table = [[0.0 if row == column else prior for column in range(n)] for row in range(n)]
    for game in games:
        if game.winner == game.first:
            table[game.first][game.second] += weights[0]
        elif game.winner == game.second:
            table[game.second][game.first] += weights[1]
    return table


def strengths(table: Sequence[Sequence[float]]) -> list[float]:
    """The strengths (logits, sum 0) that make these wins most likely, by the MM iteration of Hunter (2004).

    Every off-diagonal entry must be above 0, which makes the maximum unique.
    """
    n = len(table)
    power = [1.0] * n
    for _ in range(ROUNDS):
        new = [
            sum(table[m]) / sum((table[m][k] + table[k][m]) / (power[m] + power[k]) for k in range(n) if k != m)
            for m in range(n)
        ]
        scale = math.exp(math.fsum(map(math.log, new)) / n)
        new = [power / scale for power in new]
        moved = max(abs(math.log(a / b)) for a, b in zip(new, power, strict=True))
        power = new
        if moved < CLOSE_ENOUGH:
            break
    return [round(math.log(value), 9) + 0.0 for value in power]


def _share(wins: Sequence[bool]) -> float | None:
    return sum(wins) / len(wins) if wins else None


def same_winners(ids: Sequence[int], raws: Sequence[str]) -> list[tuple[int, int, bool]]:
    """Return of each two samples of a group whether the same one won in both orders, read back from judgments.

    ids: of the group's samples in the order in which they were judged; raws: what the judge replied with each of them
    in the first place (`Judgment.raw`). Pairs of which a reply names no winner, or cannot be told from the others, are
    left out.
    """
    replies = [raw.split(BETWEEN) for raw in raws]
    if any(len(reply) != len(ids) - 1 for reply in replies):
        return []
    pairs = []
    for a, b in itertools.combinations(range(len(ids)), 2):
        first = read(Completion(replies[a][b - 1], "stop", 0))
        second = read(Completion(replies[b][a], "stop", 0))
        if first is not None and second is not None:
            pairs.append((ids[a], ids[b], first != second))
    return pairs
