"""Judges that hold their server to the form of a verdict, and read the same where no server does."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from backend.engines.scripted import ReplyRule, Scripted
from backend.judges._template import TemplateJudge
from backend.judges.additive_rubric import AdditiveRubric
from backend.judges.written_verdict import WrittenVerdict
from backend.judges.yes_no_check import YesNoCheck
from backend.values import Prompt, Verdict
from backend.values.replies import ReplyForm
from tests.capable import P_NO, P_YES, capable
from tests.endpoint import Server, chat, engine, serving
from tests.groups import texts


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as running:
        running.answer = capable
        yield running


@pytest.mark.parametrize(
    ("judge", "replies"),
    [
        (WrittenVerdict(votes=2, temperature=1), ("fine;Y", "wrong;N", "hm")),
        (YesNoCheck(), ("Yes", "No", "hm")),
        (AdditiveRubric(), ("good\nScore: 5", "poor\nScore: 1", "hm")),
    ],
)
def test_where_no_server_forces_replies_labels_are_the_same(judge: TemplateJudge, replies: tuple[str, ...]) -> None:
    engine = Scripted(rules=(ReplyRule(pattern="ANSWER", reply=replies),))
    forced = judge.model_copy(update={"forced": True})
    for seed in range(20):
        assert forced.judge(engine, [texts("a", "b")], seed=seed) == judge.judge(engine, [texts("a", "b")], seed=seed)


@pytest.mark.parametrize(
    "judge",
    [
        WrittenVerdict(forced=True, votes=8, temperature=1),
        YesNoCheck(forced=True, votes=8),
        AdditiveRubric(forced=True, votes=8),
    ],
)
def test_a_server_that_forces_replies_leaves_none_without_a_verdict(server: Server, judge: TemplateJudge) -> None:
    with engine(server, forced="structured_outputs") as opened:
        judgments = judge.judge(opened, [texts("a", "b")], seed=1)
    assert len(judgments) == 16
    assert all(judgment.score is not None for judgment in judgments)
    assert len({judgment.score for judgment in judgments}) > 1
    assert [body["n"] for body in server.bodies] == [8, 8]


def test_an_object_is_read_by_its_fields_and_only_where_it_was_forced() -> None:
    """A number of the reasons is no score."""
    reply = '{"reasons": "Score: 1 would be too low", "score": 4}'
    parsed_reply = AdditiveRubric(forced=True).parse(reply, is_complete=True)
    assert (parsed_reply.score, parsed_reply.rationale) == (4.0, "Score: 1 would be too low")
    assert AdditiveRubric(forced=True).parse(reply[:-1], is_complete=False).score is None
    assert AdditiveRubric(forced=True).parse('{"reasons": "x", "score": 9}', is_complete=True).score is None


def test_the_form_follows_the_scale_and_the_order_that_the_template_asks_for() -> None:
    def schema(**knobs: Any) -> dict[str, Any]:
        return AdditiveRubric(**knobs).form.schema or {}

    assert schema()["properties"]["score"] == {"type": "integer", "enum": [0, 1, 2, 3, 4, 5]}
    assert schema(lowest=0, highest=2.5, accept_at=2)["properties"]["score"] == {
        "type": "number",
        "minimum": 0.0,
        "maximum": 2.5,
    }
    assert [*schema()["properties"]] == ["reasons", "score"]
    assert [*schema(verdict_first=True)["properties"]] == ["score", "reasons"]
    assert WrittenVerdict().form == ReplyForm(pattern=r"(.|\n)*;[YN]")
    assert YesNoCheck().form == ReplyForm(choices=("Yes", "No"))


def test_a_form_that_no_server_takes_or_that_is_not_read_is_refused() -> None:
    with pytest.raises(ValidationError, match="no look-around"):
        WrittenVerdict(reply_pattern=r".*(?=Y)Y")
    with pytest.raises(ValidationError, match="reply_pattern is empty"):
        WrittenVerdict(forced=True, reply_pattern="")
    with pytest.raises(ValidationError, match="does not read these as"):
        YesNoCheck(forced=True, yes="Right", no="Wrong")


def test_forced_replies_that_the_verdict_pattern_does_not_read_are_refused() -> None:
    own = r"(?P<accept>GOOD)|(?P<reject>BAD)"
    assert WrittenVerdict(verdict_pattern=own).form
    with pytest.raises(ValidationError, match="does not read these as accept and"):
        WrittenVerdict(forced=True, verdict_pattern=own)
    assert WrittenVerdict(forced=True, verdict_pattern=own, reply_pattern="(.|\n)*(GOOD|BAD)").form
    assert WrittenVerdict(forced=True, verdict_pattern=r";\s*(?:(?P<accept>Y)|(?P<reject>N))$").form


@pytest.mark.parametrize(
    ("judge", "bare"),
    [
        (AdditiveRubric(), ("Score: 5", "Score: 0")),
        (AdditiveRubric(forced=True), ('{"reasons": "", "score": 5}', '{"reasons": "", "score": 0}')),
        (
            AdditiveRubric(forced=True, highest=5.5, verdict_first=True),
            ('{"score": 5.5, "reasons": ""}', '{"score": 0, "reasons": ""}'),
        ),
        (WrittenVerdict(forced=True), (";Y", ";N")),
        (WrittenVerdict(forced=True, reply_pattern="it is [0-9]+;[YN]"), (None, None)),
        (YesNoCheck(forced=True), ("Yes", "No")),
        (YesNoCheck(forced=True, yes="yes", no="no"), ("yes", "no")),
        (YesNoCheck(yes="yes", no="no"), ("Yes", "No")),
    ],
)
def test_the_shortest_reply_is_one_that_the_server_could_write(judge: TemplateJudge, bare: tuple[Any, Any]) -> None:
    assert (judge.bare(Verdict.accept), judge.bare(Verdict.reject)) == bare


def test_a_judge_by_probability_asks_an_endpoint_that_gives_the_likeliest_tokens(server: Server) -> None:
    """0.6 against 0.2: 0.75, as an engine that reads whole texts would say."""
    with engine(server, top_logprobs=True) as opened:
        (judgment,) = YesNoCheck(by="probability").judge(opened, [texts("a")], seed=1)
    assert judgment.score == pytest.approx(P_YES / (P_YES + P_NO))
    assert judgment.rationale == "p(Yes) = 0.6; p(No) = 0.2"


def test_what_is_asked_about_one_prompt_stands_together(server: Server) -> None:
    """So that a server which keeps the start of a prompt reads it once."""
    groups = [replace(texts("a", "b", "c"), prompt=Prompt(n, chat(f"prompt {n}"))) for n in range(3)]
    with engine(server, concurrency=1) as opened:
        WrittenVerdict().judge(opened, groups, seed=1)
    asked = [body["messages"][0]["content"].partition("prompt ")[2][0] for body in server.bodies]
    assert asked == sorted(asked)
    assert len(asked) == 9
