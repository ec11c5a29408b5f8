"""What is measured of readings, by hand."""

import math
from collections.abc import Sequence

import pytest

from backend.engines import Ability, Engine
from backend.judges.self_certainty import SelfCertainty, measured
from backend.values import Failure, FailureKind, Group, Messages, Reading, Verdict
from tests.groups import prompt, sample

# Two tokens over a vocabulary of 2: probabilities 0.5 and 0.25 of the tokens read. The first distribution is uniform,
# the second (0.25, 0.75).
SECOND = (
    -0.25 * math.log(0.25) - 0.75 * math.log(0.75),
    -math.log(2) - (math.log(0.25) + math.log(0.75)) / 2,
)
READING = Reading((math.log(0.5), math.log(0.25)), (math.log(2), SECOND[0]), (0.0, SECOND[1]))


class Reads(Engine):
    """Gives its readings in order."""

    def read(self, chats: Sequence[Messages], texts: Sequence[str]) -> list[Reading]:
        assert [chat[-1]["content"] for chat in chats] == ["question"] * len(texts)
        failed = Reading((), failure=Failure(FailureKind.context, "It is too long."))
        return [{"": Reading(()), "long": failed}.get(text, READING) for text in texts]


del Engine.registry["reads"]


@pytest.mark.parametrize(
    ("measure", "expected"),
    [
        ("sequence_probability", 0.125),
        ("mean_logprob", math.log(0.125) / 2),
        ("entropy", -(math.log(2) + 0.5623351) / 2),
        # -log 2 - (log 0.25 + log 0.75) / 2 = 0.1438410, and nothing for the uniform one.
        ("kl_from_uniform", 0.1438410 / 2),
    ],
)
def test_measures_by_hand(measure, expected):
    assert measured(measure, READING) == pytest.approx(expected, abs=1e-6)


def test_a_uniform_distribution_is_certain_of_nothing():
    assert measured("kl_from_uniform", Reading((-1.0,), (1.0,), (0.0,))) == 0


def test_judges_each_sample_once_and_leaves_out_what_cannot_be_read():
    judge = SelfCertainty(measure="sequence_probability", accept_at=0.1)
    group = Group(prompt(), (sample(1, "yes"), sample(2, ""), sample(3, "long")))
    first, empty, long = judge.judge(Reads(), [group], seed=1)
    assert (first.sample_id, first.score, first.verdict) == (1, pytest.approx(0.125), Verdict.accept)
    assert (empty.score, empty.verdict, empty.failure) == (None, None, None)
    assert long.failure is not None
    assert judge.label([first]) == (first.score, Verdict.accept)


def test_the_probability_of_a_long_text_is_not_rounded_away():
    judge = SelfCertainty(measure="sequence_probability")
    small = judge._judgment(sample(1, "x"), Reading((-30.0, -30.0)))
    assert judge.label([small])[0] == pytest.approx(math.exp(-60))


def test_says_what_it_asks_for():
    assert SelfCertainty().asks_for is Ability.read_all
    assert SelfCertainty(measure="mean_logprob").asks_for is Ability.read
