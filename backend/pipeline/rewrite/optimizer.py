"""The search for a better template, by GEPA: a model reads what the judge got wrong and writes another template.

GEPA (Agrawal et al. 2025, arXiv 2507.19457) keeps a pool of templates, draws one that is best on some label, shows a
few of its replies with people's word to the reflecting model, and takes its new template into the pool where that is
better on these few.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.errors import MissingPrerequisite
from backend.judges import prompt_text
from backend.pipeline.rewrite.cases import Case
from backend.pipeline.rewrite.trial import Outcome, Trial

log = logging.getLogger("rondo.pipeline")

ABOUT = Path(__file__).with_name("reflection.txt").read_text(encoding="utf-8")
NAME = "template"
"""What GEPA calls the one text that is rewritten."""
SHOWN_AT_ONCE = 8
"""Labels that the reflecting model sees at once."""
MOST_CHARACTERS = 1_500
"""Of each text that it sees."""
IDLE = 5
"""So many iterations for each template that is to be tried may go by without one, as where nothing was wrong."""

Reflect = Callable[[str], str]


@dataclass(frozen=True)
class Found:
    """The template that is best on the labels that were seen, and how many were written."""

    template: str
    written: int


def most_calls(seen: int, unseen: int, rewrites: int, calls_per_sample: int) -> int:
    """The replies of the judge that a rewrite asks for at most: all seen labels for each template, the unseen twice."""
    return calls_per_sample * (seen * (1 + rewrites) + 2 * unseen)


def search(trial: Trial, seen: Sequence[Case], reflect: Reflect, *, rewrites: int, seed: int) -> Found:
    """Let at most so many templates be written, and return the best; that of before where none is better.

    Raises `MissingPrerequisite` without the package gepa, and whatever asking the models raises.
    """
    try:
        from gepa.api import optimize
    except ImportError as error:
        raise MissingPrerequisite(
            "Rewriting a template needs the package gepa, which is not installed. Install it where the worker runs: "
            'pip install "rondo[gepa]".'
        ) from error
    adapter = Adapter(trial, reflect)
    asked: Any = adapter  # it names what it lacks, and GEPA's types want methods
    result: Any = optimize(
        {NAME: trial.judge.template},
        trainset=list(seen),
        adapter=asked,
        reflection_lm=adapter.reflect,
        reflection_prompt_template=ABOUT,
        reflection_minibatch_size=min(SHOWN_AT_ONCE, len(seen)),
        stop_callbacks=lambda state: adapter.is_over(rewrites, state.i),
        logger=_Log(),
        seed=seed,
        track_best_outputs=False,
    )
    if adapter.error is not None:
        raise adapter.error
    return Found(result.best_candidate[NAME], adapter.written)


class Adapter:
    """What GEPA asks: how good a template is on some labels, and what is to be shown of it.

    `error`: what asking the reflecting model raised; GEPA goes on without that template, and the search ends here.
    """

    propose_new_texts = None

    def __init__(self, trial: Trial, reflect: Reflect) -> None:
        self.trial, self._reflect = trial, reflect
        self.written = 0
        self.error: Exception | None = None

    def is_over(self, rewrites: int, iteration: int) -> bool:
        return self.error is not None or self.written >= rewrites or iteration >= rewrites * IDLE

    def reflect(self, prompt: Any) -> str:
        """Ask the reflecting model for another template."""
        if self.error is not None:
            raise self.error
        self.written += 1
        try:
            return self._reflect(str(prompt))
        except Exception as error:
            self.error = error
            raise

    def evaluate(self, batch: list[Case], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """1 for each label that the judge agrees with; 0 for all where the template lost a placeholder."""
        from gepa.core.adapter import EvaluationBatch

        outcomes = self.trial.outcomes(candidate[NAME], batch)
        if outcomes is None:
            outcomes = [Outcome(None, False, "") for _ in batch]
        scores = [float(one.agrees) for one in outcomes]
        traces = list(zip(batch, outcomes, strict=True)) if capture_traces else None
        return EvaluationBatch(outputs=outcomes, scores=scores, trajectories=traces)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What the reflecting model sees: the texts, the judge's replies, people's word."""
        return {NAME: [_shown(case, outcome) for case, outcome in eval_batch.trajectories]}


def _shown(case: Case, outcome: Outcome) -> dict[str, Any]:
    people = "accept" if case.accepts else "reject"
    judge = {True: "accepted it", False: "rejected it", None: "gave no verdict that could be read"}[outcome.accepts]
    verdict = "The judge agrees with people." if outcome.agrees else "The judge is wrong here."
    return {
        "Prompt": _cut(prompt_text(case.group.prompt.messages)),
        "Text that is judged": _cut(case.group.samples[0].text),
        "Reply of the judge": _cut(outcome.reply),
        "Feedback": f"People {people} this text; the judge {judge}. {verdict}",
    }


def _cut(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


class _Log:
    """GEPA's words into ours."""

    def log(self, message: str) -> None:
        log.info("%s", message)
