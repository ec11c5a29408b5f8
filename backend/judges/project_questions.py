"""The project's own questions, asked of a model about each sample: answers beside those of people, and no label."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import Field, field_validator

from backend.engines import Ability, Engine
from backend.errors import InvalidInput
from backend.judges import Judge, fill, prompt_text, with_slots
from backend.judges._answers import form_of, how_to_reply, read_value
from backend.judges._template import naming_template
from backend.values import JSON, Completion, Failure, Group, Judgment, Messages, Sample, Sampling
from backend.values.questions import AskedQuestion, read_answer
from backend.values.replies import ReplyForm, Weights

TEMPLATE = """\
Below are a prompt and an answer to it. Look at the answer, then reply to the question about it.

Prompt:
{prompt}

Answer:
{response}

Question: {question}
{form}"""
"""The question comes last: questions about one sample share their start, which servers read once."""
NO_LABELS = (
    "The judge project_questions answers questions and labels nothing. Add a judge that labels, in a step of its own."
)


@dataclass(frozen=True)
class JudgedAnswer:
    """What a model replied to one question about one sample. `value`: None where the reply could not be read, and
    `fault` says why. `failure`: why there is no reply."""

    sample_id: int
    question: AskedQuestion
    value: JSON | None
    fault: str
    raw: str
    num_tokens: int = 0
    finish_reason: str = "stop"
    reasoning: str = ""
    failure: Failure | None = field(default=None, compare=False)


class ProjectQuestions(Judge):
    """Ask a model the project's own questions about each sample, one question a request.

    Its answers stand beside people's: in agreement, filters, exports and selectors by a question. It gives no score
    and no label, so that a recipe has another judge for these. A reply is read strictly: one that does not answer is
    kept with the reason, and counted.
    """

    questions: tuple[str, ...] = Field(
        (), description="keys of the questions; empty: all that the project asks when the step begins"
    )
    temperature: float = Field(0.0, ge=0, le=5, description="0 is greedy")
    max_tokens: int = Field(256, ge=1, description="longest reply in tokens")
    template: str = Field(
        TEMPLATE, description="what the judge is asked; {prompt}, {response}, {question} and {form} are filled in"
    )
    forced: bool = Field(
        True,
        description="hold replies to the form of an answer where the judge's server offers that; a model that is read "
        "here gives the likeliest rating or label, where none of them begins another one as 1 does 10; elsewhere, and "
        "else, replies are read as they come",
    )
    accept_at: float = Field(0.5, description="of no use here: answers give no label")

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{response}", "{question}", "{form}", so="the judge would not see it")

    @property
    def gives_answers(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True

    @property
    def template_hash(self) -> str:
        """SHA-256 of the template, stored on each answer."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def calls_per_sample(self) -> int:
        return max(1, len(self.questions))

    @property
    def max_tokens_per_call(self) -> int:
        return self.max_tokens

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        raise InvalidInput(NO_LABELS)

    def ask(self, question: AskedQuestion, prompt: Messages, response: str) -> Messages:
        """Return the chat in which a model is asked a question about a text."""
        asked = "\n".join(filter(None, (question.title, question.help.strip())))
        texts = {"prompt": prompt_text(prompt), "response": response, "question": asked, "form": how_to_reply(question)}
        return [{"role": "user", "content": fill(self.template, **texts)}]

    def answers(
        self, engine: Engine | None, groups: Sequence[Group], questions: Sequence[AskedQuestion], *, seed: int
    ) -> list[JudgedAnswer]:
        """Return what a model answers to each question about each sample, question by question."""
        engine = self.bound(engine)
        return [answer for question in questions for answer in self._answers(engine, groups, question, seed)]

    def _answers(
        self, engine: Engine, groups: Sequence[Group], question: AskedQuestion, seed: int
    ) -> Iterator[JudgedAnswer]:
        samples = [sample for group in groups for sample in group.samples]
        chats = [self.ask(question, group.prompt.messages, sample.text) for group in groups for sample in group.samples]
        sampling = Sampling(temperature=self.temperature, max_tokens=self.max_tokens, n=1, seed=seed)
        form = form_of(question) if self.forced else None
        if not chats:
            return
        replies = _replies(engine, chats, form, sampling)
        for sample, (reply,) in zip(samples, replies, strict=True):
            yield self._read(question, sample, naming_template(reply))

    def _read(self, question: AskedQuestion, sample: Sample, reply: Completion) -> JudgedAnswer:
        value, fault = None, ""
        if reply.failure is not None:
            fault = reply.failure.reason
        else:
            is_complete = reply.finish_reason == "stop"
            try:
                value = read_value(question, reply.text, is_complete=is_complete, text=sample.text)
                read_answer(question.kind, question.options, value, len(sample.text))
            except ValueError as error:
                value, fault = None, str(error)
        return JudgedAnswer(
            sample.id,
            question,
            value,
            fault,
            reply.text,
            reply.num_tokens,
            reply.finish_reason,
            reply.reasoning or "",
            reply.failure,
        )


def _replies(
    engine: Engine, chats: list[Messages], form: ReplyForm | None, sampling: Sampling
) -> list[list[Completion]]:
    """Ask as the engine can: held to the form, or for the likeliest of a few replies, or as they come."""
    if form is None:
        return engine.complete(chats, sampling)
    # Whoever sees only the likeliest first tokens cannot weigh most labels, and mends nothing by being asked again.
    if form.kind in engine.forms or Ability.read not in engine.abilities or not _may_be_weighed(form.choices):
        return engine.complete_as(form, chats, sampling)
    weights = engine.weigh(chats, form.choices)
    unweighed = [chat for chat, weight in zip(chats, weights, strict=True) if weight.failure is not None]
    others = iter(engine.complete_as(form, unweighed, sampling) if unweighed else ())
    return [next(others) if weight.failure is not None else [_likeliest(form.choices, weight)] for weight in weights]


def _may_be_weighed(choices: Sequence[str]) -> bool:
    """Whether there are choices, and none begins another: a reply is weighed without its end, so that `10` would never
    be likelier than `1`."""
    return bool(choices) and not any(
        choice != other and other.startswith(choice) for choice in choices for other in choices
    )


def _likeliest(choices: Sequence[str], weights: Weights) -> Completion:
    """The likeliest of the choices as a reply; of equal ones the first. What all weigh is kept beside it."""
    best = max(range(len(choices)), key=lambda n: weights.logprobs[n])
    odds = ", ".join(f"{choice} {logprob:.2f}" for choice, logprob in zip(choices, weights.logprobs, strict=True))
    return Completion(choices[best], "stop", 1, reasoning=f"Log-probabilities: {odds}")
