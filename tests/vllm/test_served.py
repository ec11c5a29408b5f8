"""The demo's model behind a real vLLM server: texts, log-probabilities, adapters, and nothing left behind."""

import os
import signal
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import backend.demo
from backend.config import reread
from backend.engines import Engine
from backend.engines._server import Server
from backend.engines.transformers import Transformers
from backend.engines.vllm import VLLM
from backend.values import Sampling
from backend.values.replies import ReplyForm
from tests.vllm_server import group_of, lives, stop_servers, until

MODEL = str(Path(backend.demo.__file__).parent / "model")
PROBLEMS = [
    [{"role": "user", "content": f"{a} {b} {c} = {a + b * c}"}] for a, b, c in ((3, 5, 7), (2, 4, 6), (9, 8, 1))
]
GREEDY = Sampling(temperature=0, max_tokens=12, seed=1)


@pytest.fixture(scope="module", autouse=True)
def data(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("data")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("RONDO_DATA_DIR", str(folder))
        patched.setenv("RONDO_VLLM_PYTHON", os.environ["TEST_VLLM_PYTHON"])
        reread()
        yield folder
        stop_servers()
    reread()


@pytest.fixture(scope="module")
def adapters(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Twenty small random adapters."""
    import torch
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path_factory.mktemp("adapters")
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], base_model_name_or_path=MODEL)
    results = []
    for number in range(20):
        torch.manual_seed(number)
        model = get_peft_model(AutoModelForCausalLM.from_pretrained(MODEL), config)
        for name, weights in model.named_parameters():
            if "lora_B" in name:
                torch.nn.init.normal_(weights, std=0.3)
        model.save_pretrained(folder / str(number))
        results.append(str(folder / str(number)))
    return results


def engine(**knobs: Any) -> VLLM:
    return VLLM(model=MODEL, lora_rank=8, **knobs)


def texts(opened: Engine, sampling: Sampling = GREEDY) -> list[list[str]]:
    return [[entry.text for entry in several] for several in opened.complete(PROBLEMS, sampling)]


def resident(pids: list[int]) -> int:
    """Bytes of memory that the processes hold together."""
    pages = [int(Path(f"/proc/{pid}/statm").read_text().split()[1]) for pid in pids]
    return sum(pages) * os.sysconf("SC_PAGE_SIZE")


def test_greedy_texts_and_log_probabilities_are_those_of_transformers() -> None:
    with Transformers(model=MODEL) as own:
        special = tuple(own._loaded()[1].all_special_tokens)
        greedy = replace(GREEDY, n=2, stop=(*special, ";"))
        wanted = own.complete(PROBLEMS, greedy)
        read = own.read(PROBLEMS, ["3+5*7", "2+4*6", "9+8*1"])
    with engine() as served:
        completions = served.complete(PROBLEMS, greedy)
        readings = served.read(PROBLEMS, ["3+5*7", "2+4*6", "9+8*1"])
    assert [len(several) for several in completions] == [2, 2, 2]
    for (sample, _), (other, _) in zip(completions, wanted, strict=True):
        assert (sample.text, sample.num_tokens, sample.finish_reason) == (
            other.text,
            other.num_tokens,
            other.finish_reason,
        )
        assert sample.logprob == pytest.approx(other.logprob, abs=0.01)
    for mine, theirs in zip(readings, read, strict=True):
        assert mine.logprobs == pytest.approx(theirs.logprobs, abs=0.01)


def test_the_same_seed_gives_the_same_texts_and_forms_are_kept_to() -> None:
    sampling = Sampling(n=8, max_tokens=12, seed=5)
    with engine() as served:
        assert texts(served, sampling) == texts(served, sampling) != texts(served, Sampling(n=8, max_tokens=12, seed=6))
        forced = served.complete_as(ReplyForm(choices=("7", "8")), PROBLEMS, Sampling(max_tokens=4, seed=1))
    assert {completion[0].text for completion in forced} <= {"7", "8"}


def test_adapters_are_swapped_twenty_times_in_flat_memory(adapters: list[str]) -> None:
    with engine() as base:
        plain = texts(base)
        group = group_of(served_pid(base))
        view, memory = [], []
        for number, folder in enumerate([*adapters, adapters[0]]):
            with engine(adapter=folder) as served:
                assert server_of(served).url == server_of(base).url
                view.append(texts(served))
            memory.append(resident(group))
            print(number, f"{memory[-1] / 2**20:.0f} MiB")
        assert texts(base) == plain
    assert view[0] == view[-1]
    assert len({str(entry) for entry in view}) > 10
    assert memory[-1] < memory[3] + 50 * 2**20


@pytest.mark.parametrize("whom", ["the server", "its keeper"])
def test_nothing_is_left_of_a_server_that_is_killed(whom: str) -> None:
    with engine() as served:
        group = group_of(served_pid(served))
        assert len(group) >= 4  # keeper, server, engine core, worker
        os.kill(served_pid(served) if whom == "the server" else keeper_of(group), signal.SIGKILL)
        assert until(lambda: not any(lives(pid) for pid in group))
        assert texts(served)  # by a new one


def server_of(opened: VLLM) -> Server:
    assert opened._client is not None
    return opened._client.server


def served_pid(opened: VLLM) -> int:
    """The server's first process."""
    wanted = f"--served-model-name\0{server_of(opened).name}".encode()
    return next(int(path.parent.name) for path in Path("/proc").glob("[0-9]*/cmdline") if wanted in _read(path))


def keeper_of(group: list[int]) -> int:
    return next(pid for pid in group if b"_keeper.py" in _read(Path(f"/proc/{pid}/cmdline")))


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        return b""
