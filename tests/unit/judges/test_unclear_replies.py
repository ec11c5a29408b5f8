"""Replies as judges really write them: an unclear one has no score."""

import json
import time
from pathlib import Path

import pytest

from backend.engines.scripted import Scripted
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.written_verdict import WrittenVerdict
from backend.values import Completion
from tests.groups import texts

FOUND = Path(__file__).parents[2] / "data" / "found"
RUBRIC, VERDICT = AdditiveRubric(), WrittenVerdict()
FENCE = "```"


def rows(name: str) -> list[dict]:
    return [json.loads(line) for line in (FOUND / name).read_text(encoding="utf-8").splitlines()]


@pytest.mark.parametrize("row", rows("judge_replies.jsonl"), ids=lambda row: row["reply"][:30])
def test_scores_that_were_read_wrong(row):
    assert RUBRIC.parse(row["reply"], is_complete=row["complete"]).score == row["wanted"]


@pytest.mark.parametrize("row", rows("written_verdicts.jsonl"), ids=lambda row: row["reply"][:30])
def test_verdicts_that_were_read_wrong(row):
    assert VERDICT.parse(row["reply"], is_complete=row["complete"]).score == row.get("wanted")


CASES = {
    "maxima": [
        ('{"score": 1, "max_score": 5}', 1),
        ('{"max_score": 5, "score": 3}', 3),
        ("Score: 2\nMaximum score: 5", 2),
        ("Max score: 5\nScore: 2", 2),
        ("The maximum score is 5.", None),
        ("The highest score is 5, the lowest score is 0.", None),
        ('{"score": 4, "max_score": 10}', None),
        ("Score: 4\nMax: 10", None),
        ("Score: 4 (max 10)", None),
        ('{"score": 4, "out_of": 100}', None),
        ('"score_max": 5', None),
        ('{"score": null, "max_score": 5}', None),
        ('{"max_score": 5}', None),
        ("Possible score: 5", None),
    ],
    "scales": [
        ("Score: 4/10", None),
        ("Score: 8 / 10", None),
        ("Score: 5 out of 10", None),
        ("**Score:** 5/10", None),
        ("Score: **5** / **10**", None),
        ("Score: 4 points out of 10", None),
        ("Score: 4 (out of 10)", None),
        ("Score (out of 10): 4", None),
        ("Score (0-10): 4", None),
        ("Score (1-10): 4", None),
        ("On a scale of 1 to 10:\nScore: 4", None),
        ("Score: 80%", None),
        ("Score: 80/100", None),
        ("Score: 4 %", None),
        ("Score: 4/5", 4),
        ("Score: 4 / 5 points", 4),
        ("Score: 4 out of 5", 4),
        ("Score: **4**/5", 4),
        ("Score: 4 (out of 5)", 4),
        ("Score (0-5): 4", 4),
        ("Score (out of 5): 4", 4),
        ("Score: 4 of 5", 4),
        (r"Score: $4/5$", 4),
        ("Score: 4 out of a possible 5", 4),
    ],
    "sums": [
        ("Score: 1+1+1=3", 3),
        ("Score: 1 + 1 + 1 = 3", 3),
        ("Score: 1 + 1 + 0 + 0 + 0 = 2", 2),
        ("Score: 1 (relevant) + 1 (covers it) = 2", 2),
        ("Score: 3 (1 + 1 + 1)", 3),
        ("Score: 3 = 1 + 1 + 1", 3),
        ("**Score: 1 + 1 + 1 = 3**", 3),
        ("Score: 1 + 1 + 1 + 1 = 4/5", 4),
        ("Score: 5 - 1 = 4", 4),
        ("Score: 1 + 1 + 1 = 4", None),
        ("Score: 2 + 2 + 2 = 6", None),
        ("Score: 1, 1, 1", None),
        ("Score: 1 point for relevance, 1 point for coverage", None),
        ("Score: 1 for relevance\nScore: 1 for coverage", None),
        ("Score: 3 * 1", None),
        ("Score: 3 + bonus", None),
    ],
    "lists": [
        ("Score:\n1. relevant\n2. thin", None),
        ("Score:\n1) relevant\n2) thin", None),
        ("Score:\n\n1. The answer is relevant.", None),
        ("Score: 1. relevant 2. thin", None),
        ("**Score**:\n1. **Relevance** yes", None),
        ("Score:\n- 1 point for relevance\n- 1 point for coverage", None),
        ("Score:\n4", 4),
        ("**Score**:\n\n**4**", 4),
        ("## Score\n4", 4),
        ("1. Relevant.\n2. Thin.\nScore: 1", 1),
        ("Relevance score: 1\nCoverage score: 1\nTotal score: 2", 2),
        ("Relevance score: 1\nCoverage score: 0", None),
        ("Total score: 2\nScore: 1", 2),
        ('{"relevance": {"score": 1}, "coverage": {"score": 0}}', None),
        ('{"relevance": {"score": 1}, "coverage": {"score": 1}, "total_score": 2}', 2),
    ],
    "taken back": [
        ("Score: 4, no wait, Score: 3", None),
        ("Score: 4, wait, 3", None),
        ("Score: 4. No, wait: 3.", None),
        ("Score: 4 (actually 3)", None),
        ("Score: 4 \u2013 sorry, 3", None),
        ("**Score: 4** I mean 3", None),
        ("Score: 4, Score: 3", None),
        ("Score: 4, no wait\nScore: 3", 3),
        ("Score: 4, no\nwait, Score: 3\nScore: 3", 3),
        ("Score: 4; no mistakes.", 4),
        ("Score: 4, no errors", 4),
        ("Score: 4. Actually helpful.", 4),
    ],
    "thinking": [
        ("<think>Maybe Score: 5</think>\n", None),
        ("<think>Maybe Score: 5</think>\nScore: 2", 2),
        ("<think>Score: 5", None),
        ("Maybe Score: 5</think>\n", None),
        ("Maybe Score: 5</think>\nScore: 2", 2),
        ("<think>a</think>b<think>Score: 5</think>", None),
        ("<thinking>\nScore: 5\n</thinking>\n\n**Score:** 3", 3),
        ("[THINK]Score: 5[/THINK]Score: 3", 3),
        ("<THINK>Score: 4</THINK>", None),
        ("<|channel|>analysis<|message|>Score: 5<|end|><|start|>assistant<|channel|>final<|message|>Score: 1", 1),
        ("<|channel|>analysis<|message|>Score: 5", None),
        ("<think>I first <think>nest</think> Score: 5</think>", None),
        ("Score: 3\n<think>or Score: 5", 3),
        ("<reasoning>Score: 1</reasoning><score>4</score>", 4),
    ],
    "reasons": [
        ("Score: 2\nReason: an answer worth score 5 has units.", 2),
        ("Score: 2\nA score of 5 needs units.", 2),
        ("Score: 2\n\nTo reach a score of 4, it would have to name the units.", 2),
        ("Score: 2. Reason: thin. Score: 5 would need units.", 2),
        ("Score: 3 - helpful, but thin", 3),
        ("Score: 3, because it helps.", 3),
        ("Score: 3 (helpful)", 3),
        ("Score: 3\nIf it had units, score: 5.", 3),
        ("A score of 5 means perfect, a score of 0 useless.", None),
        ("I give this answer a score of 4.", 4),
        ("The score is 4.", 4),
        ("It deserves a score of 4, not a score of 5.", None),
        ("Therefore, the final score is: **4**", 4),
        ("It would be worth a score of 5 with units.", None),
    ],
    "examples": [
        ('The form is "Score: 5".\nScore: 2', 2),
        ('Score: 2\n(The form is "Score: 5".)', 2),
        ("Score: 2\n\nFor example:\nScore: 5", 2),
        ("For example, Score: 5.", None),
        ("Score: 2\n> Score: 5", 2),
        (f"{FENCE}\nScore: 5\n{FENCE}\nScore: 2", 2),
        (f"Score: 2\n{FENCE}\nScore: 5\n{FENCE}", 2),
        (f"{FENCE}\nScore: 2\n{FENCE}", 2),
        ('He wrote "Score: 5", which I ignore.', None),
        ("The answer says `Score: 5` itself.", None),
        ("The answer contains “Score: 5”.\nScore: 0", 0),
        ('Example output: {"score": 5}\n{"score": 1}', 1),
    ],
    "spellings": [
        (f'{FENCE}json\n{{"score": 3}}\n{FENCE}', 3),
        ('{"score": "3"}', 3),
        ('{"score": "3/5"}', 3),
        ('{"score": "3/10"}', None),
        ('{"Score": 3, "reason": "a {brace}"}', 3),
        ('{"final_score": 3}', 3),
        ("{'score': 3}", 3),
        ('{"score": true}', None),
        ('{"score": 7}', None),
        ('{"score": [1, 2]}', None),
        (r"\textbf{Score:} 3", 3),
        (r"Score: $\boxed{3}$", 3),
        (r"\text{Score: }3", 3),
        ("| Score | 3 |", 3),
        ("### Score: 3", 3),
        ("***Score: 3***", 3),
        ("__Score:__ 3", 3),
        ("SCORE = 3", 3),
        ("Score: [3]", 3),
        ("Score： 3", 3),
        ("Bewertung: 3", 3),
        ("得分：3", 3),
        ("Puntuación: 3/5", 3),
        ("Оценка: 3", 3),
        ("Score: 4.5", 4.5),
        ("Score: 4,5", None),
        ("Score: 4.5.1", None),
        ("Score: 3-4", None),
        ("Score: 3 – 4", None),
        ("Score: between 3 and 4", None),
        ("Score: 3 or 4", None),
        ("Score: 3, 4", None),
        ("Score: 3?", None),
        ("Score: 3+", None),
        ("Score: >3", None),
        ("Score: ~3", None),
        ("Score: four", None),
        ("Score: -2", None),
        ("Score: −2", None),
        ("Score: 6", None),
        ("Score: 3e2", None),
        ("Score: 3\nScore: 4", 4),
        ("Score: 4\nScore: 3 or 4", None),
    ],
}


@pytest.mark.parametrize(
    ("reply", "score"), [case for cases in CASES.values() for case in cases], ids=lambda value: repr(value)[:50]
)
def test_reads_a_clear_score_only(reply, score):
    assert RUBRIC.parse(reply, is_complete=True).score == score


@pytest.mark.parametrize(
    "reply",
    [reply for cases in CASES.values() for reply, _ in cases] + [row["reply"] for row in rows("judge_replies.jsonl")],
)
def test_a_reply_that_was_cut_off_has_no_score(reply):
    assert RUBRIC.parse(reply, is_complete=False).score is None


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("Score: 4\nIt helps, because", 4),
        ("Score: 4", None),
        ("Score: 4\nAn answer with\nScore: 5", 4),
        ("It helps,", None),
        ("<think>Score: 4\n", None),
        ("Score: 4/10\nIt", None),
        ('{"score": 4, "reason": "it he', 4),
    ],
)
def test_a_template_may_put_the_score_first(reply, score):
    parsed_reply = AdditiveRubric(verdict_first=True).parse(reply, is_complete=False)
    assert parsed_reply.score == score


def test_reasons_after_the_score_are_the_rationale_where_it_comes_first():
    assert AdditiveRubric(verdict_first=True).parse("Score: 4\nIt helps.", is_complete=True).rationale == "It helps."


VERDICTS = {
    "reasons": [
        ("2*3=6;N because it is 6;", None),
        ("2*3=6;Y since both agree", None),
        ("2*3=6;Y, or perhaps;N?", None),
        ("2*3=6;Y\n\n(the form is: check;N for wrong)", 1),
        ("2*3=6;Y\nThis is right.", 1),
        ("2*3=6;N.", 0),
        ("2*3=6;**Y**", 1),
        ("2*3=6; Y \n", 1),
        ("2*3=7;N\nFor example:\ncheck;Y", 0),
        ('2*3=7;N\nThe form is "the check;Y"', 0),
        ("2*3=6;Y\n2*3=6;N\nI am not sure.", None),
        ("2*3=6;Y\nNo, wait.\n2*3=5;N", 0),
        ("> check;Y\n2*3=7;N", 0),
        ("2*3=7;N\nThe form is: check;Y", 0),
        ("2*3=7;N\nSuch as this: check;Y", 0),
        ("The date is in the format that was asked for;Y", 1),
        ("It gives no example, such as 2*3;N", 0),
        ("Das Beispiel fehlt;N", 0),
        ("It should be 6 and is 6;Y", 1),
    ],
    "thinking": [
        ("<think>2*3=6;Y</think>", None),
        ("<think>2*3=6;Y</think>\n2*3=7;N", 0),
        ("2*3=6;Y</think>", None),
        ("<think>2*3=6;Y\n", None),
        ("<think>2*3=6;N</think>2*3=6;Y", 1),
    ],
}


@pytest.mark.parametrize(("reply", "score"), [case for cases in VERDICTS.values() for case in cases])
def test_reads_a_clear_verdict_only(reply, score):
    assert VERDICT.parse(reply, is_complete=True).score == score


@pytest.mark.parametrize("reply", ["<think>the check;Y maybe but", "2*3=6;Y", "a;N\nb", "2*3=6;Y\n2*3"])
def test_a_check_that_was_cut_off_has_no_verdict(reply):
    assert VERDICT.parse(reply, is_complete=False).score is None


def test_a_template_may_put_the_verdict_first():
    judge = WrittenVerdict(verdict_first=True, verdict_pattern=r"^(?:(?P<accept>yes)|(?P<reject>no))\b")
    assert judge.parse("yes, because 2*3", is_complete=False).score == 1
    assert judge.parse("no, because yes", is_complete=False).score == 0
    assert judge.parse("ye", is_complete=False).score is None


@pytest.mark.parametrize(
    ("reply", "score"),
    [
        ("The answer is correct.", 1),
        ("The answer is incorrect.", 0),
        ("The answer is not correct.", 0),
        ("The answer isn't correct.", 0),
        ("The answer is not quite correct.", 0),
        ("The answer is not incorrect.", 1),
        ("The answer cannot be called correct.", None),
        ("I am not sure that it is correct.", None),
        ("I do not know whether it is correct.", None),
        ("It would be correct with units.", None),
    ],
)
def test_own_words_are_read_with_their_negation(reply, score):
    judge = WrittenVerdict(verdict_pattern=r"\b(?:(?P<accept>correct)|(?P<reject>incorrect))\b")
    assert judge.parse(reply, is_complete=True).score == score


@pytest.mark.parametrize(
    ("reason", "score"), [("stop", 4.0), ("length", None), ("error", None), ("content_filter", None)]
)
def test_only_a_reply_that_is_known_to_have_ended_is_complete(reason, score):
    assert RUBRIC._read(Completion("Score: 4", reason, 3)).score == score


def test_what_stands_in_a_sample_scores_nothing():
    engine = Scripted(replies=("<think>The answer says Score: 5</think>I cannot tell.",))
    assert {j.score for j in RUBRIC.judge(engine, [texts("Score: 5")], seed=1)} == {None}


@pytest.mark.parametrize(
    "reply",
    [
        "score" + "*" * 100_000,
        "score: 1 " * 20_000,
        "score: 1" + " " * 100_000 + "x",
        "score: 1 (" * 10_000,
        '{"a":' * 50_000,
        "{" * 50_000,
        "score: " + "1+" * 50_000,
        "<think>" * 20_000,
        "</think>" * 20_000,
        ";Y\n" * 30_000,
        ";Y" * 30_000,
        "not correct " * 10_000,
        "max " * 30_000,
        "\n" * 100_000,
        '"' * 100_000,
    ],
    ids=lambda reply: reply[:12],
)
def test_no_reply_takes_long(reply):
    words = WrittenVerdict(verdict_pattern=r"\b(?:(?P<accept>correct)|(?P<reject>incorrect))\b")
    started = time.process_time()
    for judge in (RUBRIC, VERDICT, words):
        judge.parse(reply, is_complete=True)
    assert time.process_time() - started < 2
