"""Episodes inside TRL's GRPO: what acts, what TRL is told of a text, and which environments fit."""

import pytest
from pydantic import ValidationError

from backend.demo.make_model import make_tokenizer
from backend.environments import Environment, World
from backend.environments.calculator import Calculator
from backend.environments.document_search import DocumentSearch
from backend.trainers import _environment
from backend.trainers._inputs import Row
from backend.trainers.environment_grpo import EnvironmentGRPO

REWARD = {"name": "exact_match"}
ACTS = "I add.\nAction: calculate[2 + 3]"


class Silent(Environment):
    """An environment that reads texts in a way of its own."""

    def make(self) -> World:
        return Calculator().make()

    def reply(self, world: World, text: str) -> str | None:
        return None


@pytest.fixture(autouse=True)
def no_trace() -> object:
    yield
    Environment.registry.pop("silent", None)


def test_a_text_that_acts_and_ended_is_a_call_for_trl_and_any_other_is_not() -> None:
    tokenizer = make_tokenizer()
    end = tokenizer.eos_token_id
    read = _environment.reader(tokenizer, {end})
    ids = tokenizer(ACTS, add_special_tokens=False)["input_ids"]
    readings = read([*ids, end], prefix=[], tools=[])
    assert readings["content"] == ACTS
    assert readings["tool_calls"] == [{"type": "function", "function": {"name": "act", "arguments": {"text": ACTS}}}]
    assert "tool_calls" not in read(ids), "it was cut off"
    answer = tokenizer("Answer: 5", add_special_tokens=False)["input_ids"]
    assert read([*answer, end]) == {"role": "assistant", "content": "Answer: 5"}
    assert not _environment.acts(f"{ACTS}\nObservation: 6"), "it wrote the observation itself"
    assert _environment.acts(f"{ACTS}  \n\n")


def test_trl_s_environment_is_the_world_of_the_row_and_answers_as_in_a_generator() -> None:
    rows = {7: Row(7, {"prompt": [{"role": "user", "content": "2 + 3?"}]}, {"answer": "5", "metadata": {}})}
    played = _environment.Played(Calculator(), rows)
    text = played.reset(row=7, prompt="not used")
    assert text is not None
    assert text.startswith("\n\nYou may use tools before you answer:")
    assert _environment.begun(played) == [{"role": "user", "content": text.strip()}]
    assert played.act(ACTS) == "Observation: 5"
    assert played.act("Action: calculate[1 / 0]") == "Observation: Error: Division by zero."
    assert played.act("Action: look[1]") == "Observation: There is no tool look. Tools: calculate."
    assert _environment.reward_of(played) is None


def test_the_copied_template_writes_what_trl_checks_and_the_environment_as_the_user() -> None:
    tokenizer = make_tokenizer()
    own = _environment.tokenizer_for(tokenizer, {tokenizer.eos_token_id})
    chat = [
        {"role": "user", "content": "2 + 3?"},
        {"role": "assistant", "content": "", "tool_calls": [{"function": {"name": "act", "arguments": {"text": "x"}}}]},
        {"role": "tool", "name": "act", "content": "Observation: 5"},
    ]
    written = own.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    assert written.endswith("<|eos|><|user|>Observation: 5<|assistant|>")
    assert '"text": "x"' in written
    plain = [{"role": "user", "content": "2 + 3?"}]
    assert own.apply_chat_template(plain, tokenize=False) == tokenizer.apply_chat_template(plain, tokenize=False)
    assert tokenizer.chat_template in own.chat_template


def test_environments_that_trl_s_loop_does_not_fit_are_refused() -> None:
    assert EnvironmentGRPO(reward=REWARD)._arguments()["max_tool_calling_iterations"] == 5
    with pytest.raises(ValidationError, match="reads texts in a way of its own"):
        EnvironmentGRPO(reward=REWARD, environment=Silent())
    with pytest.raises(ValidationError, match="searches the round's documents"):
        EnvironmentGRPO(reward=REWARD, environment=DocumentSearch())
