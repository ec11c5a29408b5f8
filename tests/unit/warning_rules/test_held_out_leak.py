import time

from backend.values import Prompt, WarningLevel
from backend.warning_rules.held_out_leak import HeldOutLeak
from tests.unit.warning_rules.seen import evidence, rows


def words(start: int, number: int) -> str:
    return " ".join(f"w{n}" for n in range(start, start + number))


def test_a_leak_is_a_held_out_prompt_within_a_row():
    held_out = [Prompt(n, [{"role": "user", "content": f"What is the sum of {n} and one?"}]) for n in range(40)]
    asked = rows(
        (100, "Before: what is the  sum of 3 and one? Now you.", "x"), (101, "other", "What is the sum of 5 and one?")
    )
    rule = HeldOutLeak()
    finding = rule.find(evidence([], held_out=held_out, rows=asked))
    assert (finding.value, finding.n) == (2 / 40, 40)
    assert (finding.prompt_ids, finding.sample_ids) == ((3, 5), (1, 2))
    assert rule.level(finding) is WarningLevel.red
    near = rows((100, "What is the sum of 41 and one?", "x"))
    clean = rule.find(evidence([], held_out=held_out, rows=near))
    assert (clean.value, rule.level(clean)) == (0.0, WarningLevel.green)


def test_short_prompts_leak_only_as_a_whole():
    held_out = [Prompt(n, [{"role": "user", "content": f"a {n}"}]) for n in range(40)]
    finding = HeldOutLeak().find(evidence([], held_out=held_out, rows=rows((1, "not a 3", "a 4"), (2, "A 5", "x"))))
    assert finding.prompt_ids == (5,)


def test_prompts_of_one_template_take_time_in_proportion():
    def asked(n: int) -> str:
        return f"{words(0, 60)} {n}"

    held_out = [Prompt(n, [{"role": "user", "content": asked(n)}]) for n in range(2000)]
    trained = rows(*((5000 + n, asked(10_000 + n), "x") for n in range(2000)), (1, f"{asked(7)} and on", "x"))
    began = time.process_time()
    finding = HeldOutLeak().find(evidence([], held_out=held_out, rows=trained))
    assert time.process_time() - began < 5
    assert finding.prompt_ids == (7,)
