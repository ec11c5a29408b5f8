"""Tools for review: the next item of the queue, and a decision on it."""

from typing import Literal

from pydantic import Field

from app.agents.tool import LONGEST_TEXT, RowId, ToolCall, conversation, fields, untrusted
from app.api.desk import scale
from backend.boundary import Data, Line, Note, Score
from backend.errors import Conflict, InvalidInput
from backend.services import questions, queue, review_settings, reviews, rounds
from backend.services.access import Actor
from backend.services.decisions import Act, Decision, Unread
from backend.services.questions import QuestionView
from backend.services.queue import Item, Order
from backend.services.queue.item_views import JudgeView
from backend.values import JSON, DecisionKind
from backend.values.questions import EXAMPLES, QuestionKind

Kind = Literal["accept", "reject", "score", "prefer", "rank", "flag", "skip", "retract"]


class NextItem(ToolCall):
    """Take the next item of a round's review; it is reserved for you for some minutes. Needs the role reviewer.

    `mode` says what is decided: sample (accept, reject or score), pair or group (prefer, or rank: all samples are in
    `members`), judgment (whether the judge is right: accept or reject). `scale` is the lowest and the highest score.
    `item` is null where nothing is left. In a blind review the judge's view comes after your decision. `read_sample`
    has the rest of a text that is cut. `questions`: what the project asks of each sample beside the verdict; they go
    with the decision as `answers`, where a group is decided those about the sample that is put first.
    """

    title = "Take the next item"
    changes = True

    round_id: RowId
    order: Literal["informativeness", "sequential", "random", "disagreement"] = "informativeness"

    def call(self, actor: Actor) -> JSON:
        round_ = rounds.get(actor, self.round_id)
        how: JSON = {"mode": review_settings.read(round_.review).mode.value, "scale": scale(round_)}
        items = queue.queue(actor, self.round_id, order=Order(self.order), limit=1)
        asked = questions.list_questions(actor, round_.project_id, with_retired=False)
        how |= {"questions": [_question(view) for view in asked]} if asked else {}
        return {"item": _item(items[0]) if items else None, **how}


class Decide(ToolCall):
    """Decide on one sample of a round that is in review, with a reason. Needs the role reviewer.

    The answer holds what was written and, where you may see it now, what the judge said. `retract` takes a decision of
    yours back: `retracts` names its client_id. Sending the same `client_id` again changes nothing.
    """

    title = "Decide on a sample"
    changes = True
    repeats = True

    round_id: RowId
    sample_id: RowId = Field(description="the item's sample_id, also where a group is decided")
    kind: Kind
    reason: Note = Field(min_length=1, description="why, in a sentence; kept as the decision's note")
    score: Score | None = Field(None, description="for kind score")
    value: Data = Field(
        default_factory=dict,
        description='for prefer {"best": id, "worst": id or null}, {"tie": [ids]} or {"all_bad": [ids]}; for rank '
        '{"order": [ids, best first]}',
    )
    answers: Data = Field(
        default_factory=dict,
        description="your answers to the project's questions about the sample, in a group about the one that you put "
        "first, by key, as in "
        '{"accuracy": {"rating": 4}, "tone": {"label": "warm"}}; required ones have to be there, or given before',
    )
    retracts: Line | None = Field(None, description="for retract: the client_id of the decision to take back")
    client_id: Line = Field(
        min_length=8,
        max_length=64,
        description="a new one for each decision, such as a UUID; where no answer came, send the same again",
    )

    def call(self, actor: Actor) -> JSON:
        done = reviews.decide_with_answers(actor, self.round_id, self._act(), self.answers)
        if not done.decision.is_new and not self._is_asked(done.decision):
            raise Conflict("This client_id belongs to another decision of yours. Send a new one.")
        return {
            "decision": _decision(done.decision),
            "judge": _judge(done.judge),
            "others": [_decision(decision) for decision in done.others],
            "why_it_was_asked": done.reason,
        }

    def _act(self) -> Act | Unread:
        try:
            return Act(
                self.client_id,
                DecisionKind(self.kind),
                self.sample_id,
                score=self.score,
                note=self.reason,
                retracts=self.retracts,
                value=self.value,
            )
        except InvalidInput as error:
            return Unread(error, self.client_id, self.kind)

    def _is_asked(self, decision: Decision) -> bool:
        """Whether a decision that was written before is the one that is asked for."""
        is_same_sample = self.kind == "retract" or decision.sample_id == self.sample_id
        return decision.kind.value == self.kind and is_same_sample


def _item(item: Item) -> JSON:
    return {
        **fields(item, "sample_id", "group_id", "finish_reason", "num_tokens", "reason", "lease_until", "num_members"),
        "asked": conversation(item.messages, LONGEST_TEXT // 4),
        "text": untrusted(item.text, LONGEST_TEXT),
        "judge": _judge(item.judge),
        "members": [
            fields(member, "sample_id", "finish_reason", "num_tokens")
            | {"turns": conversation(member.turns), "text": untrusted(member.text, LONGEST_TEXT // 4)}
            | {"judge": _judge(member.judge)}
            for member in item.members
        ],
        "others": [_decision(decision) for decision in item.others],
    }


def _question(view: QuestionView) -> JSON:
    options = view.options
    choice: JSON = {"labels": list(options.labels)} if view.kind.has_labels else {}
    choice |= {"highest": options.highest} if view.kind is QuestionKind.rating else {}
    return (
        fields(view, "key", "kind", "title", "help", "is_required") | choice | {"example": f"{{{EXAMPLES[view.kind]}}}"}
    )


def _judge(view: JudgeView | None) -> JSON | None:
    if view is None:
        return None
    replies = [
        fields(reply, "judge", "score", "verdict") | {"rationale": untrusted(reply.rationale)} for reply in view.replies
    ]
    return fields(view, "score", "verdict", "spread") | {"replies": replies}


def _decision(row: Decision) -> JSON:
    names = ("client_id", "sample_id", "who", "at", "kind", "verdict", "score", "words", "is_override", "late_because")
    return fields(row, *names) | {"note": untrusted(row.note)}
