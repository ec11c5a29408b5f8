import math

import pytest
from pydantic import ValidationError

from backend.engines import Ability, Engine
from backend.engines.scripted import ReplyRule, ScoreRule, Scripted
from backend.errors import EngineError, InvalidInput, MissingPrerequisite
from backend.values import Failure, FailureKind, Sampling

CHAT = [{"role": "user", "content": "What is 2 + 3?"}]
OTHER = [{"role": "user", "content": "Name a color."}]


def test_replies_depend_on_prompt_seed_and_position_only():
    engine = Scripted(replies=tuple("abcdefgh"))
    first = engine.complete([CHAT, OTHER], Sampling(n=8, seed=1))
    engine.complete([OTHER] * 5, Sampling(n=3, seed=9))
    assert engine.complete([CHAT, OTHER], Sampling(n=8, seed=1)) == first
    assert engine.complete([OTHER], Sampling(n=8, seed=1)) == [first[1]]
    assert engine.complete([CHAT], Sampling(n=8, seed=2)) != [first[0]]
    assert len({completion.text for completion in first[0]}) > 2


def test_greedy_ignores_the_seed():
    engine = Scripted(replies=tuple("abcdefgh"))
    texts = {engine.complete([CHAT], Sampling(temperature=0, seed=seed))[0][0].text for seed in range(10)}
    assert len(texts) == 1


def test_first_matching_rule_replies_and_others_get_the_replies():
    rules = (ReplyRule(pattern=r"\d \+ \d", reply=r"\boxed{5}"), ReplyRule(pattern="What", reply="never"))
    engine = Scripted(rules=rules, replies=("blue",))
    texts = [group[0].text for group in engine.complete([CHAT, OTHER], Sampling(seed=0))]
    assert texts == [r"\boxed{5}", "blue"]


def test_a_long_reply_is_cut_and_says_so():
    (completion,) = Scripted(replies=("one  two three",)).complete([CHAT], Sampling(max_tokens=2, seed=0))[0]
    assert (completion.text, completion.finish_reason, completion.num_tokens) == ("one  two", "length", 2)
    (whole,) = Scripted(replies=("one  two three",)).complete([CHAT], Sampling(max_tokens=3, seed=0))[0]
    assert (whole.finish_reason, whole.logprob) == ("stop", -3.0)


def test_a_prompt_over_the_context_fails_alone():
    other, chat = Scripted(replies=("a",), max_length=4).complete([OTHER, CHAT], Sampling())
    assert (other[0].text, other[0].failure) == ("a", None)
    assert chat[0].failure is not None
    assert chat[0].failure.kind is FailureKind.context
    assert "has 5 words" in chat[0].failure.reason


def test_a_rule_may_fail_its_prompts():
    rules = (ReplyRule(pattern="What", reply="The prompt was filtered.", fails=FailureKind.filter),)
    chat, other = Scripted(rules=rules, replies=("a",)).complete([CHAT, OTHER], Sampling(n=2))
    assert {c.failure for c in chat} | {c.failure for c in other} == {
        Failure(FailureKind.filter, "The prompt was filtered."),
        None,
    }


def test_says_what_is_missing_when_nothing_can_reply():
    with pytest.raises(InvalidInput, match="neither replies nor rules"):
        Scripted().complete([CHAT], Sampling())
    with pytest.raises(EngineError, match="No rule of the scripted engine matches 'What is"):
        Scripted(rules=(ReplyRule(pattern="x{9}", reply="a"),)).complete([CHAT], Sampling())
    with pytest.raises(ValidationError, match="is no regular expression"):
        ReplyRule(pattern="(", reply="a")


def test_survives_its_json():
    engine = Scripted(rules=(ReplyRule(pattern="a", reply=("b", "c")),), replies=("d",))
    assert Engine.load(engine.dump()) == engine


def test_each_word_is_read_as_one_of_two_outcomes():
    """p = 1/4: entropy 2 ln 2 - 3/4 ln 3, certainty -ln 2 + (ln 4 + ln 4 - ln 3)/2 = ln 2 - ln 3 / 2."""
    engine = Scripted(likelihoods=(ScoreRule(pattern="five", number=math.log(0.25)),), max_length=8)
    reading, empty, other, long = engine.read([CHAT] * 4, ["is five", "", "is", "far too many words, these"])
    assert reading.logprobs == (math.log(0.25),) * 2
    assert reading.entropies == pytest.approx([2 * math.log(2) - 0.75 * math.log(3)] * 2)
    assert reading.certainties == pytest.approx([math.log(2) - math.log(3) / 2] * 2)
    assert (empty.logprobs, other.logprobs) == ((), (-1.0,))
    assert long.failure is not None
    assert long.failure.kind is FailureKind.context
    with pytest.raises(ValidationError, match="A log-probability is below 0"):
        Scripted(likelihoods=(ScoreRule(pattern="a", number=0.0),))


def test_rates_by_the_first_number_that_fits_and_only_where_it_has_some():
    engine = Scripted(ratings=(ScoreRule(pattern="five", number=2.5), ScoreRule(pattern="color", number=-1)))
    assert engine.rate([CHAT, OTHER], ["five", "red"]) == [2.5, -1.0]
    assert Ability.rate in engine.abilities
    with pytest.raises(EngineError, match="No rating of the scripted engine matches"):
        engine.rate([CHAT], ["red"])
    with pytest.raises(MissingPrerequisite, match="The engine scripted cannot score texts"):
        Scripted(replies=("a",)).rate([CHAT], ["five"])
