from collections.abc import Sequence

import pytest
from pydantic import PrivateAttr, ValidationError

from backend.engines import Engine
from backend.engines.scripted import Scripted
from backend.generators.sample import Sample, conditioned
from backend.values import Completion, Messages, Prompt, Sampling
from tests.groups import prompt

PROMPTS = [prompt("one", id=11), prompt("two", id=12)]


class Recording(Engine):
    """Answers with prompt and number, and remembers how it was asked."""

    _asked: list[Sampling] = PrivateAttr(default_factory=list)

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        self._asked.append(sampling)
        return [
            [Completion(f"{m[0]['content']} {n} T={sampling.temperature}", "stop", 2, -0.5) for n in range(sampling.n)]
            for m in prompts
        ]


# Not a part of the product: other tests see the registry without it.
del Engine.registry["recording"]


def test_returns_samples_in_order_with_positions():
    completions = Sample(n=3, temperature=0.5).generate(Recording(), PROMPTS, seed=7)
    assert [[s.text for s in samples] for samples in completions] == [
        ["one 0 T=0.5", "one 1 T=0.5", "one 2 T=0.5"],
        ["two 0 T=0.5", "two 1 T=0.5", "two 2 T=0.5"],
    ]
    assert [s.position for s in completions[1]] == [0, 1, 2]
    assert {(s.id, s.prompt_id, s.finish_reason, s.num_tokens, s.logprob) for s in completions[1]} == {
        (0, 12, "stop", 2, -0.5)
    }


def test_hands_every_knob_to_the_engine():
    engine = Recording()
    Sample(n=2, temperature=0.7, top_p=0.9, top_k=40, max_tokens=33, stop=("\n",)).generate(engine, PROMPTS, seed=7)
    assert engine._asked == [Sampling(temperature=0.7, top_p=0.9, top_k=40, max_tokens=33, n=2, seed=7, stop=("\n",))]


def test_extra_samples_follow_at_their_own_temperature_and_seed():
    engine = Recording()
    generator = Sample(n=2, temperature=0.7, extra_n=1, extra_temperature=1.2)
    samples = generator.generate(engine, PROMPTS, seed=7)
    assert [(s.position, s.text) for s in samples[0]] == [(0, "one 0 T=0.7"), (1, "one 1 T=0.7"), (2, "one 0 T=1.2")]
    assert engine._asked[1].seed not in (None, 7)
    assert generator.samples_per_prompt == 3


def test_same_seed_same_samples():
    engine = Scripted(replies=tuple("abcdefgh"))
    generator = Sample(n=8, extra_n=8)
    assert generator.generate(engine, PROMPTS, seed=1) == generator.generate(engine, PROMPTS, seed=1)
    assert generator.generate(engine, PROMPTS, seed=1) != generator.generate(engine, PROMPTS, seed=2)


def test_keeps_what_was_cut_off_and_says_so():
    samples = Sample(n=1, max_tokens=2).generate(Scripted(replies=("one two three",)), PROMPTS, seed=1)
    assert [(s.text, s.finish_reason) for s in samples[0]] == [("one two", "length")]


@pytest.mark.parametrize("knobs", [{"n": 0}, {"temperature": -0.1}, {"top_p": 0}, {"max_tokens": 0}, {"typo": 1}])
def test_refuses_knobs_out_of_bounds(knobs):
    with pytest.raises(ValidationError):
        Sample(**knobs)


def test_extra_samples_can_be_asked_otherwise_and_say_so():
    chat = [{"role": "system", "content": "be kind"}, {"role": "user", "content": "one {answer}"}]
    messages: list[Messages] = []

    class Listening(Recording):
        def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
            messages.extend(prompts)
            return super().complete(prompts, sampling)

    del Engine.registry["listening"]
    generator = Sample(n=1, extra_n=1, extra_template="Briefly.\n{prompt}")
    (completion,) = generator.generate(Listening(), [Prompt(11, chat)], seed=7)
    assert messages == [chat, [chat[0], {"role": "user", "content": "Briefly.\none {answer}"}]]
    assert [sample.extra for sample in completion] == [{}, {"extra_template": True}]


def test_a_template_that_asks_nothing_is_refused():
    with pytest.raises(ValidationError, match=r"does not hold \{prompt\}"):
        Sample(extra_template="Be brief.")


def test_conditions_are_told_apart_by_seed_and_noted_and_the_prompt_stays():
    engine = Recording()
    generator = Sample(n=2, conditions={"better": "{prompt} well", "worse": "{prompt} badly"}, take_imported=False)
    (first, _) = generator.generate(engine, PROMPTS, seed=7)
    assert [(s.position, s.text, s.extra) for s in first] == [
        (0, "one well 0 T=1.0", {"condition": "better"}),
        (1, "one well 1 T=1.0", {"condition": "better"}),
        (2, "one badly 0 T=1.0", {"condition": "worse"}),
        (3, "one badly 1 T=1.0", {"condition": "worse"}),
    ]
    assert len({asked.seed for asked in engine._asked} | {7}) == 3
    assert (generator.samples_per_prompt, generator.origins) == (4, ("better", "worse"))
    assert PROMPTS[0].messages == [{"role": "user", "content": "one"}]


def test_a_condition_without_the_prompt_is_a_system_prompt():
    chat = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "one"}]
    assert conditioned(chat[1:], "Be brief.") == [{"role": "system", "content": "Be brief."}, chat[1]]
    assert conditioned(chat, "Be brief.") == [{"role": "system", "content": "Be kind.\n\nBe brief."}, chat[1]]


def test_a_condition_that_shows_the_known_answer_skips_prompts_without_one():
    both = [prompt("one", id=11), prompt("two", id=12, answer="2")]
    generator = Sample(n=1, conditions={"plain": "{prompt}", "hinted": "{prompt}: {answer}"}, take_imported=False)
    completions = generator.generate(Recording(), both, seed=7)
    assert [[(s.position, s.text) for s in samples] for samples in completions] == [
        [(1, "one 0 T=1.0")],
        [(0, "two: 2 0 T=1.0"), (1, "two 0 T=1.0")],
    ]


def test_extra_samples_follow_those_of_all_conditions():
    generator = Sample(n=1, conditions={"a": "{prompt} a", "b": "{prompt} b"}, extra_n=1)
    (first, _) = generator.generate(Recording(), PROMPTS, seed=7)
    assert [(s.position, s.text, s.extra.get("condition")) for s in first] == [
        (0, "one a 0 T=1.0", "a"),
        (1, "one b 0 T=1.0", "b"),
        (2, "one 0 T=1.2", None),
    ]


@pytest.mark.parametrize("conditions", [{"two words": "x"}, {"a": "  "}, {"a" * 41: "x"}])
def test_conditions_need_a_name_and_a_text(conditions):
    with pytest.raises(ValidationError):
        Sample(conditions=conditions)
