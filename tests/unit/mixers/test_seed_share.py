from backend.mixers.seed_share import SeedShare
from backend.values import Example, Past, TrainingRow
from tests.unit.mixers.training_rows import row

SEEDS = [TrainingRow(Example(n, None), [], f"answer {n}", origin="mix", kind="import") for n in range(100, 120)]


def added(share: float, number: int, seed: int = 1) -> list[int]:
    rows = [row(n) for n in range(1, number + 1)]
    mixture = SeedShare(share=share).mix(rows, (), Past(seeds=iter(SEEDS)), seed=seed)
    assert mixture.rows[:number] == rows
    assert mixture.dropped == {}
    return [record.example.prompt_id for record in mixture.rows[number:]]


def test_known_answers_are_added_until_they_have_their_share():
    # 2 of 2 + 8 rows are a fifth; a half is as many as there are; 0.3 of 10 rows are 3 beside 7.
    assert [len(added(share, number)) for share, number in ((0.2, 8), (0.5, 6), (0.3, 7))] == [2, 6, 3]


def test_too_few_of_them_are_all_added():
    assert sorted(added(0.9, 10)) == [*range(100, 120)]


def test_which_are_drawn_depends_on_the_seed_alone():
    assert added(0.2, 8, seed=1) == added(0.2, 8, seed=1)
    assert len({tuple(added(0.2, 8, seed=n)) for n in range(5)}) > 1
    assert SeedShare().reads_seeds
