"""Which samples are shown before a prompt, and how they stand in its chat."""

from typing import Any

from backend.engines.scripted import Scripted
from backend.generators import _few_shot
from backend.generators.sample import Sample
from backend.values import FewShot, ImportedCompletion, Prompt


def shown(number: int, category: str = "", *, key: int | None = None) -> FewShot:
    messages: Any = [{"role": "system", "content": "be brief"}, {"role": "user", "content": f"q{number}"}]
    return FewShot(number, number if key is None else key, messages, f"a{number}", category)


POOL = [shown(1, "sum"), shown(2, "product"), shown(3, "sum"), shown(4, "product"), shown(5, "sum", key=3)]


def drawn(choose: str, **more: Any) -> list[int]:
    place: dict[str, Any] = {"text_key": 0, "category": "", "num": 3, "seed": 1}
    return [sample.id for sample in _few_shot.draw(POOL, choose=choose, **place | more)]


def test_none_is_shown_before_its_own_prompt_and_each_prompt_once() -> None:
    for seed in range(20):
        ids = drawn("random", text_key=2, num=4, seed=seed)
        assert sorted(ids) in ([1, 3, 4], [1, 4, 5])
    assert drawn("random") == drawn("random")
    assert len({tuple(drawn("random", seed=seed)) for seed in range(20)}) > 5


def test_those_of_the_category_come_first_and_stand_next_to_the_prompt() -> None:
    for seed in range(20):
        ids = drawn("category", category="product", seed=seed)
        assert set(ids[1:]) == {2, 4}
    assert drawn("agreed") == [3, 2, 1]


def test_a_pool_that_is_cut_keeps_rare_categories() -> None:
    pool = [*(shown(number, "common") for number in range(50)), shown(99, "rare")]
    assert 99 in [sample.id for sample in _few_shot.spread(pool, 4, seed=1)]
    assert _few_shot.spread(pool, 60, seed=1) == pool


def test_the_model_sees_them_as_turns_after_the_system_prompt_and_its_samples_note_them() -> None:
    messages: Any = [{"role": "system", "content": "think"}, {"role": "user", "content": "q9"}]
    prompt = Prompt(9, messages, imported=(ImportedCompletion("brought"),), few_shot=(shown(1), shown(2)))
    chat = _few_shot.asked([prompt])[0].messages
    assert [turn["content"] for turn in chat] == ["think", "q1", "a1", "q2", "a2", "q9"]
    engine = Scripted.model_validate(
        {"rules": [{"pattern": r"(?s)think.*a1.*a2.*q9", "reply": "saw them"}], "replies": ["no"]}
    )
    [[sample, brought]] = Sample(n=1, num_few_shot=2).generate(engine, [prompt], seed=1)
    assert (sample.text, sample.extra, brought.extra) == ("saw them", {"few_shot": [1, 2]}, {})
