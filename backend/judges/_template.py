"""What judges that ask a model share: fill in the template, sample the votes, parse only what was newly written."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pydantic import Field, field_validator

from backend.engines import Engine
from backend.judges import Judge, prompt_text, with_slots
from backend.values import Completion, Failure, FailureKind, Group, Judgment, Messages, Sample, Sampling, Verdict
from backend.values.replies import ReplyForm

_SLOT = re.compile(r"\{(prompt|response)\}")


@dataclass(frozen=True)
class Reply:
    """What was read out of one reply: no score means no verdict."""

    score: float | None
    rationale: str


def naming_template(completion: Completion) -> Completion:
    """The completion; where its prompt was too long for the context, with the judge's own way out beside."""
    return replace(completion, failure=with_way_out(completion.failure))


def with_way_out(failure: Failure | None) -> Failure | None:
    """The failure; where a prompt was too long for the context, with the judge's own way out beside."""
    if failure is None or failure.kind is not FailureKind.context:
        return failure
    reason = f"{failure.reason} The judge's template is part of it: a shorter `template` leaves more room."
    return replace(failure, reason=reason)


class TemplateJudge(Judge, abstract=True):
    """Fill a template with prompt and response, in a chat of its own, and sample `votes` replies."""

    votes: int = Field(3, ge=1, le=64, description="replies sampled for each sample; the label is their mean")
    temperature: float = Field(0.7, ge=0, le=5, description="0 is greedy; votes differ only above 0")
    top_p: float = Field(
        0.9, gt=0, le=1, description="sample from the likeliest tokens that hold this share of probability"
    )
    max_tokens: int = Field(512, ge=1, description="longest reply in tokens")
    template: str = Field(description="what the judge is asked; {prompt} and {response} are filled in")
    verdict_first: bool = Field(
        False, description="the template asks for the verdict before its reasons: a reply that was cut off counts, too"
    )
    forced: bool = Field(
        False,
        description="hold replies to the form of a verdict where the judge's server offers that; elsewhere, and else, "
        "they are read as they come",
    )

    @field_validator("template")
    @classmethod
    def _has_slots(cls, template: str) -> str:
        return with_slots(template, "{prompt}", "{response}", so="the judge would not see it")

    @property
    def template_hash(self) -> str:
        """SHA-256 of the template, stored on each judgment."""
        return hashlib.sha256(self.template.encode()).hexdigest()

    @property
    def calls_per_sample(self) -> int:
        return self.votes

    @property
    def max_tokens_per_call(self) -> int:
        return self.max_tokens

    @property
    def asks_in_words(self) -> bool:
        return True

    def question(self, prompt: Messages, response: str) -> Messages:
        return self.render(prompt, response)

    def bare(self, verdict: Verdict) -> str | None:
        form = self.form if self.forced else None
        forms = (text for text in self._bare(verdict) if form is None or form.holds(text))
        replies = (text for text in forms if self._verdict(self.parse(text, is_complete=True).score) is verdict)
        return next(replies, None)

    def _bare(self, verdict: Verdict) -> tuple[str, ...]:
        """Replies that may say the verdict, the likeliest form first."""
        return ()

    def render(self, prompt: Messages, response: str) -> Messages:
        """Return the judge's chat. One pass: a `{prompt}` inside the response stays as it is."""
        texts = {"prompt": prompt_text(prompt), "response": response}
        return self._chat(_SLOT.sub(lambda match: texts[match[1]], self.template))

    @property
    def form(self) -> ReplyForm | None:
        """What a whole reply has to be where replies are forced; None for a judge that forces none."""
        return None

    def parse(self, reply: str, *, is_complete: bool) -> Reply:
        """Read score and rationale, never out of thinking; `is_complete` is False for a reply that was cut off."""
        raise NotImplementedError

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        engine = self.bound(engine)
        samples = [sample for group in groups for sample in group.samples]
        chats = [self.render(group.prompt.messages, sample.text) for group in groups for sample in group.samples]
        sampling = Sampling(
            temperature=self.temperature, top_p=self.top_p, max_tokens=self.max_tokens, n=self.votes, seed=seed
        )
        replies, template_hash = self._ask(engine, chats, sampling), self.template_hash
        # Equal chats share their replies, so what a reply says is read once.
        distinct = {id(completions): completions for completions in replies}
        replies_of = {key: [*map(self._read, completions)] for key, completions in distinct.items()}
        return [
            self._judgment(sample, position, completion, reply, template_hash)
            for sample, completions in zip(samples, replies, strict=True)
            for position, (completion, reply) in enumerate(zip(completions, replies_of[id(completions)], strict=True))
        ]

    def _ask(self, engine: Engine, chats: list[Messages], sampling: Sampling) -> list[list[Completion]]:
        """Return the replies to each chat. Greedy replies to equal chats are equal, so each chat is asked once then."""
        if sampling.temperature > 0:
            return self._complete(engine, chats, sampling)
        texts = [chat[0]["content"] for chat in chats]
        distinct = list(dict.fromkeys(texts))
        asked = [self._chat(text) for text in distinct]
        replies = dict(zip(distinct, self._complete(engine, asked, sampling), strict=True))
        return [replies[text] for text in texts]

    def _complete(self, engine: Engine, chats: list[Messages], sampling: Sampling) -> list[list[Completion]]:
        """In the order of the chats: those about one prompt share their start, which servers read once."""
        form = self.form if self.forced else None
        if not chats:
            return []
        replies = engine.complete(chats, sampling) if form is None else engine.complete_as(form, chats, sampling)
        return [[*map(naming_template, completions)] for completions in replies]

    @staticmethod
    def _chat(text: str) -> Messages:
        return [{"role": "user", "content": text}]

    def _read(self, completion: Completion) -> Reply:
        """Only a reply that is known to have ended is complete."""
        return self.parse(completion.text, is_complete=completion.finish_reason == "stop")

    def _judgment(
        self, sample: Sample, position: int, completion: Completion, reply: Reply, template_hash: str
    ) -> Judgment:
        return Judgment(
            sample_id=sample.id,
            judge=str(self.name),
            position=position,
            score=reply.score,
            verdict=self._verdict(reply.score),
            rationale=reply.rationale,
            raw=completion.text,
            template_hash=template_hash,
            num_tokens=completion.num_tokens,
            finish_reason=completion.finish_reason,
            reasoning=completion.reasoning,
            failure=completion.failure,
        )

    def _verdict(self, score: float | None) -> Verdict | None:
        if score is None:
            return None
        return Verdict.accept if score >= self.accept_at else Verdict.reject
