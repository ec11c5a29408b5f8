"""Guessing is slowed down, and only guessing."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from backend.errors import Conflict, NotSignedIn, TooManyAttempts
from backend.services.people.throttle import Throttle, guessing, neighbourhood


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
        throttle.take("ada")
        clock.now += 1
    with pytest.raises(TooManyAttempts, match="Wait 55 seconds") as raises:
        throttle.take("ada")
    assert raises.value.retry_after == 55
    clock.now += 54
    with pytest.raises(TooManyAttempts):
        throttle.take("ada")
    clock.now += 1
    throttle.take("ada")


def test_a_key_does_not_pay_for_another(clock: Clock) -> None:
    throttle = Throttle(1, clock=clock)
    throttle.take("ada")
    throttle.take("bob")
    with pytest.raises(TooManyAttempts):
        throttle.take("ada")


def test_only_what_was_wrong_counts(clock: Clock) -> None:
    throttle = Throttle(2, clock=clock)

    def attempt(error: Exception | None = None) -> None:
        with guessing((throttle, "ada")):
            if error:
                raise error

    for _ in range(5):
        attempt()
        with pytest.raises(Conflict):
            attempt(Conflict())
    for _ in range(2):
        with pytest.raises(NotSignedIn):
            attempt(NotSignedIn())
    with pytest.raises(TooManyAttempts):
        attempt()


def test_who_is_refused_by_one_key_does_not_use_another_up(clock: Clock) -> None:
    narrow, wide = Throttle(1, clock=clock), Throttle(3, clock=clock)

    def fail(key: str) -> None:
        with guessing((wide, "place"), (narrow, key)):
            raise NotSignedIn

    for error in [NotSignedIn, *[TooManyAttempts] * 9]:
        with pytest.raises(error):
            fail("ada")
    with pytest.raises(NotSignedIn):
        fail("bob")


def test_of_twenty_guesses_at_once_no_more_than_the_limit_are_made() -> None:
    throttle, barrier, result = Throttle(5), Barrier(20), []

    def guess(_: int) -> None:
        barrier.wait()
        try:
            with guessing((throttle, "ada")):
                result.append(1)
                raise NotSignedIn
        except (NotSignedIn, TooManyAttempts):
            pass

    with ThreadPoolExecutor(20) as pool:
        list(pool.map(guess, range(20)))
    assert len(result) == 5


def test_memory_is_bounded_when_every_guess_has_another_key_however_long(clock: Clock) -> None:
    throttle = Throttle(1, max_keys=3, clock=clock)
    for key in "abcde":
        throttle.take(key * 60_000)
    assert len(throttle._failures) == 3
    assert {len(key) for key in throttle._failures} == {16}
    throttle.take("a" * 60_000)
    with pytest.raises(TooManyAttempts):
        throttle.take("e" * 60_000)


def test_a_key_that_succeeded_leaves_nothing(clock: Clock) -> None:
    throttle = Throttle(3, clock=clock)
    for n in range(50):
        with guessing((throttle, str(n))):
            pass
    assert not throttle._failures


@pytest.mark.parametrize(
    ("address", "same"),
    [
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9"),
        ("192.0.2.1", "192.0.2.1"),
    ],
)
def test_one_line_is_one_guesser(address: str, same: str) -> None:
    assert neighbourhood(address) == neighbourhood(same)


def test_other_lines_are_others() -> None:
    assert (
        len({neighbourhood(text) for text in ("2001:db8:1:2::1", "2001:db8:1:3::1", "192.0.2.1", "192.0.2.2", "x")})
        == 5
    )
