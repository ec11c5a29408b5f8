from backend.prompt_sources.prompt_set import PromptSet
from tests.groups import prompt

SEEDS = [prompt(f"prompt {n}", id=n) for n in range(1, 21)]


def test_chooses_at_most_the_limit_without_repeats():
    chosen = PromptSet().prompts(None, SEEDS, limit=7, seed=1)
    assert len({p.id for p in chosen}) == 7
    assert all(p in SEEDS for p in chosen)


def test_takes_all_when_there_are_fewer():
    assert sorted(p.id for p in PromptSet().prompts(None, SEEDS, limit=100, seed=1)) == list(range(1, 21))


def test_same_seed_same_choice_other_seed_another():
    first = PromptSet().prompts(None, SEEDS, limit=10, seed=1)
    assert first == PromptSet().prompts(None, SEEDS, limit=10, seed=1)
    assert first != PromptSet().prompts(None, SEEDS, limit=10, seed=2)


def test_smaller_limit_takes_the_first_of_a_larger_one():
    assert PromptSet().prompts(None, SEEDS, limit=3, seed=5) == PromptSet().prompts(None, SEEDS, limit=9, seed=5)[:3]


def test_keeps_the_stored_order_without_shuffle():
    assert PromptSet(shuffle=False).prompts(None, SEEDS, limit=4, seed=1) == SEEDS[:4]


def test_no_prompts_give_none():
    assert PromptSet().prompts(None, [], limit=4, seed=1) == []
