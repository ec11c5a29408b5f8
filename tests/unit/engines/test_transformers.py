"""The engine on a tiny random model, against `generate` and against forward passes worked out here."""

import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backend.engines._decoding import batches, draw, requests
from backend.engines.transformers import Transformers, cut_at
from backend.errors import EngineError
from backend.values import Completion, FailureKind, Sampling

FOUND = Path(__file__).parents[2] / "data" / "found"


def chat(text: str) -> list[dict[str, str]]:
    return [{"role": "user", "content": text}]


PROMPTS = [chat("2 + 3 ="), chat("a much longer question?"), chat("x"), chat("2 + 3 ="), chat("hello, you")]


@pytest.fixture(scope="module")
def engine(folder: Path) -> Iterator[Transformers]:
    with Transformers(model=str(folder), device="cpu") as opened:
        yield opened


def texts(results: list[list[Completion]]) -> list[list[str]]:
    return [[completion.text for completion in group] for group in results]


def test_same_call_gives_the_same_whatever_ran_before(engine: Transformers):
    import torch

    sampling = Sampling(n=3, seed=7, max_tokens=24)
    first = engine.complete(PROMPTS, sampling)
    engine.complete(PROMPTS[:2], Sampling(seed=1, max_tokens=5))
    torch.manual_seed(99)
    state = torch.random.get_rng_state()
    assert engine.complete(PROMPTS, sampling) == first
    assert torch.equal(torch.random.get_rng_state(), state)
    assert texts(engine.complete(PROMPTS, Sampling(n=3, seed=8, max_tokens=24))) != texts(first)


def test_samples_of_equal_prompts_differ(engine: Transformers):
    results = texts(engine.complete(PROMPTS, Sampling(n=3, seed=7, max_tokens=24)))
    assert len(set(results[0] + results[3])) == 6


@pytest.mark.parametrize("batch_size", [1, 2, 7])
def test_batching_does_not_change_the_texts(engine: Transformers, folder: Path, batch_size: int):
    sampling = Sampling(n=3, seed=7, max_tokens=24)
    with Transformers(model=str(folder), device="cpu", batch_size=batch_size) as other:
        assert texts(other.complete(PROMPTS, sampling)) == texts(engine.complete(PROMPTS, sampling))


def test_without_a_seed_every_call_differs(engine: Transformers):
    sampling = Sampling(max_tokens=24)
    assert texts(engine.complete(PROMPTS, sampling)) != texts(engine.complete(PROMPTS, sampling))


def test_greedy_equals_generate(engine: Transformers):
    model, tokenizer = engine._model, engine._tokenizer
    expected = []
    for prompt in PROMPTS:
        inputs = tokenizer.apply_chat_template(
            [prompt], add_generation_prompt=True, return_tensors="pt", return_dict=True
        )
        ids = model.generate(**inputs, do_sample=False, max_new_tokens=24)
        expected.append(tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True))
    results = engine.complete(PROMPTS, Sampling(temperature=0, max_tokens=24))
    assert [group[0].text for group in results] == expected
    assert len(set(expected)) == 4


def forward_logprobs(engine: Transformers, messages: Any, ids: list[int]) -> Any:
    """Log-probability of each new token, from one plain forward pass without cache or padding."""
    import torch

    prompt = engine._encode([messages])[0]
    with torch.no_grad():
        logits = engine._model(input_ids=torch.tensor([prompt + ids])).logits[0].float()
    return logits.log_softmax(-1)[len(prompt) - 1 : -1].gather(1, torch.tensor(ids)[:, None])[:, 0]


@pytest.mark.parametrize(
    "sampling", [Sampling(temperature=0.7, top_p=0.9, n=9, seed=3, max_tokens=55), Sampling(n=9, seed=1, max_tokens=55)]
)
def test_logprob_is_the_raw_models_with_the_end_token(engine: Transformers, sampling: Sampling):
    ended = compared = 0
    for messages, group in zip(PROMPTS, engine.complete(PROMPTS, sampling), strict=True):
        for completion in group:
            ids = engine._tokenizer(completion.text, add_special_tokens=False)["input_ids"]
            if completion.finish_reason == "stop":
                ids.append(engine._tokenizer.eos_token_id)
                ended += 1
            if len(ids) == completion.num_tokens:  # a special token inside leaves no trace in the text
                compared += 1
                assert completion.logprob == pytest.approx(
                    float(forward_logprobs(engine, messages, ids).sum()), abs=1e-3
                )
    assert ended > 0
    assert compared > 10


def test_tokens_are_drawn_with_their_probabilities(engine: Transformers):
    """4,000 first tokens against the softmax: a bound of five deviations on the most likely one."""
    import torch

    results = engine.complete([chat("x")], Sampling(n=4000, seed=5, max_tokens=1))
    counts = Counter(completion.text for completion in results[0])
    with torch.no_grad():
        logits = engine._model(input_ids=torch.tensor([engine._encode([chat("x")])[0]])).logits[0, -1]
    share, token = logits.softmax(-1).max(-1)
    deviation = (share * (1 - share) / 4000) ** 0.5
    observed = counts[engine._tokenizer.decode([int(token)])] / 4000
    assert abs(observed - float(share)) < 5 * float(deviation)


def test_temperature_top_k_and_top_p_choose_from_what_they_allow():
    """Probabilities 0.5, 0.3, 0.15, 0.05: the number u picks the first token whose cumulated share exceeds it."""
    import torch

    logits = torch.tensor([[0.15, 0.5, 0.05, 0.3]]).log().repeat(4, 1)
    uniform = torch.tensor([0.0, 0.49, 0.66, 0.99])
    assert draw(logits, Sampling(), uniform).tolist() == [0, 1, 2, 3]
    # top_k=2: 0.625 for token 1, then 0.375 for token 3.
    assert draw(logits, Sampling(top_k=2), uniform).tolist() == [1, 1, 3, 3]
    # top_p=0.6 needs two tokens, sorted: token 1 up to 0.625, then token 3.
    assert draw(logits, Sampling(top_p=0.6), uniform).tolist() == [1, 1, 3, 3]
    assert draw(logits, Sampling(top_p=0.4), uniform).tolist() == [1] * 4
    assert draw(logits, Sampling(temperature=0.01), uniform).tolist() == [1] * 4
    assert draw(logits, Sampling(temperature=0), None).tolist() == [1] * 4


def test_batches_are_packed_by_length_with_all_rows_once():
    wanted = requests([[1] * 3, [1] * 9, [1] * 5], Sampling(n=3), seed=0, context=None)
    packed = list(batches(wanted, rows=4))
    assert [[(request.position, len(request.keys)) for request in batch] for batch in packed] == [
        [(1, 3)],
        [(2, 3)],
        [(0, 3)],
    ]
    keys = [key for batch in batches(wanted, rows=2) for entry in batch for key in entry.keys]
    assert sorted(keys) == sorted(key for request in wanted for key in request.keys)


def test_a_prompt_over_the_context_fails_alone(engine: Transformers):
    assert engine.context_length == 64
    fits = chat("y" * (63 - engine.count_tokens(chat(""))))
    (completion,) = engine.complete([fits], Sampling(max_tokens=10, temperature=0))[0]
    assert (engine.count_tokens(fits), completion.num_tokens) == (63, 1)
    too_long = chat(fits[0]["content"] + "y")
    sampling = Sampling(n=2, seed=3, max_tokens=5)
    first, long, last = engine.complete([chat("x"), too_long, chat("z")], sampling)
    assert [c.failure.kind for c in long if c.failure] == [FailureKind.context] * 2
    name = Path(engine.model).name
    assert f"The prompt has 64 tokens, but the context of {name} is 64." in str(long[0].failure), "no path of a folder"
    assert [first, last] == engine.complete([chat("x"), chat("z")], sampling), "the others as if it were not there"


@pytest.mark.parametrize(
    "template",
    [
        "template_gemma.jinja",
        "{% if messages[0]['role'] == 'system' %}{{ raise_exception('no') }}{% endif %}{{ messages[-1]['content'] }}",
        "{% for m in messages %}{{ {'user': '<|user|>', 'assistant': '<|assistant|>'}[m['role']] + m.content }}{% endfor %}",
        "{% for m in messages %}{{ m['content'] + (none if m['role'] == 'system' else '') }}{% endfor %}",
    ],
)
def test_a_prompt_that_the_template_refuses_fails_alone(folder: Path, tmp_path: Path, template: str):
    shutil.copytree(folder, tmp_path / "m")
    text = (FOUND / template).read_text() if template.endswith(".jinja") else template
    (tmp_path / "m" / "chat_template.jinja").write_text(text)
    lines = (FOUND / "system_prompt_one_of_three.jsonl").read_text().splitlines()
    prompts = [json.loads(line)["messages"] for line in lines]
    with Transformers(model=str(tmp_path / "m"), device="cpu") as engine:
        completion, two, system = engine.complete(prompts, Sampling(n=2, seed=3, max_tokens=5))
    assert [c.failure for c in completion + two] == [None] * 4
    assert [c.failure.kind for c in system if c.failure] == [FailureKind.template] * 2
    assert "refuses messages with the roles system, user: " in str(system[0].failure)


def test_a_text_ends_at_the_end_of_the_context(engine: Transformers):
    results = engine.complete([chat("y" * 40), chat("x")], Sampling(n=20, seed=1, max_tokens=1000))
    lengths = [engine.count_tokens(chat("y" * 40)), engine.count_tokens(chat("x"))]
    cut = [
        length + completion.num_tokens
        for length, group in zip(lengths, results, strict=True)
        for completion in group
        if completion.finish_reason == "length"
    ]
    assert set(cut) == {64}


def test_stop_strings_end_a_text_before_them(engine: Transformers):
    sampling = Sampling(temperature=0, max_tokens=24)
    whole = engine.complete(PROMPTS, sampling)[0][0]
    stop = whole.text[5:8]
    stopped = engine.complete(PROMPTS, Sampling(temperature=0, max_tokens=24, stop=("no such", stop)))[0][0]
    assert stopped.text == whole.text[: whole.text.index(stop)]
    assert stopped.finish_reason == "stop"
    assert stopped.num_tokens == whole.text.index(stop) + 3
    assert cut_at("one two three", ("three", "two")) == "one "


def test_nothing_to_do_is_nothing(engine: Transformers):
    assert engine.complete([], Sampling()) == []


def test_unknown_text_and_hostile_roles_are_refused_or_survive(engine: Transformers):
    prompts = [chat("\u202eevil \x00 😀 <script>"), [{"role": "system", "content": "be brief"}, *chat("hi")]]
    assert len(engine.complete(prompts, Sampling(max_tokens=3, seed=0))) == 2


def test_an_engine_outside_its_block_says_so(folder: Path):
    with pytest.raises(EngineError, match="Use the engine in a `with` block"):
        Transformers(model=str(folder)).complete(PROMPTS, Sampling())
