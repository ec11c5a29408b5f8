"""Judges say what samples are worth: by the model's own word, by vote, or by a program."""

import re
from collections.abc import Sequence
from typing import NamedTuple, Self

from pydantic import Field

from backend.engines import Ability, Engine
from backend.errors import MissingPrerequisite
from backend.registry import Part
from backend.values import Group, Judgment, Messages, Sample, Verdict, mean_score

SPECIAL = (Ability.rate, Ability.read_all, Ability.read, Ability.weigh)
"""What is more than writing, the most demanding first; who reads all also reads, and who reads also weighs."""


class Comparison(NamedTuple):
    """One reply about two samples, by their places in the group: shown first, shown second, the better one or None."""

    first: int
    second: int
    winner: int | None


class Judge(Part, kind="judge"):
    """Judges groups. A reply without a verdict is a judgment with score None, never a guess."""

    accept_at: float = Field(0.5, description="lowest mean score that is labelled accept")

    @property
    def needs_engine(self) -> bool:
        """False for judges that only compute (a verifier, a vote)."""
        return True

    @property
    def asks_for(self) -> Ability:
        """What it asks its engine for, where it needs one."""
        return Ability.complete

    @property
    def may_be_silent(self) -> bool:
        """True for judges that say nothing of some samples by design: those do not count as without a verdict."""
        return False

    @property
    def needs_answer(self) -> bool:
        """True for judges that compare with the prompt's known answer: without one they give no verdict."""
        return False

    @property
    def takes_targets(self) -> bool:
        """True for judges that tell whether a text leads to the known answer: it may be the natural text for which an
        input is written (see `PromptSource.has_targets`)."""
        return False

    @property
    def judges_parents(self) -> bool:
        """True for judges of the texts that questions are about: judgments carry the ids of the groups' parents."""
        return False

    @property
    def reads_parents(self) -> bool:
        """True for judges that compare a text with the one its question is about."""
        return False

    @property
    def origins(self) -> tuple[str, ...]:
        """The conditions and roles whose texts it judges by their origin; empty where it looks at texts."""
        return ()

    @property
    def fixed_principles(self) -> tuple[str, ...]:
        """The principles of which it judges each group by one, the same one at each time; empty where it has none."""
        return ()

    @property
    def judges_siblings(self) -> bool:
        """True for judges of parents whose judgments are of all texts that stand beside the parent (`Group.about`)."""
        return False

    @property
    def needs_all_groups(self) -> bool:
        """True for judges that have to see all groups of the step in one call, not batch by batch."""
        return False

    @property
    def needs_whole_groups(self) -> bool:
        """True for judges that ask an engine and whose word on a sample depends on the others of its group."""
        return False

    @property
    def needs_pool(self) -> bool:
        """True for judges that compare texts with the prompts there are, of the round's sets and of rounds above."""
        return False

    def with_pool(self, texts: Sequence[str]) -> Self:
        """Return this judge, given these prompts to compare with; see `needs_pool`."""
        return self

    @property
    def needs_sandbox(self) -> bool:
        """True for judges that run programs which a model wrote."""
        return False

    def check_ready(self) -> None:
        """Raise `MissingPrerequisite` or `InvalidInput` where something that it needs here is missing, such as a
        package: asked before a launch."""

    @property
    def reads_beside(self) -> str:
        """The name of a generator's step whose texts about the same prompts it compares with; empty: it does not."""
        return ""

    def with_beside(self, groups: Sequence[Group]) -> Self:
        """Return this judge, given the groups of that step about the prompts it judges; see `reads_beside`."""
        return self

    @property
    def gives_answers(self) -> bool:
        """True for judges that answer the project's own questions about a sample instead of judging it: what they say
        is no judgment and changes no label."""
        return False

    @property
    def looks_elsewhere(self) -> bool:
        """True for judges that go by more than the texts of one group and its prompt: by other texts or prompts, or by
        where a text comes from. Only a step of a recipe gives a judge all of that."""
        others = self.judges_parents or self.judges_siblings or self.reads_parents or self.needs_all_groups
        return bool(others or self.needs_pool or self.reads_beside or self.origins or self.gives_answers)

    @property
    def score_range(self) -> tuple[float, float] | None:
        """The lowest and the highest score it can give; None where scores have no ends."""
        return None

    @property
    def asks_in_words(self) -> bool:
        """True for judges whose question about one text and whose reply are texts, so that a model can learn it."""
        return False

    def bound(self, engine: Engine | None) -> Engine:
        """Return the engine that was bound to the judge; raises `MissingPrerequisite` where none was."""
        if engine is None:
            what = "a scorer" if self.asks_for is Ability.rate else "a model"
            raise MissingPrerequisite(
                f"The judge {self.name} asks {what}, but none is bound. Choose a judge checkpoint."
            )
        return engine

    def question(self, prompt: Messages, response: str) -> Messages:
        """Return what a model is asked about a text; of judges that ask in words (`asks_in_words`) only."""
        raise NotImplementedError

    def bare(self, verdict: Verdict) -> str | None:
        """Return the shortest reply that says the verdict and is read so; None where it has no such form."""
        return None

    def comparisons(self, raws: Sequence[str]) -> list[Comparison]:
        """Read back what the replies kept in `Judgment.raw` of a group's samples, in order, say of each two of them.

        Empty for judges that do not ask about each two in both orders.
        """
        return []

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        """Return the judgments of all samples, keyed by `sample_id`; at least one for each sample."""
        raise NotImplementedError

    def label(self, judgments: Sequence[Judgment]) -> tuple[float | None, Verdict | None]:
        """Aggregate one sample's judgments: mean of the scores there are, accepted from `accept_at` up."""
        scores = [j.score for j in judgments if j.score is not None]
        if not scores:
            return None, None
        mean = mean_score(scores)
        return mean, Verdict.accept if mean >= self.accept_at else Verdict.reject

    @property
    def calls_per_sample(self) -> int:
        """Engine calls for one sample, for estimates."""
        return 0

    def calls_at_most(self, groups: int, samples: int) -> int:
        """Engine calls for so many groups with so many samples together, for estimates."""
        return samples * self.calls_per_sample

    @property
    def max_tokens_per_call(self) -> int:
        """Upper bound of new tokens of one call, for estimates."""
        return 0


class Verifier(Judge, abstract=True):
    """A judge that computes: no engine, one judgment for each sample, score 1 (right), 0 (wrong) or None."""

    @property
    def needs_engine(self) -> bool:
        return False

    def judgment(self, sample: Sample, score: float | None, rationale: str) -> Judgment:
        """Return the one judgment of a sample."""
        verdict = None if score is None else Verdict.accept if score >= self.accept_at else Verdict.reject
        return Judgment(
            sample_id=sample.id,
            judge=str(self.name),
            position=0,
            score=score,
            verdict=verdict,
            rationale=rationale,
            raw="",
        )


def asked_together(judges: Sequence[Judge]) -> Ability:
    """What judges that ask one engine ask it for; raises `ValueError` where no engine can do all of it.

    Who gives log-probabilities also writes.
    """
    wanted = {judge.asks_for for judge in judges if judge.needs_engine}
    if Ability.rate in wanted and len(wanted) > 1:
        raise ValueError(
            "One judge asks a scorer and another one a language model. Make one of them a step of its own."
        )
    return next((ability for ability in SPECIAL if ability in wanted), Ability.complete)


def prompt_text(messages: Messages) -> str:
    """Return the text of a single message, else the conversation with its roles."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)


def with_slots(template: str, *slots: str, so: str) -> str:
    """Return the template. Raises `ValueError` where it lacks one of these `{slots}`, with what follows: `so`."""
    if missing := [slot for slot in slots if slot not in template]:
        raise ValueError(f"The template lacks {' and '.join(missing)}, so {so}. Add it.")
    return template


def fill(template: str, **texts: str) -> str:
    """Put texts for the `{names}` of a template, in one pass: what looks like a name inside a text stays as it is."""
    return re.sub(r"\{(\w+)\}", lambda match: texts.get(match[1], match[0]), template)
