"""Against numbers worked out by hand; the engine reads a token a word."""

import math
from collections.abc import Sequence
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.engines import Ability, Engine
from backend.engines.scripted import ScoreRule, Scripted
from backend.engines.transformers import Transformers
from backend.errors import MissingPrerequisite
from backend.judges.reference_likelihood import ReferenceLikelihood, token_weights
from backend.values import FailureKind, Group, Messages, Reading, Verdict
from tests.groups import texts
from tests.tiny import make_tiny_model


class Table(Engine):
    """Log-probabilities by what was begun as the answer."""

    table: dict[str, tuple[float, ...]]

    def read(self, chats: Sequence[Messages], read: Sequence[str]) -> list[Reading]:
        assert set(read) <= {" six seven"}
        return [Reading(self.table[chat[-1]["content"]]) for chat in chats]


del Engine.registry["table"]
ENGINE = Table(table={"####": (-2.0, -3.0), "good\n####": (-1.0, -1.0), "bad\n####": (-1.0, -5.0)})
GROUP = texts("good\n#### 1", "bad #### 5 #### 2", answer="six seven")


def score(form: str, group: Group = GROUP, engine: Engine = ENGINE) -> list[float | None]:
    return [j.score for j in ReferenceLikelihood(form=form).judge(engine, [group], seed=1)]


def test_plain_is_the_sum_of_log_probabilities_after_the_reasoning():
    """The last `####` is cut off, so what the second one reasoned is `bad #### 5`."""
    engine = Table(table=ENGINE.table | {"bad #### 5\n####": (-1.0, -5.0)})
    assert score("plain", engine=engine) == [-2.0, -6.0]


def test_information_gain_subtracts_the_answer_without_reasoning():
    """-2 - (-5) = 3 and -6 - (-5) = -1: reasoning that misleads is below 0."""
    group = texts("good\n#### 1", "bad", answer="six seven")
    judgments = ReferenceLikelihood().judge(ENGINE, [group], seed=1)
    assert [(j.score, j.verdict) for j in judgments] == [(3.0, Verdict.accept), (-1.0, Verdict.reject)]
    assert judgments[0].rationale == "log p(known answer) = -2, without the reasoning -5."


def test_r3_weighs_tokens_by_how_much_the_reasonings_differ_there():
    """First token: -1 and -1, deviation 0. Second: -1 and -5, deviation 2. Weights 0 and 2 (mean 1).

    Gains there: -1 - (-3) = 2 and -5 - (-3) = -2, so 4 and -4: the first token, which both make likelier, counts nothing.
    """
    group = texts("good\n#### 1", "bad", answer="six seven")
    assert score("r3", group) == [4.0, -4.0]
    assert token_weights([(-1.0, -1.0), (-1.0, -5.0)]) == [0.0, 2.0]
    assert token_weights([(-1.0, -2.0), (-1.0, -2.0)]) == [1.0, 1.0]
    assert token_weights([(-1.0, -1.0, 0.0), (-3.0, -5.0, 0.0)]) == pytest.approx([1.0, 2.0, 0.0])


def test_r3_of_one_sample_is_plain():
    assert score("r3", texts("good", answer="six seven")) == [-2.0]
    uneven = Table(table=ENGINE.table | {"bad\n####": (-6.0,)})
    assert score("r3", texts("good", "bad", answer="six seven"), uneven) == [-2.0, -6.0]


def test_without_a_known_answer_there_is_no_score():
    judgments = ReferenceLikelihood().judge(ENGINE, [texts("good"), texts("good", answer="six seven")], seed=1)
    assert [(j.score, j.rationale[:31]) for j in judgments] == [
        (None, "The prompt has no known answer."),
        (3.0, "log p(known answer) = -2, witho"),
    ]


def test_what_cannot_be_read_fails_alone():
    engine = Scripted(max_length=6, likelihoods=(ScoreRule(pattern="short", number=-0.5),))
    long, short = ReferenceLikelihood().judge(engine, [texts("one two three four", "short", answer="x")], seed=1)
    assert long.failure is not None
    assert long.failure.kind is FailureKind.context
    assert (short.failure, short.score) == (None, 0.5)
    with pytest.raises(MissingPrerequisite, match="none is bound"):
        ReferenceLikelihood().judge(None, [texts("a", answer="x")], seed=1)


def test_what_it_asks_for():
    judge = ReferenceLikelihood(form="r3")
    assert (judge.asks_for, judge.needs_answer, judge.needs_whole_groups) == (Ability.read, True, True)
    assert not ReferenceLikelihood().needs_whole_groups
    with pytest.raises(ValidationError, match="is no regular expression"):
        ReferenceLikelihood(answer_pattern="(")


def test_on_a_real_model_it_is_the_difference_of_two_readings(tmp_path: Path):
    chat: Messages = [{"role": "user", "content": "question"}]
    with Transformers(model=str(make_tiny_model(tmp_path / "m", hidden=16, layers=1)), device="cpu") as engine:
        (judgment,) = ReferenceLikelihood().judge(engine, [texts("2 and 3\n#### 6", answer="5")], seed=1)
        begun: list[Messages] = [
            [*chat, {"role": "assistant", "content": start}] for start in ("2 and 3\n####", "####")
        ]
        given, alone = engine.read(begun, [" 5"] * 2)
    assert judgment.score == pytest.approx(math.fsum(given.logprobs) - math.fsum(alone.logprobs))
    assert len(given.logprobs) == 2
