"""Records of other tools as plain rows: Argilla's and Label Studio's exports. Anything else is a plain row already."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

from backend.services.prompts.messages import BadRow
from backend.values import Verdict

Row = dict[str, Any]

WORDS = {
    **dict.fromkeys(
        ("accept", "accepted", "approve", "approved", "good", "yes", "true", "1", "correct"), Verdict.accept
    ),
    **dict.fromkeys(("chosen", "keep", "ok", "positive", "+1", "1.0", "thumbs up"), Verdict.accept),
    **dict.fromkeys(("reject", "rejected", "bad", "no", "false", "0", "incorrect", "wrong"), Verdict.reject),
    **dict.fromkeys(("discard", "negative", "-1", "0.0", "thumbs down"), Verdict.reject),
}
"""What tools call a label."""
ANSWERS = "answers"
"""What was answered to other questions than whether it is good, by the question's name."""


def verdict_of(value: Any) -> Verdict | None:
    """The verdict that a label says; None where it says none."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return WORDS.get(str(value).strip().lower()) if isinstance(value, str | bool | int | float) else None


def plain_row(record: Row) -> Row:
    """The record as one plain row; raises `BadRow`."""
    if isinstance(record.get("fields"), dict) and ("responses" in record or "suggestions" in record):
        return _argilla(record)
    if isinstance(record.get("data"), dict) and ("annotations" in record or "predictions" in record):
        return _label_studio(record)
    return record


def single_rows(row: Row, column: str | None, id_column: str | None) -> Iterator[Row]:
    """A row for each completion: those of a list one by one, each with the id of the row and its place."""
    several = row.get(column) if column else None
    if not isinstance(several, list):
        yield row
        return
    if not several:
        raise BadRow(f"column {column!r} is an empty list")
    rest = {name: value for name, value in row.items() if name not in (column, id_column)}
    whose = row.get(id_column) if id_column else None
    for place, one in enumerate(several):
        own = one if isinstance(one, dict) else {"completion": one}
        yield {"external_id": f"{whose}/{place}" if whose not in (None, "") else None} | rest | own


def _argilla(record: Row) -> Row:
    """A record of Argilla: fields, suggestions of models, responses of people, by question."""
    row: Row = {"external_id": record.get("external_id") or record.get("id")} | record["fields"]
    judgments: list[Row] = []
    for question, suggestion in _by_question(record.get("suggestions")):
        said = suggestion if isinstance(suggestion, dict) else {"value": suggestion}
        judgments.append(_said(question, said.get("value")) | {"judge": said.get("agent") or question})
    people: dict[Any, Row] = defaultdict(dict)
    for question, responses in _by_question(record.get("responses")):
        for response in responses if isinstance(responses, list) else [responses]:
            if not isinstance(response, dict):
                raise BadRow(f"the responses to {question!r} are no objects with value and user_id")
            if response.get("status") in (None, "submitted"):
                people[response.get("user_id")][question] = response.get("value")
    return row | _of_tool(record, judgments, people)


def _by_question(told: Any) -> Iterator[tuple[str, Any]]:
    """What is said, by the question: an object of them, or a list that names each."""
    if isinstance(told, Mapping):
        yield from ((str(name), value) for name, value in told.items() if value is not None)
    elif isinstance(told, list):
        for one in told:
            if not isinstance(one, dict):
                raise BadRow("its suggestions or responses are no objects")
            if isinstance(values := one.get("values"), dict):  # as Argilla 1 wrote them: a response is one person's
                whose = {"user_id": one.get("user_id"), "status": one.get("status")}
                yield from ((str(name), [{**_object(value), **whose}]) for name, value in values.items())
            else:
                yield str(one.get("question_name") or one.get("name") or ""), one


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {"value": value}


def _label_studio(task: Row) -> Row:
    """A task of Label Studio: data, annotations of people, predictions of models."""
    row: Row = {"external_id": task.get("id")} | task["data"]
    judgments: list[Row] = []
    for number, prediction in enumerate(_objects(task, "predictions")):
        said = [_said(question, value) for question, value in _results(prediction)]
        one: Row = {name: value for part in reversed(said) for name, value in part.items()}
        if "score" not in one and prediction.get("score") is not None:
            one["score"] = prediction["score"]
        judgments.append(one | {"judge": prediction.get("model_version") or f"prediction {number + 1}"})
    people: dict[Any, Row] = {}
    for annotation in _objects(task, "annotations"):
        if not annotation.get("was_cancelled"):
            who = annotation.get("completed_by")
            who = who.get("email") or who.get("username") or who.get("id") if isinstance(who, dict) else who
            people[who] = dict(_results(annotation))
            people[who]["decided_at"] = annotation.get("created_at")
    return row | _of_tool(task, judgments, people)


def _objects(task: Row, name: str) -> list[Row]:
    several = task.get(name) or []
    if not isinstance(several, list) or not all(isinstance(one, dict) for one in several):
        raise BadRow(f"its {name} are no list of objects")
    return several


def _results(said: Row) -> Iterator[tuple[str, Any]]:
    """What was answered, by the name of the control."""
    results = said.get("result") or []
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise BadRow("the result of an annotation is no list of objects")
    for one in results:
        value = one.get("value")
        for kind in ("choices", "rating", "number", "text", "taxonomy"):
            if isinstance(value, dict) and kind in value:
                value = value[kind]
                break
        yield str(one.get("from_name") or one.get("type") or ""), value


def _said(question: str, value: Any) -> Row:
    """What a model said, as a judgment: a number is its score, a word its verdict, anything else its reason."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return {"score": value}
    verdict = verdict_of(value)
    return {"rationale": f"{question}: {value}"} | ({"verdict": verdict} if verdict is not None else {})


def _of_tool(record: Row, judgments: list[Row], people: Mapping[Any, Row]) -> Row:
    """What both tools have: metadata, judgments, and what each person answered as a decision."""
    row: Row = {"judgments": judgments, "decisions": [_decided(who, answers) for who, answers in people.items()]}
    metadata = record.get("metadata") or record.get("meta")
    return row | ({"metadata": metadata} if isinstance(metadata, dict) and metadata else {})


def _decided(who: Any, answers: Row) -> Row:
    """One person's answers as a decision: the first that is a label or a number, a text as its note, and the others."""
    decision: Row = {"decided_by": None if who is None else str(who)}
    rest: Row = {}
    for question, value in answers.items():
        if question == "decided_at":
            decision["decided_at"] = value
        elif "label" not in decision and not _is_number(value) and verdict_of(value) is not None:
            decision["label"] = value
        elif "score" not in decision and _is_number(value):
            decision["score"] = value
        elif "note" not in decision and (text := _text(value)) is not None:
            decision["note"] = text
        elif value is not None:
            rest[question] = value
    return decision | ({ANSWERS: rest} if rest else {})


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(value: Any) -> str | None:
    """A free text: one that is no list of choices."""
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    return value if isinstance(value, str) and value.strip() else None
