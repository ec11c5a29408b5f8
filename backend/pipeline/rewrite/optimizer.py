"""The search for a better template, by GEPA: a model reads what the judge got wrong and writes another template.

GEPA (Agrawal et al. 2025, arXiv 2507.19457) keeps a pool of templates, draws one that is best on some label, shows a
few of its replies with people's word to the reflecting model, and takes its new template into the pool where that is
better on these few.
"""

import importlib.util
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.errors import InvalidInput, MissingPrerequisite, PromptError
from backend.judges import prompt_text
from backend.pipeline.rewrite.cases import Case
from backend.pipeline.rewrite.trial import JudgeReply, JudgeTrial

log = logging.getLogger("rondo.pipeline")

ABOUT = Path(__file__).with_name("reflection.txt").read_text(encoding="utf-8")
NAME = "template"
"""What GEPA calls the one text that is rewritten."""
SHOWN_AT_ONCE = 8
"""Labels that the reflecting model sees at once."""
MOST_CHARACTERS, FEWEST_CHARACTERS = 1_500, 100
"""Of each text that it sees: at most, and where its context is short."""
CHARACTERS_PER_TOKEN = 2
"""Fewer than most languages have, so that what is asked fits the context."""
WORDS_AROUND = 250
"""Characters that stand around the texts of a label: headings, and what people and the judge say of it."""
IDLE = 5
"""So many iterations for each template that is to be tried may go by without one, as where nothing was wrong."""

Reflect = Callable[[str], str]


@dataclass(frozen=True)
class BestTemplate:
    """The template that is best on the labels that were seen, and how many were written.

    `note`: why fewer were written than asked for; empty where they were not.
    """

    template: str
    written: int
    note: str = ""


def most_calls(seen: int, unseen: int, rewrites: int, calls_per_sample: int) -> int:
    """The replies of the judge that a rewrite asks for at most: all seen labels for each template, the unseen twice."""
    return calls_per_sample * (seen * (1 + rewrites) + 2 * unseen)


def check() -> None:
    """Raise `MissingPrerequisite` without the package gepa."""
    if not is_installed():
        raise MissingPrerequisite(
            "Rewriting a template needs the package gepa, which is not installed. Install it where the worker runs: "
            'pip install "rondo[gepa]".'
        )


def is_installed() -> bool:
    """Whether the package gepa can be imported here."""
    return importlib.util.find_spec("gepa") is not None


def characters(context: int | None, template: str, max_tokens: int) -> int:
    """How many characters of each text are shown to a reflecting model of that context; None: it is not known.

    Raises `InvalidInput` where not even a few words of each fit.
    """
    if context is None:
        return MOST_CHARACTERS
    room = (context - max_tokens) * CHARACTERS_PER_TOKEN - len(ABOUT) - len(template)
    # Of each label three texts, and the words around them.
    each = (room // SHOWN_AT_ONCE - WORDS_AROUND) // 3
    if each < FEWEST_CHARACTERS:
        raise InvalidInput(
            f"The reflecting model's context of {context:,} tokens is too short for the template, what the judge got "
            "wrong, and another template. Choose a model with a longer context."
        )
    return min(each, MOST_CHARACTERS)


def search(
    trial: JudgeTrial,
    seen: Sequence[Case],
    reflect: Reflect,
    *,
    rewrites: int,
    seed: int,
    most_characters: int = MOST_CHARACTERS,
) -> BestTemplate:
    """Let at most so many templates be written, and return the best; that of before where none is better.

    A question that the reflecting model cannot be asked costs that template alone. Where the model itself fails, what
    was found by then is returned with a note, and where nothing was written yet, its error is raised. Raises
    `MissingPrerequisite` without the package gepa, and whatever asking the judge raises.
    """
    check()
    from gepa.api import optimize

    adapter = Adapter(trial, reflect, most_characters)
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
    if adapter.error is not None and not adapter.written:
        raise adapter.error
    return BestTemplate(result.best_candidate[NAME], adapter.written, adapter.note)


class Adapter:
    """What GEPA asks: how good a template is on some labels, and what is to be shown of it.

    `written`: replies of the reflecting model. `error`: what asking it raised, after which the search ends here; GEPA
    itself goes on without that template, as after what befalls one question alone.
    """

    propose_new_texts = None

    def __init__(self, trial: JudgeTrial, reflect: Reflect, most_characters: int = MOST_CHARACTERS) -> None:
        self.trial, self._reflect, self._most = trial, reflect, most_characters
        self.written = self.asked = 0
        self.error: Exception | None = None
        self.note = ""

    def is_over(self, rewrites: int, iteration: int) -> bool:
        return self.error is not None or self.asked >= rewrites or iteration >= rewrites * IDLE

    def reflect(self, prompt: Any) -> str:
        """Ask the reflecting model for another template."""
        if self.error is not None:
            raise self.error
        self.asked += 1
        try:
            reply = self._reflect(str(prompt))
        except PromptError as error:
            self.note = f"A question to the model that writes could not be asked, and cost one template: {error}"
            log.warning("%s", self.note)
            raise
        except Exception as error:
            self.error, self.note = error, f"The search ended early, since the model that writes failed: {error}"
            raise
        self.written += 1
        return reply

    def evaluate(self, batch: list[Case], candidate: dict[str, str], capture_traces: bool = False) -> Any:
        """1 for each label that the judge agrees with; 0 for all where the template lost a placeholder."""
        from gepa.core.adapter import EvaluationBatch

        outcomes = self.trial.outcomes(candidate[NAME], batch)
        if outcomes is None:
            outcomes = [JudgeReply(None, False, "") for _ in batch]
        scores = [float(outcome.agrees) for outcome in outcomes]
        traces = list(zip(batch, outcomes, strict=True)) if capture_traces else None
        return EvaluationBatch(outputs=outcomes, scores=scores, trajectories=traces)

    def make_reflective_dataset(
        self, candidate: dict[str, str], eval_batch: Any, components_to_update: list[str]
    ) -> Mapping[str, Sequence[Mapping[str, Any]]]:
        """What the reflecting model sees: the texts, the judge's replies, people's word."""
        return {NAME: [_shown(case, outcome, self._most) for case, outcome in eval_batch.trajectories]}


def _shown(case: Case, outcome: JudgeReply, most: int) -> dict[str, Any]:
    people = "accept" if case.accepts else "reject"
    judge = {True: "accepted it", False: "rejected it", None: "gave no verdict that could be read"}[outcome.accepts]
    verdict = "The judge agrees with people." if outcome.agrees else "The judge is wrong here."
    return {
        "Prompt": _cut(prompt_text(case.group.prompt.messages), most),
        "Text that is judged": _cut(case.group.samples[0].text, most),
        "Reply of the judge": _cut(outcome.reply, most),
        "Feedback": f"People {people} this text; the judge {judge}. {verdict}",
    }


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[:most]}…"


class _Log:
    """GEPA's words into ours."""

    def log(self, message: str) -> None:
        log.info("%s", message)
