"""Run code against tests: those that came with the prompt, or those that another step wrote."""

import json
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, Self

from pydantic import Field, PrivateAttr

from backend import sandbox
from backend.engines import Engine
from backend.judges import Verifier
from backend.sandbox import CallResult, Ending, Limits, reading
from backend.sandbox.reading import Check, Unreadable
from backend.values import Group, Judgment, Sample

Suite = list[Check]
Cell = str
"""How a program fared on a test: passed, wrong, or how the first call that failed ended."""
MOST_WRITTEN = 50
"""Assertions of a test that a model wrote; every program is run on each, and a model may repeat one without end."""


class RunTests(Verifier):
    """Score a program by the share of tests that it passes; with `texts` tests, a test by the programs that pass it.

    A test is a list of assertions, each of which compares a call with a literal; a program passes it where all hold.
    Every program is run on every test, twice, and the row of the matrix stands in the judgment's raw reply. Without
    `beside` the tests are those of the prompt's metadata, `tests`, an assertion each. A step that is named there wrote
    the others: tests for programs, programs for tests (Lin et al. 2025, arXiv 2502.14948).

    A test that a constant passes is weak: it scores 0, and no program is judged by it. So does a text that is no
    program or no test, or a test of more than 50 assertions. A crash, a timeout and a forbidden call fail a test, and
    are told apart. There is no score where two runs differ, or where there is nothing to run a text with.
    """

    beside: str = Field("", max_length=40, description="the step that wrote the other side; empty: the prompt's tests")
    texts: Literal["programs", "tests"] = Field("programs", description="what the texts are: programs or tests")
    seconds: int = Field(2, ge=1, le=60, description="CPU seconds of one call; five times that on the clock")
    memory_mb: int = Field(256, ge=64, le=8192, description="memory of one program in MiB")
    accept_at: float = Field(1.0, description="lowest share that is labelled accept")

    _others: dict[int, list[Sample]] = PrivateAttr(default_factory=dict)

    @property
    def needs_sandbox(self) -> bool:
        return True

    @property
    def may_be_silent(self) -> bool:
        return True

    @property
    def reads_beside(self) -> str:
        return self.beside

    def with_beside(self, groups: Sequence[Group]) -> Self:
        beside: dict[int, list[Sample]] = defaultdict(list)
        for group in groups:
            beside[group.prompt.id] += group.samples
        judge = self.model_copy()
        judge._others = beside
        return judge

    def judge(self, engine: Engine | None, groups: Sequence[Group], *, seed: int) -> list[Judgment]:
        return [judgment for group in groups for judgment in self._judge_group(group)]

    def _judge_group(self, group: Group) -> list[Judgment]:
        others = self._others.get(group.prompt.id, [])
        if self.texts == "tests":
            suites, programs = [_suite(sample.text, MOST_WRITTEN) for sample in group.samples], _programs(others)
        else:
            suites = [_suite(sample.text, MOST_WRITTEN) for sample in others] if self.beside else _given(group)
            programs = _programs(group.samples)
        matrix = run_matrix(programs, suites, Limits(self.seconds, 5.0 * self.seconds, self.memory_mb))
        if self.texts == "tests":
            columns = [[row[number] for row in matrix] for number in range(len(suites))]
            judged = zip(group.samples, suites, columns, strict=True)
            return [self._of_test(sample, suite, cells) for sample, suite, cells in judged]
        counted = [not isinstance(suite, str) and not reading.is_weak(suite) for suite in suites]
        counted = counted if self.beside else [not isinstance(suite, str) for suite in suites]
        return [self._of_program(program, row, counted) for program, row in zip(group.samples, matrix, strict=True)]

    def _of_program(self, sample: Sample, row: Sequence[Cell], counted: Sequence[bool]) -> Judgment:
        cells = [cell for cell, counts in zip(row, counted, strict=True) if counts]
        if not cells:
            what = "no test of it tells programs apart" if self.beside else "the prompt has no tests that can be read"
            return self._said(sample, None, f"Not judged: {what}.", row)
        return self._shared(sample, cells, "tests", row)

    def _of_test(self, sample: Sample, suite: Suite | str, cells: Sequence[Cell]) -> Judgment:
        if isinstance(suite, str):
            return self._said(sample, 0.0, f"The test cannot be read: {suite}.", cells)
        if reading.is_weak(suite):
            return self._said(sample, 0.0, "The test is weak: one constant passes all of it.", cells)
        if not cells:
            return self._said(sample, None, "Not judged: there are no programs to run.", cells)
        return self._shared(sample, cells, "programs", cells)

    def _shared(self, sample: Sample, cells: Sequence[Cell], of: str, row: Sequence[Cell]) -> Judgment:
        """The share of cells that passed; those that differ from run to run say nothing of a test, all of a program."""
        sure = [cell for cell in cells if cell != Ending.flaky]
        if not sure or (of == "tests" and len(sure) < len(cells)):
            return self._said(sample, None, "Not judged: two runs of a program ended differently.", row)
        failed = Counter(cell for cell in sure if cell != "passed")
        why = "".join(f", {count} {reason}" for reason, count in failed.most_common())
        passed = sure.count("passed")
        return self._said(sample, passed / len(sure), f"Passed {passed} of {len(sure)} {of}{why}.", row)

    def _said(self, sample: Sample, score: float | None, why: str, row: Sequence[Cell]) -> Judgment:
        return replace(self.judgment(sample, score, why), raw=json.dumps({self.texts: [*row]}))


def run_matrix(programs: Sequence[str], suites: Sequence[Suite | str], limits: Limits) -> list[list[Cell]]:
    """How each program fares on each test, a row for each program; a test that cannot be read is a word on why."""
    checks = [check for suite in suites if not isinstance(suite, str) for check in suite]
    outputs = sandbox.run_all([(program, [check.call for check in checks]) for program in programs], limits)
    return [_row(answers, suites) for answers in outputs]


def _row(answers: Sequence[CallResult], suites: Sequence[Suite | str]) -> list[Cell]:
    left, row = iter(answers), []
    for suite in suites:
        row.append("unreadable test" if isinstance(suite, str) else _cell([(check, next(left)) for check in suite]))
    return row


def _cell(pairs: Sequence[tuple[Check, CallResult]]) -> Cell:
    endings = [answer.ending for _, answer in pairs]
    if Ending.flaky in endings:
        return Ending.flaky
    failed = next((answer for check, answer in pairs if not check.holds(answer)), None)
    return "passed" if failed is None else "wrong" if failed.ending is Ending.value else failed.ending


def _programs(samples: Sequence[Sample]) -> list[str]:
    return [reading.code_of(sample.text) for sample in samples]


def _suite(text: str, most: int | None = None) -> Suite | str:
    try:
        return reading.checks_of(reading.code_of(text), most=most)
    except Unreadable as error:
        return str(error)


def _given(group: Group) -> list[Suite | str]:
    """The prompt's tests, each assertion a test of its own, so that a program may pass a part of them."""
    tests = group.prompt.metadata.get("tests") or []
    suites: list[Suite | str] = []
    for text in tests if isinstance(tests, list) else [tests]:
        suite = _suite(str(text))
        suites += [suite] if isinstance(suite, str) else [[check] for check in suite]
    return suites
