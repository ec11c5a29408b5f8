"""Guessing is slowed down, and only guessing."""

import pytest

from backend.errors import TooManyAttempts
from backend.services.throttle import Throttle


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def test_refuses_after_the_limit_and_again_after_a_minute_lets_in(clock: Clock) -> None:
    throttle = Throttle(5, clock=clock)
    for _ in range(5):
        throttle.check("ada")
        throttle.fail("ada")
        clock.now += 1
    with pytest.raises(TooManyAttempts, match="Wait 55 seconds"):
        throttle.check("ada")
    clock.now += 54
    with pytest.raises(TooManyAttempts):
        throttle.check("ada")
    clock.now += 1
    throttle.check("ada")


def test_a_key_does_not_pay_for_another(clock: Clock) -> None:
    throttle = Throttle(1, clock=clock)
    throttle.fail("ada")
    throttle.check("bob")
    with pytest.raises(TooManyAttempts):
        throttle.check("ada")


def test_success_forgets_the_failures(clock: Clock) -> None:
    throttle = Throttle(2, clock=clock)
    throttle.fail("ada")
    throttle.succeed("ada")
    throttle.fail("ada")
    throttle.check("ada")


def test_memory_is_bounded_when_every_guess_has_another_key(clock: Clock) -> None:
    throttle = Throttle(1, max_keys=3, clock=clock)
    for key in "abcde":
        throttle.fail(key)
    assert list(throttle._failures) == ["c", "d", "e"]
