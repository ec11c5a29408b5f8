"""Engines that hold an engine: a checkpoint is weights and how they are used."""

from collections.abc import Iterator, Mapping

from pydantic import Field

from backend.engines import Ability, Engine
from backend.values import JSON, Messages
from backend.values.replies import Usage

INNER = "inner"
"""The field that holds the engine inside."""


class Wrapper(Engine, abstract=True):
    """Asks the engine inside. It loads what that one loads and is bound to the context that it has."""

    inner: Engine = Field(description="the engine that it asks")

    def check(self) -> None:
        self.inner.check()

    def __enter__(self) -> "Wrapper":
        self.inner.__enter__()
        return self

    def __exit__(self, *raised: object) -> None:
        self.inner.__exit__(*raised)

    @property
    def abilities(self) -> frozenset[Ability]:
        """To write, where the engine inside does: what reads or rates is the model inside, not how it is used."""
        return self.inner.abilities & {Ability.complete}

    @property
    def calls_per_answer(self) -> int:
        """How often a model is asked for one answer at most."""
        return calls_of(self.inner)

    @property
    def window(self) -> int:
        return self.inner.window

    def give_up(self, *, at_once: bool) -> None:
        self.inner.give_up(at_once=at_once)

    def notes(self) -> tuple[str, ...]:
        return self.inner.notes()

    def take_usage(self) -> Usage:
        return self.inner.take_usage()

    def count_tokens(self, messages: Messages) -> int | None:
        return self.inner.count_tokens(messages)

    @property
    def context_length(self) -> int | None:
        return self.inner.context_length


def calls_of(engine: Engine) -> int:
    """How often a model is asked for one answer of an engine at most."""
    return engine.calls_per_answer if isinstance(engine, Wrapper) else 1


def is_wrapper(engine: Mapping[str, object]) -> bool:
    """Whether the JSON is that of an engine which holds an engine."""
    return isinstance(engine.get(INNER), dict)


def layers(engine: JSON) -> Iterator[JSON]:
    """The JSON of the engine and of each one that it holds, the outermost first."""
    yield engine
    while is_wrapper(engine):
        engine = engine[INNER]
        yield engine


def in_words(engine: JSON) -> str:
    """How an engine answers: `self_refine around library around transformers`."""
    return " around ".join(str(layer.get("name", "")) for layer in layers(engine))


def innermost(engine: JSON) -> JSON:
    """The JSON of the engine that serves the weights."""
    *_, last = layers(engine)
    return last


def wrapped(engine: JSON, name: str, knobs: JSON) -> JSON:
    """The JSON of the engine with a wrapper of that name: one that is there gets the knobs, else a new one holds all.

    So a handbook is replaced by its next version, and answers are refined once, wherever in it that stands.
    """
    if not any(layer["name"] == name for layer in layers(engine)):
        return {"name": name, **knobs, INNER: engine}
    if engine["name"] == name:
        return {"name": name, **knobs, INNER: engine[INNER]}
    return engine | {INNER: wrapped(engine[INNER], name, knobs)}
