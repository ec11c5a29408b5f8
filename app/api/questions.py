"""A project's own questions, and what people answer to them."""

from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field, ValidationError, ValidatorFunctionWrapHandler, WrapValidator

from app.api.depends import Asking, Version
from app.api.errors import ErrorBody, kind_of, status_of
from backend.boundary import Id, Line, Note
from backend.errors import InvalidInput, RondoError, written_out
from backend.services import questions, refusals
from backend.services.questions import MOST, MOST_TITLE, NewQuestion, QuestionView, answers
from backend.services.questions.answers import Given, NewAnswer
from backend.services.questions.standing import AnswerView
from backend.services.samples import answers as answers_seen
from backend.services.samples import judge_answers
from backend.services.samples.judge_answers import JudgeAnswerView
from backend.services.team import question_agreement
from backend.services.team.question_agreement import JudgeAgreement, QuestionAgreement
from backend.values.questions import QuestionKind, QuestionOptions

router = APIRouter(tags=["questions"])

Title = Annotated[Line, Field(max_length=MOST_TITLE)]


class QuestionRequest(BaseModel):
    """`key`: how filters, exports and recipes call it; empty makes one of the title."""

    model_config = ConfigDict(extra="forbid")

    title: Title
    kind: QuestionKind
    key: Line = ""
    help: Note = ""
    options: QuestionOptions = QuestionOptions()
    is_required: bool = False

    def new(self) -> NewQuestion:
        return NewQuestion(self.title, self.kind, self.key, self.help, self.options, self.is_required)


class QuestionEdit(BaseModel):
    """What is left out stays. `is_active`: false retires the question, true brings it back."""

    model_config = ConfigDict(extra="forbid")

    title: Title | None = None
    help: Note | None = None
    options: QuestionOptions | None = None
    is_required: bool | None = None
    is_active: bool | None = None
    version: Version = None


class QuestionOrder(BaseModel):
    """All active questions, the first one first."""

    ids: list[Id] = Field(max_length=MOST)


class Preset(BaseModel):
    """`ratings`: helpfulness, accuracy and style, each from 1 to 5."""

    name: Line


@dataclass(frozen=True)
class UnreadAnswer:
    """What was sent as an answer and is none, and why."""

    client_id: str
    error: InvalidInput


def _read(sent: Any, read: ValidatorFunctionWrapHandler) -> Any:
    """The answer, or an `UnreadAnswer`: what is none is refused alone."""
    try:
        return read(sent)
    except ValidationError as error:
        client_id = str(sent.get("client_id", "")) if isinstance(sent, dict) else ""
        why = InvalidInput(f"This answer cannot be used: {refusals.explain(error)}.")
        return UnreadAnswer(client_id, why)


class AnswerList(BaseModel):
    """Written in order. One that cannot be written is set aside; sending a `client_id` again changes nothing."""

    answers: list[Annotated[NewAnswer, WrapValidator(_read)]] = Field(min_length=1, max_length=200)


class RefusedAnswer(BaseModel):
    """An answer that was not written, and why; the others in the call were."""

    client_id: str
    status: int
    error: ErrorBody


@router.get("/projects/{project_id}/questions")
def list_questions(actor: Asking, project_id: Id) -> list[QuestionView]:
    """What the project asks beside the verdict, in order; retired questions last."""
    return questions.list_questions(actor, project_id)


@router.post("/projects/{project_id}/questions", status_code=201)
def add_question(actor: Asking, project_id: Id, body: QuestionRequest) -> QuestionView:
    return questions.add(actor, project_id, body.new())


@router.post("/projects/{project_id}/questions/presets", status_code=201)
def add_preset(actor: Asking, project_id: Id, body: Preset) -> list[QuestionView]:
    """Ask the questions of a preset as well; those that the project has stay as they are."""
    return questions.add_preset(actor, project_id, body.name)


@router.put("/projects/{project_id}/questions/order")
def order_questions(actor: Asking, project_id: Id, body: QuestionOrder) -> list[QuestionView]:
    return questions.order(actor, project_id, body.ids)


@router.patch("/questions/{question_id}")
def change_question(actor: Asking, question_id: Id, body: QuestionEdit) -> QuestionView:
    """Change, retire or bring back a question. What would not fit answers that were given is refused."""
    return questions.change(actor, question_id, **{name: getattr(body, name) for name in body.model_fields_set})


@router.delete("/questions/{question_id}")
def delete_question(actor: Asking, question_id: Id) -> QuestionView | None:
    """Delete a question that nobody answered. One with answers is retired instead, and is the answer."""
    return questions.delete(actor, question_id)


@router.post("/rounds/{round_id}/answers", status_code=201)
def give_answers(actor: Asking, round_id: Id, body: AnswerList) -> list[Given | RefusedAnswer]:
    """Answer questions. What came of each, in their order; the last answer of a person stands."""
    sent: list[NewAnswer | UnreadAnswer] = [*body.answers]
    read = [answer for answer in sent if isinstance(answer, NewAnswer)]
    written = iter(answers.give(actor, round_id, read))
    return [
        _refused(answer.client_id, answer.error)
        if isinstance(answer, UnreadAnswer)
        else _outcome_of(answer.client_id, next(written))
        for answer in sent
    ]


@router.get("/rounds/{round_id}/answers")
def list_answers(
    actor: Asking, round_id: Id, sample_id: Annotated[tuple[Id, ...], Query(max_length=500)] = ()
) -> list[AnswerView]:
    """The answers that stand to these samples, as far as one may see them now."""
    return answers_seen.of_round(actor, round_id, sample_id)


@router.get("/samples/{sample_id}/answers")
def list_answers_of_sample(actor: Asking, sample_id: Id) -> list[AnswerView]:
    """All answers to a sample, those that were replaced or taken back among them, as far as one may see them now."""
    return answers_seen.of_sample(actor, sample_id)


@router.get("/rounds/{round_id}/questions/agreement")
def get_agreement(actor: Asking, round_id: Id) -> list[QuestionAgreement]:
    """How far people agree in each question: Krippendorff's alpha, ordinal for ratings, else nominal."""
    return question_agreement.measure(actor, round_id)


@router.get("/rounds/{round_id}/questions/agreement/judges")
def get_judge_agreement(actor: Asking, round_id: Id) -> list[JudgeAgreement]:
    """How far people agree with the judge, and judges with each other, in each question that a judge answered."""
    return question_agreement.with_judges(actor, round_id)


@router.get("/rounds/{round_id}/judge-answers")
def list_judge_answers(
    actor: Asking, round_id: Id, sample_id: Annotated[tuple[Id, ...], Query(max_length=500)] = ()
) -> list[JudgeAnswerView]:
    """What the round's judges answered to questions about these samples, as far as one may see it now."""
    return judge_answers.of_round(actor, round_id, sample_id)


def _outcome_of(client_id: str, outcome: Given | RondoError) -> Given | RefusedAnswer:
    return _refused(client_id, outcome) if isinstance(outcome, RondoError) else outcome


def _refused(client_id: str, error: RondoError) -> RefusedAnswer:
    reason = ErrorBody(type=kind_of(error), message=error.message)
    return RefusedAnswer(client_id=written_out(client_id), status=status_of(error), error=reason)
