from collections.abc import Sequence
from typing import Any

import pytest
from pydantic import PrivateAttr

from backend.engines import Engine
from backend.engines.scripted import Scripted
from backend.environments import Environment
from backend.environments.calculator import Calculator
from backend.generators.environment_rollout import EnvironmentRollout
from backend.values import Completion, FailureKind, Messages, Sample, Sampling
from backend.values.episodes import as_chat, begun
from tests.groups import prompt


class Guessing:
    """A world of TRL's protocol with a reward of its own: the answer is hidden, and told higher or lower."""

    def reset(self, **row: Any) -> str | None:
        self._hidden, self._is_found = int(row["answer"]), False
        return None

    def guess(self, number: str) -> str:
        """Guesses.

        Args:
            number: the guess.
        """
        self._is_found = int(number) == self._hidden
        return "right" if self._is_found else "higher" if int(number) < self._hidden else "lower"

    def get_reward(self) -> float:
        return float(self._is_found)


class Game(Environment):
    def make(self) -> Guessing:
        return Guessing()


class Counted(Engine):
    """Another engine that is asked, with what it was asked for."""

    inner: Engine
    _calls: list[tuple[list[Messages], Sampling]] = PrivateAttr(default_factory=list)

    def complete(self, prompts: Sequence[Messages], sampling: Sampling) -> list[list[Completion]]:
        self._calls.append((list(prompts), sampling))
        return self.inner.complete(prompts, sampling)


# Not parts of the product: other tests see the registries without them.
del Environment.registry["game"]
del Engine.registry["counted"]

POLICY = Scripted(
    rules=(
        {"pattern": "(?s)two steps.*Observation: 7.*Observation: 14", "reply": "Answer: 14"},
        {"pattern": "(?s)two steps.*Observation: 7", "reply": "then\nAction: calculate[7 * 2]"},
        {"pattern": "two steps", "reply": "first\nAction: calculate[3 + 4]"},
        {"pattern": "(?s)one step.*Observation: 5", "reply": "Answer: 5"},
        {"pattern": "one step", "reply": "Action: calculate[2 + 3]"},
        {"pattern": "for ever", "reply": "Action: calculate[1 + 1]"},
        {"pattern": "broken", "reply": "no room", "fails": "context"},
        {"pattern": "long", "reply": "a b c d e f Action: calculate[1]"},
        {"pattern": "(?s)guess.*higher", "reply": "Action: guess[7]"},
        {"pattern": "guess", "reply": "Action: guess[3]"},
        {"pattern": "choice", "reply": tuple(f"Answer: {n}" for n in range(40))},
        {"pattern": "direct", "reply": "Answer: 1"},
    )
)


def play(*asked: str, engine: Engine = POLICY, **knobs: Any) -> list[list[Sample]]:
    part = EnvironmentRollout(**{"n": 1, "temperature": 0.0} | knobs)
    return part.generate(engine, [prompt(text, id=n) for n, text in enumerate(asked, 1)], seed=1)


def test_an_episode_holds_every_turn_and_its_text_is_the_last():
    (episode,) = play("two steps")[0]
    assert [(turn["role"], turn["content"]) for turn in episode.turns[1:]] == [
        ("assistant", "first\nAction: calculate[3 + 4]"),
        ("user", "Observation: 7"),
        ("assistant", "then\nAction: calculate[7 * 2]"),
        ("user", "Observation: 14"),
        ("assistant", "Answer: 14"),
    ]
    assert episode.text == "Answer: 14"
    assert (episode.finish_reason, episode.extra) == ("stop", {"texts": 3})
    # 5 + 5 + 2 words were written by the policy; what the environment said is not counted.
    assert episode.num_tokens == len(
        ["first", "Action:", "calculate[3", "+", "4]", "then", "Action:", "calculate[7", "*", "2]", "Answer:", "14"]
    )
    assert episode.logprob == -episode.num_tokens


def test_what_the_environment_says_first_stands_at_the_end_of_the_question():
    (episode,) = play("direct")[0]
    chat, rest = begun(prompt("direct").messages, episode.turns)
    assert (len(chat), chat[0]["role"]) == (1, "user")
    assert chat[0]["content"].startswith("direct\n\nYou may use tools")
    assert rest == [{"role": "assistant", "content": "Answer: 1"}]
    assert as_chat(prompt("direct").messages, episode.turns) == [*chat, *rest]


def test_all_episodes_of_a_batch_go_on_together():
    engine = Counted(inner=POLICY)
    samples = play("two steps", "direct", "one step", engine=engine)
    assert [sample[0].text for sample in samples] == ["Answer: 14", "Answer: 1", "Answer: 5"]
    assert [len(asked) for asked, _ in engine._calls] == [3, 2, 1]
    assert all("\nObservation:" in sampling.stop for _, sampling in engine._calls)


def test_what_else_is_in_the_batch_changes_nothing():
    together = play("choice one", "two steps", "choice two", temperature=1.0, n=3)
    alone = [*play("choice one", temperature=1.0, n=3)]
    assert [entry.text for entry in together[0]] == [entry.text for entry in alone[0]]
    assert [sample.position for sample in together[0]] == [0, 1, 2]


def test_episodes_of_one_prompt_that_stand_alike_get_different_samples():
    engine = Counted(inner=POLICY)
    (sample,) = play("choice", engine=engine, temperature=1.0, n=4)
    ((asked, sampling),) = engine._calls
    assert (len(asked), sampling.n) == (1, 4)
    assert len({entry.text for entry in sample}) > 1


def test_an_episode_that_is_not_over_after_its_last_turn_has_failed_with_the_reason():
    (episode,) = play("for ever", max_turns=3)[0]
    assert episode.failure is not None
    assert episode.failure.kind is FailureKind.unfinished
    assert episode.failure.kind.is_own
    assert "not over after 3 texts" in episode.failure.reason
    (other,) = play("two steps", max_turns=3)[0]
    assert other.failure is None


def test_a_text_that_cannot_be_written_fails_its_episode_alone():
    broken, good = play("broken", "one step")
    assert (broken[0].failure.kind, good[0].text) == (FailureKind.context, "Answer: 5")


def test_a_text_that_was_cut_off_ends_its_episode():
    (episode,) = play("long", max_tokens=7)[0]
    assert (episode.finish_reason, len(episode.turns), episode.failure) == ("length", 2, None)


def test_the_reward_of_the_world_is_noted():
    part = EnvironmentRollout(environment=Calculator(), n=1, temperature=0.0, max_turns=3)
    part = part.model_copy(update={"environment": Game()})
    (sample,) = part.generate(POLICY, [prompt("guess", answer="7")], seed=1)
    assert sample[0].failure is not None, "it goes on guessing"
    engine = Scripted(
        rules=(
            {"pattern": "(?s)guess.*right", "reply": "It is 7."},
            {"pattern": "(?s)guess.*higher", "reply": "Action: guess[7]"},
            {"pattern": "guess", "reply": "Action: guess[3]"},
        )
    )
    (sample,) = part.generate(engine, [prompt("guess", answer="7")], seed=1)
    assert (sample[0].text, sample[0].extra) == ("It is 7.", {"texts": 3, "reward": 1.0})
    assert sample[0].turns[0]["role"] == "assistant", "this world says nothing first"


def test_held_out_prompts_are_played_too_the_first_time_greedily():
    engine = Counted(inner=POLICY)
    (sample,) = EnvironmentRollout(n=1).held_out(engine, [prompt("choice")], n=2, seed=3)
    assert [completion.position for completion in sample] == [0, 1, 2]
    assert [(sampling.temperature, sampling.n) for _, sampling in engine._calls] == [(0.0, 1), (1.0, 2)]


def test_knobs_survive_json():
    part = EnvironmentRollout(environment=Calculator(digits=3), n=3)
    assert EnvironmentRollout.load(part.dump()) == part
    assert (part.samples_per_prompt, part.texts_per_sample, part.max_tokens_per_sample) == (3, 6, 256)
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        EnvironmentRollout(max_turns=0)
