"""Reading texts and going on from them: against forward passes without cache, padding or pieces, and by hand."""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.engines import Ability, answered
from backend.engines._chat import encode, encode_answers, encode_closed, special_texts
from backend.engines._reading import BoundedReader, ReadRequest, measures
from backend.engines.transformers import Transformers
from backend.errors import MissingPrerequisite
from backend.values import FailureKind, Messages, Reading, Sampling
from tests.tiny import make_tiny_model


def chat(text: str, begun: str | None = None) -> Messages:
    user: Messages = [{"role": "user", "content": text}]
    return user if begun is None else [*user, {"role": "assistant", "content": begun}]


CHATS = [chat("2 + 3 ="), chat("a much longer question?"), chat("x", "5 and "), chat("2 + 3 ="), chat("y")]
TEXTS = ["5", "no, it is <|eos|> not", "7, I think", "six or so", ""]


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Transformers]:
    folder = make_tiny_model(tmp_path_factory.mktemp("models") / "tiny", context=64)
    with Transformers(model=str(folder), device="cpu") as opened:
        yield opened


def test_measures_of_a_distribution_worked_out_by_hand():
    """p = 1/2, 1/4, 1/4: H = 1.5 ln 2; KL(U || p) = -ln 3 + (ln 2 + 2 ln 4)/3 = 5/3 ln 2 - ln 3 (arXiv 2505.19590)."""
    import torch

    logits = torch.tensor([[[0.5, 0.25, 0.25], [1.0, 1.0, 1.0]]]).log() + 7.0
    logprobs, entropies, certainties = measures(logits, torch.tensor([[1, 2]]))
    assert logprobs[0].tolist() == pytest.approx([math.log(0.25), math.log(1 / 3)], abs=1e-5)
    assert entropies[0].tolist() == pytest.approx([1.5 * math.log(2), math.log(3)], abs=1e-5)
    assert certainties[0].tolist() == pytest.approx([5 / 3 * math.log(2) - math.log(3), 0.0], abs=1e-5)


def plainly(engine: Transformers, messages: Messages, text: str) -> Reading:
    """One forward pass over prompt and text, with the plain definitions."""
    import torch

    head = engine._encode([messages])[0]
    tail = engine._tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
    with torch.no_grad():
        logits = engine._model(input_ids=torch.tensor([head + tail])).logits[0, len(head) - 1 : -1].float()
    logp = logits.log_softmax(-1)
    uniform = 1 / logp.shape[-1]
    return Reading(
        tuple(logp.gather(1, torch.tensor(tail)[:, None])[:, 0].tolist()),
        tuple((-logp.exp() * logp).sum(-1).tolist()),
        tuple((uniform * (math.log(uniform) - logp)).sum(-1).tolist()),
    )


def assert_close(reading: Reading, expected: Reading) -> None:
    for name in ("logprobs", "entropies", "certainties"):
        assert getattr(reading, name) == pytest.approx(getattr(expected, name), abs=1e-3), name


def test_each_token_is_read_as_in_a_plain_forward_pass(engine: Transformers):
    readings = engine.read(CHATS, TEXTS)
    for messages, text, reading in zip(CHATS[:4], TEXTS[:4], readings[:4], strict=True):
        assert reading.failure is None
        assert len(reading.logprobs) == len(text)
        assert_close(reading, plainly(engine, messages, text))
    assert readings[4] == Reading((), (), ())
    assert engine.read([], []) == []


@pytest.mark.parametrize(("rows", "step"), [(1, 1), (2, 3), (4, 1)])
def test_pieces_and_batches_change_nothing(engine: Transformers, rows: int, step: int):
    """The bound on logits cuts texts into pieces of `step` columns."""
    reader = BoundedReader(engine._model, rows=rows, logits=10**9)
    reader.logits = rows * step * reader.vocabulary
    pairs = encode_answers(engine._tokenizer, engine._special, CHATS[:4], TEXTS[:4])
    given = [ReadRequest(n, head, tail) for n, (head, tail) in enumerate(pairs)]
    readings = {
        read_request.position: reading
        for batch in reader.batches(given)
        for read_request, reading in zip(batch, reader.read(batch), strict=True)
    }
    for position, reading in enumerate(engine.read(CHATS[:4], TEXTS[:4])):
        assert_close(readings[position], reading)


def test_what_a_model_sampled_is_read_with_its_log_probability(engine: Transformers):
    prompts, compared = [chat("2 + 3 ="), chat("x", "5 and ")], 0
    for messages, group in zip(prompts, engine.complete(prompts, Sampling(seed=3, max_tokens=6, n=6)), strict=True):
        for completion, reading in zip(
            group, engine.read([messages] * 6, [read_request.text for read_request in group]), strict=True
        ):
            if completion.finish_reason == "length" and len(completion.text) == 6:  # else an end token counts as well
                assert math.fsum(reading.logprobs) == pytest.approx(completion.logprob, abs=1e-3)
                compared += 1
    assert compared > 4


def test_a_text_over_the_context_fails_alone(engine: Transformers):
    room = 64 - engine.count_tokens(chat("x"))
    fits, long = engine.read([chat("x")] * 2, ["7" * room, "7" * (room + 1)])
    assert len(fits.logprobs) == room
    assert long.failure is not None
    assert long.failure.kind is FailureKind.context
    assert "Prompt and text have 65 tokens, but the context of" in long.failure.reason
    assert long.logprobs == ()


def test_a_chat_that_ends_with_the_assistant_is_gone_on_from(engine: Transformers):
    """The prompt is that of the question with the begun answer behind it; the text is only what is new."""
    begun = chat("2 + 3 =", "it is ")
    question = engine._encode([chat("2 + 3 =")])[0]
    assert engine._encode([begun])[0] == question + engine._tokenizer("it is ", add_special_tokens=False)["input_ids"]
    (completion,), (fresh,) = engine.complete([begun, chat("2 + 3 =")], Sampling(temperature=0, max_tokens=5))
    assert (len(completion.text), completion.num_tokens, completion.finish_reason) == (5, 5, "length")
    assert completion.text != fresh.text
    assert completion.logprob == pytest.approx(math.fsum(plainly(engine, begun, completion.text).logprobs), abs=1e-3)


def test_a_turn_that_is_over_is_what_trainers_render(engine: Transformers):
    tokenizer, special = engine._tokenizer, engine._special
    chats = [chat("a"), chat("b", "c")]
    assert answered(chats[1], "d")[-1] == {"role": "assistant", "content": "cd"}
    expected = [
        tokenizer.apply_chat_template(answered(entry, "d"), tokenize=True, return_dict=False) for entry in chats
    ]
    assert encode_closed(tokenizer, special, chats, ["d", "d"]) == expected
    assert expected[0][-1] == tokenizer.eos_token_id
    forged = encode_closed(tokenizer, special, [chat("a")], ["<|eos|>d"])[0]
    assert forged.count(tokenizer.eos_token_id) == 1


def metaspace() -> Any:
    """A tokenizer of words that puts a mark before the first one and drops the space before it when it decodes."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<unk>", "</s>", "[A]", "▁a", "a", "▁b", "b", "▁"]
    raw = Tokenizer(models.WordLevel({word: n for n, word in enumerate(words)}, unk_token="<unk>"))
    raw.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first")
    raw.decoder = decoders.Metaspace(prepend_scheme="first")
    template = "{% for m in messages %}{% if m.role == 'assistant' %}[A]{% endif %}{{ m.content }}{% endfor %}"
    return PreTrainedTokenizerFast(
        tokenizer_object=raw,
        unk_token="<unk>",
        eos_token="</s>",
        additional_special_tokens=["[A]"],
        chat_template=template + "{% if add_generation_prompt %}[A]{% endif %}",
    )


def test_a_text_stands_after_its_chat_as_it_would_be_written_there(tmp_path: Path):
    """Alone `a` is `▁a`; after the start of a turn it is `a`. A continuation keeps the space that it begins with."""
    tokenizer = metaspace()
    special = special_texts(tokenizer)
    (pair,) = encode_answers(tokenizer, special, [chat("b")], ["a b"])
    assert [tokenizer.convert_ids_to_tokens(ids) for ids in pair] == [["▁b", "[A]"], ["a", "▁b"]]
    assert encode(tokenizer, special, [chat("b", "a")])[0] == [*pair[0], pair[1][0]]
    engine = Transformers(model="m")
    engine._tokenizer = tokenizer
    from backend.engines._decoding import Output

    outputs = [Output([pair[1][1]], -1.0, True)] * 2
    new, fresh = engine._completions(outputs, [[*pair[0], pair[1][0]], []], ())
    assert (new.text, fresh.text) == (" b", "b")


def test_an_engine_says_what_it_can_be_asked_for(engine: Transformers):
    assert engine.abilities == {Ability.complete, Ability.read, Ability.read_all}
    with pytest.raises(MissingPrerequisite, match="cannot score texts by a head of one number"):
        engine.rate([chat("a")], ["b"])
