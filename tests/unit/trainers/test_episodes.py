"""Which tokens of an episode are learned, by hand and by the template's own generation marks."""

from typing import Any

import pytest

from backend.demo.make_model import make_tokenizer
from backend.trainers import _episodes
from backend.trainers._inputs import Row
from backend.values import FailureKind, Messages

PROMPT: Messages = [{"role": "user", "content": "1+2?"}]
TURNS: Messages = [
    {"role": "assistant", "content": "A"},
    {"role": "user", "content": "3"},
    {"role": "assistant", "content": "=3"},
]


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return make_tokenizer()


def shown(tokenizer: Any, ids: list[int], labels: list[int]) -> str:
    """Each token, a `.` where it is not learned."""
    return "".join(tokenizer.decode([n]) if label != -100 else "." for n, label in zip(ids, labels, strict=True))


def test_only_the_policys_turns_are_learned_each_with_its_end(tokenizer: Any):
    ids, labels = _episodes.labelled(tokenizer, PROMPT, TURNS)
    # <|bos|> <|user|> 1 + 2 ? <|assistant|> A <|eos|> <|user|> 3 <|assistant|> = 3 <|eos|>
    assert len(ids) == 15
    assert shown(tokenizer, ids, labels) == ".......A<|eos|>...=3<|eos|>"
    assert [label for label in labels if label != -100] == [ids[n] for n in (7, 8, 12, 13, 14)]


def test_it_is_what_generation_marks_say(tokenizer: Any):
    marked = tokenizer.apply_chat_template(
        PROMPT + TURNS, tokenize=True, return_dict=True, return_assistant_tokens_mask=True
    )
    ids, labels = _episodes.labelled(tokenizer, PROMPT, TURNS)
    assert marked["input_ids"] == ids
    assert [int(label != -100) for label in labels] == marked["assistant_masks"]


def test_an_answer_of_one_turn_is_learned_as_ever(tokenizer: Any):
    ids, labels = _episodes.labelled(tokenizer, PROMPT, TURNS[:1])
    assert shown(tokenizer, ids, labels) == ".......A<|eos|>"


def test_rows_are_cut_and_those_with_nothing_left_to_learn_are_dropped(tokenizer: Any):
    rows = [{"prompt": PROMPT, "completion": TURNS, "weight": 2.0}, {"prompt": PROMPT * 3, "completion": TURNS}]
    (entry,) = _episodes.tokenized(tokenizer, rows, 8)
    assert (entry["row"], entry["weight"], len(entry["input_ids"])) == (0, 2.0, 8)
    assert shown(tokenizer, entry["input_ids"], entry["labels"]) == ".......A"
    with pytest.raises(StopIteration):
        _episodes.tokenized(tokenizer, rows, 3)


def test_a_template_that_rewrites_earlier_turns_is_found_out(tokenizer: Any):
    rows = [
        Row(0, {"prompt": PROMPT, "completion": TURNS}),
        Row(1, {"prompt": PROMPT, "completion": TURNS[:1]}),
    ]
    assert _episodes.are_episodes(rows)
    assert not _episodes.are_episodes(rows[1:])
    assert _episodes.unsteady(tokenizer, rows) == {}
    other = make_tokenizer()
    # As templates that drop the thoughts of all turns but the last.
    other.chat_template = other.chat_template.replace(
        "{{ message['content'] }}<|eos|>", "{{ message['content'] if loop.last else '' }}<|eos|>"
    )
    left_out = _episodes.unsteady(other, rows)
    assert list(left_out) == [0]
    assert left_out[0].kind is FailureKind.template
    assert "episode_steps" in left_out[0].reason
