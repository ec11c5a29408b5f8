from dataclasses import replace

from backend.values import Verdict, WarningLevel
from backend.warning_rules import TrainedText
from backend.warning_rules.self_consuming import SelfConsuming
from tests.unit.warning_rules.seen import evidence, past


def read(own: int, mix: int, *before: dict, other: str = "mix", **more):
    texts = [TrainedText(n, "q", "a", "selected" if n < own else other) for n in range(own + mix)]
    return evidence([], rows=lambda: texts, past=past("self_consuming", *before), **more)


def test_rows_of_its_own_alone_are_amber_the_second_time():
    rule = SelfConsuming()
    first = rule.find(read(40, 0))
    assert (first.value, first.details, rule.level(first)) == (1.0, {"is_alone": True}, WarningLevel.green)
    assert rule.level(rule.find(read(40, 0, first.details))) is WarningLevel.amber
    mixed = rule.find(read(30, 10, first.details))
    assert (mixed.value, rule.level(mixed)) == (0.75, WarningLevel.green)
    taught = rule.find(read(30, 10, first.details, other="decision"))
    assert (taught.value, rule.level(taught)) == (0.75, WarningLevel.green), "what people decided is not its own"


def test_known_answers_and_people_correct_a_loop():
    rule = SelfConsuming()
    assert rule.level(rule.find(read(40, 0, {"is_alone": True}, is_verified=True))) is WarningLevel.green
    readings = read(40, 0, {"is_alone": True})
    readings = replace(readings, round=replace(readings.round, people={1: Verdict.accept}))
    assert rule.level(rule.find(readings)) is WarningLevel.green
