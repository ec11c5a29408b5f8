"""The engine that serves a model folder by vLLM, against a process that stands for it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend import lifeline
from backend.config import reread
from backend.engines import Ability, unable
from backend.engines._server import Server
from backend.engines._server_folders import home, make_home
from backend.engines._server_start import ServerRequest, hold
from backend.engines.transformers import Transformers
from backend.engines.vllm import VLLM
from backend.errors import EngineError, InvalidInput
from backend.values import Sampling
from backend.values.replies import ReplyForm
from tests.vllm_server import FakeVLLM, chats, until

pytestmark = pytest.mark.large_library


def test_all_texts_of_a_prompt_are_one_request_and_follow_from_its_seed(vllm: FakeVLLM, folder: Path) -> None:
    prompts = chats("b 2", "a", "b 1")
    with VLLM(model=str(folder)) as engine:
        first = engine.complete(prompts, Sampling(n=4, seed=1, max_tokens=10))
        again = engine.complete(prompts[::-1], Sampling(n=4, seed=1, max_tokens=10))
        other = engine.complete(prompts, Sampling(n=4, seed=2, max_tokens=10))
    assert [len(completion) for completion in first] == [4, 4, 4]
    assert first == again[::-1] != other
    assert {(sample.finish_reason, sample.logprob) for sample in first[0]} <= {
        ("stop", -4.0),
        ("stop", -4.5),
        ("stop", -3.5),
        ("stop", -5.5),
        ("stop", -5.0),
    }
    asked = vllm.noted("requests")
    assert len(asked) == 9
    assert {entry["n"] for entry in asked} == {4}


def test_prompts_are_the_tokens_that_transformers_gets(vllm: FakeVLLM, folder: Path) -> None:
    """Special tokens that somebody wrote out are read as letters, and what ends with the assistant goes on."""
    prompts = [*chats("<eos>1"), [*chats("2")[0], {"role": "assistant", "content": "3"}]]
    with Transformers(model=str(folder)) as engine:
        wanted = engine._encode(prompts)
    with VLLM(model=str(folder), concurrency=1) as engine:
        engine.complete(prompts, Sampling(seed=1, max_tokens=1000))
        assert engine.count_tokens(prompts[0]) == len(wanted[0])
    asked = vllm.noted("requests")
    assert [entry["prompt"] for entry in asked] == sorted(wanted)  # those with the same beginning follow each other
    assert all(
        len(entry["prompt"]) + entry["max_tokens"] == 64 for entry in asked
    )  # no more than the context has room for


def test_a_prompt_that_does_not_fit_fails_alone(vllm: FakeVLLM, folder: Path) -> None:
    with VLLM(model=str(folder)) as engine:
        completions = engine.complete(chats("1", "1" * 80), Sampling(seed=1, max_tokens=5))
    assert completions[0][0].failure is None
    assert completions[1][0].failure is not None
    assert "context" in completions[1][0].failure.reason


def test_texts_are_read_token_by_token(vllm: FakeVLLM, folder: Path) -> None:
    with Transformers(model=str(folder)) as engine:
        ids = [engine._encode([[*chats("1")[0], {"role": "assistant", "content": text}]])[0] for text in ("", "23")]
        own = ids[1][len(ids[0]) :]
    with VLLM(model=str(folder)) as engine:
        reading, empty = engine.read(chats("1", "1"), ["23", ""])
        weights = engine.weigh(chats("1"), ["23"])
    assert reading.logprobs == tuple(-entry / 100 for entry in own) != ()
    assert empty.logprobs == ()
    assert weights[0].logprobs == (pytest.approx(sum(reading.logprobs)),)
    assert Ability.read_all not in engine.abilities
    assert "transformers" in str(unable(engine, Ability.read_all))


def test_texts_are_read_alone_by_a_server_with_room_for_adapters(vllm: FakeVLLM, folder: Path) -> None:
    """On a CPU it would end of what else is asked at the same time."""
    with VLLM(model=str(folder), lora_rank=8) as engine:
        readings = engine.read(chats(*"12345678"), ["23"] * 8)
        engine.complete(chats(*"12345678"), Sampling(seed=1, max_tokens=5))
    assert all(reading.logprobs for reading in readings)
    assert len(vllm.servers) == 1


def test_a_form_is_asked_for(vllm: FakeVLLM, folder: Path) -> None:
    with VLLM(model=str(folder)) as engine:
        assert engine.forms == {"choice", "regex", "json"}
        engine.complete_as(ReplyForm(choices=("Y", "N")), chats("1"), Sampling(seed=1, max_tokens=5))
    assert vllm.noted("requests")[0]["structured_outputs"] == {"choice": ["Y", "N"]}


def test_a_greedy_prompt_is_asked_for_once_and_special_stop_words_end_texts(vllm: FakeVLLM, folder: Path) -> None:
    with Transformers(model=str(folder)) as engine:
        tokenizer = engine._loaded()[1]
    other = next(
        all_special_token
        for all_special_token in tokenizer.all_special_tokens
        if all_special_token != tokenizer.eos_token
    )
    ends = sorted([tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(other)])
    with VLLM(model=str(folder)) as engine:
        completions = engine.complete(
            chats("1"), Sampling(n=3, temperature=0, seed=1, max_tokens=10, stop=(other, "x"))
        )
        with pytest.raises(EngineError, match="5 stop strings, and vLLM takes 4"):
            engine.complete(chats("1"), Sampling(max_tokens=10, stop=tuple("vwxyz")))
    assert completions[0] == completions[0][:1] * 3
    assert completions[0][0].failure is None
    asked = vllm.noted("requests")
    assert [entry["n"] for entry in asked] == [1]
    assert (asked[0]["stop"], asked[0]["stop_token_ids"]) == (["x"], ends)


def test_a_server_that_is_killed_is_started_again_and_gives_the_same_texts(vllm: FakeVLLM, folder: Path) -> None:
    prompts = chats(*"12345678")
    with VLLM(model=str(folder)) as engine:
        before = engine.complete(prompts, Sampling(seed=1, max_tokens=10))
        vllm.tell(crash_at=[12])
        os.kill(vllm.servers[0], signal.SIGKILL)
        after = engine.complete(prompts, Sampling(seed=1, max_tokens=10))  # and the next one dies at it
    assert before == after
    assert len(vllm.servers) == 3
    assert until(lambda: len(vllm.running()) == 2)


def test_a_server_that_dies_just_as_it_was_found_is_started_once_more(
    vllm: FakeVLLM, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dying_server(wanted: ServerRequest, **seconds: float) -> Server:
        server = hold(wanted, **seconds)
        if len(vllm.servers) == 1:
            os.kill(vllm.servers[0], signal.SIGKILL)
        return server

    monkeypatch.setattr("backend.engines._server_client.hold", dying_server)
    with VLLM(model=str(folder)) as engine:
        assert engine.complete(chats("1"), Sampling(seed=1, max_tokens=10))[0][0].failure is None
    assert len(vllm.servers) == 2


def test_weights_are_served_as_they_are_stored(vllm: FakeVLLM, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where vLLM would halve them; `auto` of other options is theirs."""
    monkeypatch.setenv("RONDO_VLLM_OPTIONS", "--kv-cache-dtype auto")
    reread()
    vllm.tell(device="gpu")
    with VLLM(model=str(folder)):
        started = vllm.noted("started")[0]
    assert [started[started.index(name) + 1] for name in ("--dtype", "--kv-cache-dtype")] == ["float32", "auto"]


def test_what_a_server_answered_before_it_died_is_kept_and_a_deadly_prompt_fails_alone(
    vllm: FakeVLLM, folder: Path
) -> None:
    prompts = chats(*"12345")
    with VLLM(model=str(folder), concurrency=1) as engine:
        whole = engine.complete(prompts, Sampling(seed=1, max_tokens=10))
        deadly = vllm.noted("requests")[2]["prompt"]
        vllm.tell(deadly_prompt=deadly)
        os.kill(vllm.servers[0], signal.SIGKILL)  # so that the next one knows
        completions = engine.complete(prompts, Sampling(seed=1, max_tokens=10))
    failures = [completion[0].failure for completion in completions]
    assert [failure is not None for failure in failures] == [False, False, True, False, False]
    assert "each time" in str(failures[2])
    assert [completions[n] for n in (0, 1, 3, 4)] == [whole[n] for n in (0, 1, 3, 4)]
    asked = [entry["prompt"] for entry in vllm.noted("requests")[5:]]
    assert asked.count(deadly) == len(vllm.servers) - 2
    assert all(asked.count(prompt) == 1 for prompt in asked if prompt != deadly)


def test_a_server_that_dies_again_and_again_ends_the_stage(vllm: FakeVLLM, folder: Path) -> None:
    vllm.tell(crash_at=[1, 2, 3])
    with pytest.raises(EngineError, match=r"(?s)ended 3 times.*It listens.*RONDO_VLLM_OPTIONS"):
        with VLLM(model=str(folder)) as engine:
            engine.complete(chats("1"), Sampling(seed=1, max_tokens=10))
    assert until(lambda: not vllm.running())


@pytest.mark.parametrize("is_served", [True, False])
def test_a_process_that_waits_loads_what_asking_takes_where_a_server_is_kept(vllm: FakeVLLM, is_served: bool) -> None:
    if is_served:
        make_home()
        (home() / "one").mkdir()
        (home() / "one" / "spec.json").touch()
    look = "import sys; from backend.engines import vllm; print(vllm.is_served(), 'torch' in sys.modules); vllm.load(); print('torch' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", look], capture_output=True, check=True, env={**os.environ, **lifeline.environment()}
    )
    assert done.stdout.decode().split() == [str(is_served), "False", "True"]


@pytest.mark.parametrize(
    ("options", "text"),
    [
        ("--max-num-seqs 4 --port=1", "sets --port=1, which Rondo sets itself"),
        ("--served_model_name me", "--served_model_name"),
        ("--api mine", "--api"),
        ("--a 'b", "cannot be read"),
    ],
)
def test_options_that_take_the_server_elsewhere_are_refused(
    vllm: FakeVLLM, folder: Path, monkeypatch: pytest.MonkeyPatch, options: str, text: str
) -> None:
    monkeypatch.setenv("RONDO_VLLM_OPTIONS", options)
    reread()
    with pytest.raises(InvalidInput, match=text):
        VLLM(model=str(folder)).check()
