import pytest

from backend.metrics import Evidence
from backend.metrics.override_rate import OverrideRate
from backend.values import Verdict

ACCEPT, REJECT = Verdict.accept, Verdict.reject


def test_counts_decisions_that_differ():
    machine = {1: (5.0, ACCEPT), 2: (5.0, ACCEPT), 3: (1.0, REJECT), 4: (1.0, REJECT), 5: (None, None)}
    people = {1: ACCEPT, 2: REJECT, 3: ACCEPT, 4: REJECT, 5: REJECT}
    (value,) = OverrideRate().compute(Evidence(machine=machine, people=people))
    assert (value.value, value.n) == (0.5, 4)  # 2 and 3 of the four the machine had labelled
    assert value.details == {
        "to_reject": 1,
        "to_accept": 1,
        "by_score": 0,
        "without_machine_verdict": 1,
        "looked_at": 1.0,
    }
    assert value.low == pytest.approx(0.1500, abs=1e-4)  # Wilson, 2 of 4


def test_nobody_decided_gives_no_number():
    (value,) = OverrideRate().compute(Evidence(machine={1: (5.0, ACCEPT)}))
    assert (value.value, value.n) == (None, 0)


def test_it_is_a_share_of_what_people_decided_however_much_there_is():
    machine = dict.fromkeys(range(10_000), (5.0, ACCEPT))
    people = {n: REJECT if n < 11 else ACCEPT for n in range(26)}
    (value,) = OverrideRate().compute(Evidence(machine=machine, people=people))
    assert (value.value, value.n, value.details["looked_at"]) == (11 / 26, 26, 0.0026)


def test_a_score_that_differs_overrides_too():
    machine, people = {1: (5.0, ACCEPT), 2: (5.0, ACCEPT)}, {1: ACCEPT, 2: ACCEPT}
    (value,) = OverrideRate().compute(Evidence(machine=machine, people=people, overridden=frozenset({2})))
    assert (value.value, value.details["by_score"]) == (0.5, 1)
