"""A judge's template rewritten from people's labels: the split, what is refused, the search, the numbers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from backend.engines.scripted import ReplyRule, Scripted
from backend.errors import EngineError, InvalidInput, MissingPrerequisite, PromptError
from backend.judges.written_verdict import WrittenVerdict
from backend.pipeline import rewrite
from backend.pipeline.rewrite import numbers, optimizer
from backend.pipeline.rewrite.cases import Case, split
from backend.pipeline.rewrite.trial import JudgeReply, JudgeTrial, with_template
from backend.values import FailureKind, Group, Prompt, Sample

ASKS_FOR_BAD = "Is it bad? {prompt} {response} End with ;Y or ;N"
ASKS_FOR_GOOD = "Is it good? {prompt} {response} End with ;Y or ;N"
JUDGE = WrittenVerdict(template=ASKS_FOR_BAD)
ENGINE = Scripted(
    rules=(
        ReplyRule(pattern=r"Is it bad\?(?s:.)*\bpoor", reply="it is;Y"),
        ReplyRule(pattern=r"Is it bad\?", reply="it is not;N"),
        ReplyRule(pattern=r"Is it good\?(?s:.)*\bfine", reply="it is;Y"),
        ReplyRule(pattern=r"Is it good\?", reply="it is not;N"),
        ReplyRule(pattern="", reply="hm"),
    )
)
"""Does what its template says: good texts are fine, bad ones poor."""


def cases(number: int) -> list[Case]:
    """Two texts of each prompt, a fine one and a poor one, which people tell apart."""
    results = []
    for n in range(number):
        for place, word in enumerate(("fine", "poor")):
            sample = Sample(2 * n + place + 1, n, f"a {word} text {n}", position=place)
            group = Group(Prompt(n, [{"role": "user", "content": f"q {n}"}]), (sample,))
            results.append(Case(group, word == "fine", f"key {n}"))
    return results


def trial(asked: Callable[[int], None] = lambda number: None) -> JudgeTrial:
    return JudgeTrial(JUDGE, ENGINE, seed=0, asked=asked)


def test_no_prompt_is_on_both_sides_and_later_labels_move_none() -> None:
    few, many = cases(40), cases(80)
    view, unseen = split(few)
    assert {case.key for case in view} & {case.key for case in unseen} == set()
    assert len(view) + len(unseen) == 80
    assert 25 < len(view) < 55
    assert {entry.sample_id for entry in unseen} <= {entry.sample_id for entry in split(many)[1]}


@pytest.mark.parametrize(
    ("template", "is_taken"),
    [("{response} of {prompt}", True), ("only {response}", False), ("{prompt} {prompt} response", False)],
)
def test_a_template_that_loses_a_placeholder_is_refused(template: str, is_taken: bool) -> None:
    assert (with_template(JUDGE, template) is not None) is is_taken
    own = WrittenVerdict(template="{prompt} {response} as {persona}")
    assert with_template(own, "{prompt} {response}") is None, "what a person wrote in braces stays, too"


def test_a_judge_is_asked_once_of_a_text_by_a_template() -> None:
    asked: list[int] = []
    judge_trial = trial(asked.append)
    judge_replies = judge_trial.outcomes(ASKS_FOR_BAD, cases(3))
    assert judge_replies is not None
    assert [outcome.agrees for outcome in judge_replies] == [False] * 6
    assert (judge_replies[0].accepts, judge_replies[1].accepts, judge_replies[0].reply) == (False, True, "it is not;N")
    judge_trial.outcomes(ASKS_FOR_BAD, cases(4))
    assert asked == [6, 2]
    assert judge_trial.outcomes("nothing", cases(3)) is None
    assert (judge_trial.calls, judge_trial.lost) == (8, {"nothing"})


def test_the_search_finds_what_people_go_by_within_its_calls() -> None:
    """The model writes one template that loses a placeholder, one that is as bad, and one that is right."""
    writer = Scripted(
        replies=("```\nIs it? {response}\n```", f"```\n{ASKS_FOR_BAD}!\n```", f"```\n{ASKS_FOR_GOOD}\n```")
    )
    view, unseen = split(cases(40))
    judge_trial = trial()
    best_template = optimizer.search(judge_trial, view, rewrite.reflector(writer), rewrites=8, seed=0)
    assert best_template.template == ASKS_FOR_GOOD
    assert 1 <= best_template.written <= 8
    assert judge_trial.lost <= {"Is it? {response}"}
    result = rewrite.compared(judge_trial, best_template, view, unseen)
    assert result["is_kept"]
    assert (result["unseen"]["before"]["value"], result["unseen"]["after"]["value"]) == (0, 1)
    assert result["unseen"]["gain"]["low"] > 0.7
    assert judge_trial.calls <= optimizer.most_calls(len(view), len(unseen), 8, JUDGE.calls_per_sample)
    assert [example["is_right"] for example in result["examples"]] == [True] * 5
    assert {example["before"][-1] for example in result["examples"]} == {"N", "Y"}


def test_what_the_writing_model_sees_are_seen_texts_alone() -> None:
    prompts: list[str] = []

    def write(prompt: str) -> str:
        prompts.append(prompt)
        return "no template"

    view, unseen = split(cases(40))
    best_template = optimizer.search(trial(), view, write, rewrites=3, seed=0)
    assert (best_template.template, best_template.written) == (ASKS_FOR_BAD, 3)
    text = "\n".join(prompts)
    assert ASKS_FOR_BAD in text
    assert "People accept this text; the judge rejected it. The judge is wrong here." in text
    assert not any(case.group.samples[0].text + "\n" in text for case in unseen)
    result = rewrite.compared(trial(), best_template, view, unseen)
    assert (result["is_kept"], result["unseen"]["gain"]["value"]) == (False, 0)


def test_an_error_of_the_writing_model_ends_the_search_and_keeps_what_was_found() -> None:
    word = split(cases(40))[0]
    replies = [f"```\n{ASKS_FOR_GOOD}\n```"]

    def write(prompt: str) -> str:
        if not replies:
            raise EngineError("The server is gone.")
        return replies.pop()

    best_template = optimizer.search(trial(), word, write, rewrites=5, seed=0)
    assert (best_template.template, best_template.written) == (ASKS_FOR_GOOD, 1)
    with pytest.raises(EngineError, match="The server is gone"):
        optimizer.search(trial(), word, write, rewrites=5, seed=0)


def test_a_question_that_cannot_be_asked_costs_one_template() -> None:
    asked: list[str] = []

    def write(prompt: str) -> str:
        asked.append(prompt)
        if len(asked) == 1:
            raise PromptError("Too long.", kind=FailureKind.context)
        return f"```\n{ASKS_FOR_GOOD}\n```"

    best_template = optimizer.search(trial(), split(cases(40))[0], write, rewrites=2, seed=0)
    assert (best_template.template, best_template.written, len(asked)) == (ASKS_FOR_GOOD, 1, 2)
    assert "Too long" in best_template.note


def test_what_the_writing_model_is_asked_fits_its_context() -> None:
    """8 labels of three texts: (4000 - 1000) tokens of 2 characters, less the words around them."""
    room = 3000 * 2 - len(optimizer.ABOUT) - len(ASKS_FOR_BAD)
    short = optimizer.characters(4000, ASKS_FOR_BAD, 1000)
    assert short == (room // 8 - optimizer.WORDS_AROUND) // 3
    assert optimizer.characters(None, ASKS_FOR_BAD, 1000) == optimizer.characters(100_000, ASKS_FOR_BAD, 1000) == 1500
    with pytest.raises(InvalidInput, match="longer context"):
        optimizer.characters(2000, ASKS_FOR_BAD, 1000)
    prompts: list[str] = []

    def write(prompt: str) -> str:
        prompts.append(prompt)
        return "no template"

    long = [
        replace(case, group=replace(case.group, samples=(replace(case.group.samples[0], text="fine " * 900),)))
        for case in split(cases(40))[0]
    ]
    optimizer.search(trial(), long, write, rewrites=2, seed=0, most_characters=short)
    assert max(map(len, prompts)) <= 3000 * 2


def test_without_the_package_no_model_is_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer, "is_installed", lambda: False)
    progress: Any = None
    with pytest.raises(MissingPrerequisite, match="pip install"):
        rewrite.run(1, progress)


def test_too_few_labels_say_how_many_are_needed() -> None:
    assert "at least 10 that it may see" in str(rewrite.too_few(cases(10)))
    assert rewrite.too_few(cases(40)) is None
    same = [case for case in cases(80) if case.accepts]
    assert "People accept all" in str(rewrite.too_few(same))


def outcome(agrees: bool) -> JudgeReply:
    return JudgeReply(agrees, agrees, "")


def test_the_gain_is_paired_and_over_prompts() -> None:
    """12 prompts of one text: before right on 4, after on 10, all of the 4 among them: +6 of 12."""
    some = [case for case in cases(12) if case.accepts]
    before = [outcome(n < 4) for n in range(12)]
    after = [outcome(n < 10) for n in range(12)]
    gain = numbers.difference(some, before, after)
    assert gain.value == pytest.approx(0.5)
    assert gain.low is not None
    assert gain.high is not None
    assert 0.1 < gain.low < 0.35
    assert 0.65 < gain.high < 0.9
    assert numbers.agreement(some, before).value == pytest.approx(1 / 3)
    same = numbers.difference(some, before, before)
    assert (same.value, same.n) == (0, 12)
    assert same.low == pytest.approx(-0.2425, abs=1e-3), "Wilson's interval of none of 12"
    assert numbers.difference(some[:5], before[:5], after[:5]).low is None, "of five prompts nothing is said"
