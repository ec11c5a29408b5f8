"""Make the demo's prompt files, the same ones every time: `python -m backend.demo.make_prompts --out FOLDER`.

Problems for rounds, held-out problems and problems the base model learns from are different problems. The same
digits and target may be shown in another order in another set, as other wordings of a question would be: about a
third of the held-out problems have such a twin among the solved ones.
"""

import argparse
import json
import random
from collections.abc import Iterable
from pathlib import Path

from backend.demo import countdown
from backend.demo.countdown import CountdownProblem

SEED = 0
"""That of the demo project, and of the problems that the model which ships was trained on."""
NUM_BASE, NUM_HELD_OUT, NUM_TRAIN = 1_500, 400, 4_800
NUM_SOLVED = 600
NUM_CHECKS = 8_000


def split(seed: int) -> tuple[list[CountdownProblem], list[CountdownProblem], list[CountdownProblem]]:
    """Draw the base, held-out and train problems: together nearly all there are."""
    base = countdown.make_problems(NUM_BASE, seed=seed)
    held_out = countdown.make_problems(NUM_HELD_OUT, seed=seed + 1, exclude=base)
    train = countdown.make_problems(NUM_TRAIN, seed=seed + 2, exclude=[*base, *held_out])
    return base, held_out, train


def solved_row(base: list[CountdownProblem], rng: random.Random) -> tuple[str, str]:
    """Draw one of the few solved problems and one of its solutions."""
    return _solve(rng.choice(base[:NUM_SOLVED]), rng)


def _solve(problem: CountdownProblem, rng: random.Random) -> tuple[str, str]:
    return countdown.prompt(problem), rng.choice(countdown.solutions(problem))


def check_row(base: list[CountdownProblem], rng: random.Random) -> tuple[str, str]:
    """Draw a judge prompt and its check.

    40 % of the answers are right, 42 % have the right digits and a wrong value (most of them a near one: what a
    careless judge takes as equal), 12 % wrong digits, 6 % are no expression.
    """
    problem = rng.choice(base)
    kind = rng.random()
    if kind < 0.40:
        answer = rng.choice(countdown.solutions(problem))
    elif kind < 0.66:
        answer = _wrong_value(problem, rng)
    elif kind < 0.82:
        problem, answer = _unsolvable(rng)
    elif kind < 0.94:
        answer = _wrong_digits(problem, rng)
    else:
        answer = _broken(rng.choice(countdown.solutions(problem)), rng)
    shown = countdown.prompt(problem)
    return countdown.judge_prompt(shown, answer), countdown.check(shown, answer)


def _wrong_value(problem: CountdownProblem, rng: random.Random) -> str:
    """Miss the target, four times in five by as little as the digits allow."""
    by_value = countdown.expressions(tuple(sorted(problem.digits)))
    values = sorted(by_value.keys() - {problem.target}, key=lambda value: abs(value - problem.target))
    near = values[:6] if rng.random() < 0.8 else values
    return rng.choice(by_value[rng.choice(near)])


def _unsolvable(rng: random.Random) -> tuple[CountdownProblem, str]:
    """Take any digits and an expression of them, and ask for a number like its value that none makes.

    So the arithmetic of all digits is taught without a word on any held-out or train problem. The
    number differs by a little, in one decimal place or in sign: what a careless judge takes as equal.
    """
    a, b, c = rng.choices(countdown.DIGITS, k=3)
    by_value = countdown.expressions(tuple(sorted((a, b, c))))
    value = rng.choice(list(by_value))
    like = {value + sign * distance for sign in (-1, 1) for distance in (1, 2, 3, 4, 5, 6, 8, 10, 20, 30)} | {-value}
    return CountdownProblem((a, b, c), rng.choice(sorted(like - by_value.keys()))), rng.choice(by_value[value])


def _wrong_digits(problem: CountdownProblem, rng: random.Random) -> str:
    """Make something, half the time the target if possible, of one other digit or of fewer digits."""
    digits = list(problem.digits)
    if rng.random() < 0.15:
        return rng.choice("+-*").join(map(str, rng.sample(digits, 2)))
    digits[rng.randrange(3)] = rng.choice(countdown.DIGITS)
    by_value = countdown.expressions(tuple(sorted(digits)))
    hits = by_value.get(problem.target, ())
    return rng.choice(hits if hits and rng.random() < 0.5 else rng.choice(list(by_value.values())))


def _broken(answer: str, rng: random.Random) -> str:
    """Drop, double or replace one character."""
    at = rng.randrange(len(answer))
    middle = rng.choice(["", answer[at] * 2, rng.choice("+-*()123456789")])
    return answer[:at] + middle + answer[at + 1 :]


def write(folder: Path, *, seed: int = SEED) -> None:
    """Write `train`, `held_out` and `judging_seed` as JSON lines."""
    base, held_out, train = split(seed)
    rng = random.Random(seed + 3)
    rows = [_solve(problem, rng) for problem in base[:NUM_SOLVED]] + [check_row(base, rng) for _ in range(NUM_CHECKS)]
    rng.shuffle(rows)
    folder.mkdir(parents=True, exist_ok=True)
    _write_lines(folder / "train.jsonl", ({"prompt": countdown.prompt(problem)} for problem in train))
    _write_lines(folder / "held_out.jsonl", ({"prompt": countdown.prompt(problem)} for problem in held_out))
    _write_lines(folder / "judging_seed.jsonl", ({"prompt": text, "answer": answer} for text, answer in rows))


def _write_lines(path: Path, rows: Iterable[dict[str, str]]) -> None:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    write(arguments.out, seed=arguments.seed)
