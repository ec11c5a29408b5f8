"""Asks an endpoint in a few short requests what it can do. What comes of each is a line, never an error."""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from backend.engines import _prompt_logprobs, _top_logprobs
from backend.engines._asking import FORMS, body_of
from backend.engines._model_check import CheckLevel, Line
from backend.engines._refusals import Refusal
from backend.engines._replies import OddReply, completions_of
from backend.engines.openai import OpenAI
from backend.errors import EngineError, RondoError
from backend.values import JSON, FailureKind, Messages, Sampling
from backend.values.replies import ReplyForm

SECONDS = 10.0
"""For one reply."""
ALL_SECONDS = 30.0
"""For all of them; what is under way then is broken off."""
HELLO = "Answer with one word: hello."
GREETING: Messages = [{"role": "user", "content": HELLO}]
VARIED: Messages = [{"role": "user", "content": "Write eight words that come to your mind, any words at all."}]
ODD = ("quartz-4217", "marmalade-9035")
"""What no model answers unless it is held to it."""
CONTEXTS = ("max_model_len", "context_length", "context_window", "max_context_length", "n_ctx")
"""Where servers say how long their context is, in the list of their models."""
MOST_CONTEXT = 2**31 - 1
TROUBLE = (FailureKind.timeout, FailureKind.server, FailureKind.error, FailureKind.reply)
"""Failures that say nothing of what a server can do."""
UNANSWERED = "It did not answer: "

Found = tuple[Line, JSON]
"""What is said of one ability, and the knobs of the engine that follow."""


@dataclass(frozen=True)
class Probed:
    """What a test found. `knobs`: of the engine; empty where the endpoint did not answer."""

    lines: tuple[Line, ...]
    knobs: JSON = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """Whether it served the first request."""
        return self.lines[0].outcome is CheckLevel.passed


def probe(engine: OpenAI) -> Probed:
    """Ask for one short reply, and where it comes, what else the endpoint can do. Never raises `RondoError`."""
    # As if nothing were known of it: what an earlier test did not find may be there by now.
    unknown: JSON = {"logprobs": True, "prompt_logprobs": True, "forced": "", "max_retries": 0, "concurrency": 1}
    asked = OpenAI(**engine.model_dump() | unknown | {"timeout": SECONDS})
    until = time.monotonic() + ALL_SECONDS
    lines: list[Line] = []
    knobs: JSON = {}
    try:
        with asked as opened:
            opened.end_by(until)
            for line, more in _hello(opened):
                lines.append(line)
                knobs |= more
            if lines[0].outcome is not CheckLevel.passed:
                return Probed(tuple(lines))
            for name, ask in ASKED.items():
                if time.monotonic() > until:
                    text = f"It was not asked for: the test ends after {ALL_SECONDS:g} seconds. Test a faster server."
                    lines.append(Line(name, CheckLevel.warn, text))
                    continue
                line, more = _asked(opened, name, ask)
                lines.append(line)
                knobs |= more
            lines += [Line("refuses", CheckLevel.warn, note) for note in opened.notes()]
    except RondoError as error:
        return Probed((_unanswered(error.message),))
    return Probed(tuple(lines), knobs)


def _asked(engine: OpenAI, name: str, ask: Callable[[OpenAI], Found]) -> Found:
    """What is found out of one ability. Where the server fails, as when it limits requests, nothing is."""
    try:
        return ask(engine)
    except RondoError as error:
        return Line(name, CheckLevel.warn, f"It was not found out: {error.message}"), {}


def _unanswered(reason: str) -> Line:
    return Line("connection", CheckLevel.warn, UNANSWERED + reason)


def _hello(engine: OpenAI) -> Iterator[Found]:
    started = time.monotonic()
    ((completion,),) = engine.complete([GREETING], Sampling(max_tokens=16, seed=1))
    if completion.failure is not None:
        yield _unanswered(completion.failure.reason), {}
        return
    took = time.monotonic() - started
    yield Line("connection", CheckLevel.passed, f"It answered within {took:.1f} seconds: {completion.text[:80]!r}"), {}
    if completion.reasoning:
        text = "It gives reasoning apart from the text: that is kept, and neither judged nor trained on."
        yield Line("reasoning", CheckLevel.passed, text), {}
    else:
        yield Line("reasoning", CheckLevel.absent, "It gave no reasoning apart from the text."), {}
    if completion.logprob is None:
        text = "It gives no log-probabilities, so its samples have none."
        yield Line("logprobs", CheckLevel.absent, text), {"logprobs": False}
    else:
        yield (
            Line("logprobs", CheckLevel.passed, "It gives the log-probabilities of what it writes."),
            {"logprobs": True},
        )


def _several(engine: OpenAI) -> Found:
    """Whether n samples come in one reply. Raises what the engine does."""
    reply = _varied(engine, seed=7, n=2)
    if isinstance(reply, Refusal) and (reply.is_filter or reply.is_context):
        raise EngineError(f"it refused the request: {reply.message}")
    if isinstance(reply, dict) and len(_texts(reply)) == 2:
        return Line("n", CheckLevel.passed, "It gives several samples of a prompt in one reply."), {"supports_n": True}
    return Line("n", CheckLevel.absent, "Samples of a prompt are asked for one by one: it gives one a reply."), {
        "supports_n": False
    }


def _seeds(engine: OpenAI) -> Found:
    if "seed" in engine._refused:
        text = "It takes no seed: a round that is killed and goes on may end in other samples than one left alone."
        return Line("seed", CheckLevel.warn, text), {"seeds": False}
    first, again, other = (_texts(_varied(engine, seed=seed)) for seed in (7, 7, 8))
    if first != again:
        text = (
            "The same request with the same seed got another text: a round that is killed and goes on may end in other "
            "samples than one that was left alone."
        )
        return Line("seed", CheckLevel.warn, text), {"seeds": False}
    if first == other:
        text = "The same text came for each seed, so whether it uses seeds is not known."
        return Line("seed", CheckLevel.warn, text), {"seeds": True}
    return Line("seed", CheckLevel.passed, "The same seed gets the same text, another seed another one."), {
        "seeds": True
    }


def _varied(engine: OpenAI, *, seed: int, n: int = 1) -> JSON | Refusal:
    """The reply to one request like those of a round, without what the server refused so far. Raises what the engine
    does."""
    sampling = Sampling(max_tokens=16, n=n, seed=seed)
    return engine.post(body_of(engine, VARIED, sampling, n=n, seed=seed, refused=engine._refused))


def _texts(reply: JSON | Refusal) -> list[str]:
    """The texts of a reply; raises `EngineError` for a refusal, and for what cannot be read or was withheld."""
    if isinstance(reply, Refusal):
        raise EngineError(f"it refused the request: {reply.message}")
    completions = completions_of(reply)
    if failure := next((completion.failure for completion in completions if completion.failure is not None), None):
        raise EngineError(failure.reason)
    return [completion.text for completion in completions]


def _tops(engine: OpenAI) -> Found:
    reply = engine.ask(_top_logprobs.body_of(GREETING))
    try:
        is_there = isinstance(reply, dict) and len(_top_logprobs.top_of(reply)) > 1
    except OddReply:
        is_there = False
    if is_there:
        text = "It gives the likeliest first tokens of a reply: a judge can weigh one word against another."
        return Line("top_logprobs", CheckLevel.passed, text), {"top_logprobs": True}
    text = "It does not give the likeliest tokens of a reply, so a judge by probability cannot ask it."
    return Line("top_logprobs", CheckLevel.absent, text), {"top_logprobs": False}


def _reads(engine: OpenAI) -> Found:
    """Whether it reads a word, which vLLM can. Raises what the engine does."""
    reply = engine.ask(_prompt_logprobs.body_of(GREETING))
    try:
        is_there = isinstance(reply, dict) and bool(_prompt_logprobs.tokens_of(reply))
    except OddReply:
        is_there = False
    if is_there and _reads_a_word(engine):
        text = "It gives the log-probabilities of texts that it did not write."
        return Line("prompt_logprobs", CheckLevel.passed, text), {"prompt_logprobs": True}
    text = "It does not give the log-probabilities of texts that it did not write; vLLM does."
    return Line("prompt_logprobs", CheckLevel.absent, text), {"prompt_logprobs": False}


def _reads_a_word(engine: OpenAI) -> bool:
    try:
        (reading,) = engine.read([GREETING], ["hello"])
    except EngineError as error:
        if isinstance(error.__cause__, OddReply):
            return False
        raise
    if reading.failure is not None and reading.failure.kind in TROUBLE:
        raise EngineError(reading.failure.reason)
    return reading.failure is None and bool(reading.logprobs)


def _forms(engine: OpenAI) -> Found:
    """The first way to ask for a form that works. Raises `EngineError` where none does and one was not answered."""
    trouble = ""
    for how in filter(None, FORMS):
        # Each way on a copy: a field that is refused is left out only there.
        trial = engine.model_copy(update={"forced": how})
        trial._refused = dict(engine._refused)
        ((completion,),) = trial.complete_as(ReplyForm(choices=ODD), [GREETING], Sampling(max_tokens=32, seed=1))
        if completion.text in ODD:
            kinds = ", ".join(sorted(trial.forms))
            text = f"It holds replies to a form ({kinds}), asked for by {how}."
            return Line("forced_formats", CheckLevel.passed, text), {"forced": how}
        if completion.failure is not None and completion.failure.kind in TROUBLE:
            trouble = trouble or completion.failure.reason
    if trouble:
        raise EngineError(trouble)
    text = "It does not hold replies to a form: verdicts are read from replies as they come."
    return Line("forced_formats", CheckLevel.absent, text), {"forced": ""}


def _context(engine: OpenAI) -> Found:
    """How long its context is, as it says. Raises what the engine does."""
    length = context_of(engine.listing(), engine.model)
    if length is None:
        text = "It does not say how long its context is: texts that do not fit are left out, or cut off, in the round."
        return Line("context", CheckLevel.absent, text), {"context": None}
    return Line("context", CheckLevel.passed, f"Its context holds {length:,} tokens."), {"context": length}


def context_of(listing: Any, model: str) -> int | None:
    """The length of a model's context in a server's list of models; None where that is not told."""
    rows = listing.get("data") if isinstance(listing, dict) else None
    for row in rows if isinstance(rows, list) else ():
        if not isinstance(row, dict) or row.get("id") != model:
            continue
        inside = row["meta"] if isinstance(row.get("meta"), dict) else {}
        known = [place.get(name) for place in (row, inside) for name in CONTEXTS]
        return next((number for number in known if type(number) is int and 0 < number <= MOST_CONTEXT), None)
    return None


ASKED: dict[str, Callable[[OpenAI], Found]] = {
    "n": _several,
    "seed": _seeds,
    "top_logprobs": _tops,
    "prompt_logprobs": _reads,
    "forced_formats": _forms,
    "context": _context,
}
"""What is asked after the first reply, in order, by the name of its line."""
