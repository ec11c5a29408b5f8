from backend.metrics import Evidence
from backend.metrics.score_ties import ScoreTies
from backend.values import Group
from tests.groups import prompt, sample


def test_counts_prompts_without_spread():
    scores = [[5.0, 5.0, None], [5.0, 4.0], [3.0], [None, None], [1.0, 1.0, 1.0]]
    ids = iter(range(1, 100))
    groups, machine = [], {}
    for number, row in enumerate(scores):
        samples = tuple(sample(next(ids)) for _ in row)
        machine |= {s.id: (score, None) for s, score in zip(samples, row, strict=True)}
        groups.append(Group(prompt(id=number), samples))
    (value,) = ScoreTies().compute(Evidence(round_groups=groups, machine=machine))
    # Compared: the first, second and last; tied: the first and last.
    assert (value.value, value.n) == (2 / 3, 3)
    assert value.details == {"tied": 2, "fewer_than_two_scores": 2}


def test_nothing_to_compare_gives_no_number():
    assert ScoreTies().compute(Evidence())[0].value is None
