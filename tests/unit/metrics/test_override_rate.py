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
    assert value.details == {"to_reject": 1, "to_accept": 1, "without_machine_verdict": 1}
    assert value.low == pytest.approx(0.1500, abs=1e-4)  # Wilson, 2 of 4


def test_nobody_decided_gives_no_number():
    (value,) = OverrideRate().compute(Evidence(machine={1: (5.0, ACCEPT)}))
    assert (value.value, value.n) == (None, 0)
