"""Records of other tools as plain rows: Argilla's and Label Studio's exports. Anything else is a plain row already."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from backend import boundary
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


DECIDED_AT, CONFIDENCE = OWN = ("\0decided_at", "\0score")
"""What stands among answers and is none: no question is called so."""
LABELS = ("label", "verdict", "decision", "keep", "accept", "accepted", "approved", "good", "correct")
"""Questions to which yes says that a sample is good."""
FLATTENED = (".responses", ".responses.users", ".suggestion")
"""How names of columns end in a record of Argilla that was made flat."""
PLAIN = frozenset(WORDS) - {"yes", "no", "true", "false", "1", "0", "1.0", "0.0", "+1", "-1", "positive", "negative"}
"""Words that say whether a sample is good whatever was asked."""


def verdict_of(value: Any) -> Verdict | None:
    """The verdict that a label says; None where it says none."""
    value = _single(value)
    return WORDS.get(str(value).strip().lower()) if isinstance(value, str | bool | int | float) else None


class Questions:
    """Which questions of a tool's records are the label and the score: as chosen, or the only ones that can be.

    The same ones in every record. `left_out` counts what was answered and is not imported, by reason.
    """

    def __init__(self, chosen: Mapping[str, str]) -> None:
        self.chosen: dict[str, str | None] = {role: chosen.get(role) for role in ("label", "score")}
        self.picked: dict[str, tuple[str, ...]] = {}
        self.left_out: Counter[str] = Counter()

    def pick(self, given: Iterable[Row]) -> tuple[str | None, str | None]:
        """The names of both; raises `BadRow` where it is not clear which they are."""
        answers = [(question, value) for row in given for question, value in row.items() if question not in OWN]
        numbers = dict.fromkeys(question for question, value in answers if _is_number(value))
        words = dict.fromkeys(question for question, value in answers if _is_word(value))
        if self.chosen["label"] is None and len(words) == 1:
            (question,) = words
            plain = all(str(_single(value)).strip().lower() in PLAIN for name, value in answers if name == question)
            if not plain and question.strip().lower() not in LABELS:
                raise BadRow(
                    f"nobody said whether {question!r} asks what is good or what is bad. Say so with columns: "
                    f'{{"label": "{question}"}}, or {{"label": ""}} where no question does'
                )
        return self._pick("label", words), self._pick("score", numbers)

    def _pick(self, role: str, candidates: Mapping[str, Any]) -> str | None:
        if (chosen := self.chosen[role]) is not None:
            return chosen or None
        names = dict.fromkeys([*self.picked.get(role, ()), *candidates])
        if len(names) > 1:
            raise BadRow(
                f"several questions may be its {role}: {', '.join(map(repr, names))}. Name the one with columns, "
                f'such as {{"{role}": "{next(iter(names))}"}}, or {{"{role}": ""}} for none'
            )
        self.picked[role] = tuple(names)
        return next(iter(names), None)


def are_plain(columns: Iterable[str]) -> bool:
    """Whether no record with these columns is a tool's: `plain_row` returns it as it is."""
    names = frozenset(columns)
    return not (names & {"fields", "data"} or any(name.endswith(FLATTENED) for name in names))


def plain_row(record: Row, questions: Questions) -> Row:
    """The record as one plain row; raises `BadRow`."""
    if isinstance(record.get("fields"), dict) and ("responses" in record or "suggestions" in record):
        return _argilla(record, questions)
    if isinstance(record.get("data"), dict) and ("annotations" in record or "predictions" in record):
        return _label_studio(record, questions)
    if any(name.endswith(FLATTENED) for name in record):
        raise BadRow("it is a record of Argilla made flat. Export it with to_list() or to_json(), not flattened")
    return record


def single_rows(row: Row, roles: Mapping[str, str]) -> Iterator[Row]:
    """A row for each completion: those of a list one by one, each with its own id, or the id of the row and its place.

    `roles`: the column of each role. Id and text stand under the names that are chosen, where some are.
    """
    column, id_column = roles["completions"], roles.get("external_id", "external_id")
    several = row.get(column)
    if not isinstance(several, list):
        yield row
        return
    if not several:
        raise BadRow(f"column {column!r} is an empty list")
    rest = {name: value for name, value in row.items() if name not in (column, id_column)}
    whose = row.get(id_column)
    for place, entry in enumerate(several):
        own = dict(entry) if isinstance(entry, dict) else {roles.get("completion", "completion"): entry}
        ids = {name: own.pop(name) for name in dict.fromkeys((id_column, "external_id", "id")) if name in own}
        known = next((key for key, value in ids.items() if value is not None), None)
        name = place if known is None else ids.pop(known)
        own |= {f"completion_{key}": value for key, value in ids.items() if value is not None}
        yield {id_column: f"{whose}/{name}" if whose not in (None, "") else None} | rest | own


def _argilla(record: Row, questions: Questions) -> Row:
    """A record of Argilla: fields, suggestions of models, responses of people, by question."""
    row: Row = {"external_id": record.get("external_id") or record.get("id")} | record["fields"]
    suggested: list[tuple[str, Row]] = []
    for question, suggestion in _by_question(record.get("suggestions")):
        content = suggestion if isinstance(suggestion, dict) else {"value": suggestion}
        agent = content.get("agent")
        judge = f"{agent}: {question}" if agent and agent != question else question
        suggested.append((judge, {question: content.get("value")}))
    people: dict[str | None, Row] = defaultdict(dict)
    for question, responses in _by_question(record.get("responses")):
        for response in responses if isinstance(responses, list) else [responses]:
            if not isinstance(response, dict):
                raise BadRow(f"the responses to {question!r} are no objects with value and user_id")
            status = response.get("status")
            if status not in (None, "submitted"):
                questions.left_out[f"responses that are {str(status)[:20]}"] += 1
                continue
            people[_person(response.get("user_id"))][question] = response.get("value")
    return row | _of_tool(record, suggested, [*people.items()], questions)


def _by_question(told: Any) -> Iterator[tuple[str, Any]]:
    """What is said, by the question: an object of them, or a list that names each."""
    if isinstance(told, Mapping):
        yield from ((str(name), value) for name, value in told.items() if value is not None)
    elif isinstance(told, list):
        for answer in told:
            if not isinstance(answer, dict):
                raise BadRow("its suggestions or responses are no objects")
            if isinstance(values := answer.get("values"), dict):  # as Argilla 1 wrote them: a response is one person's
                whose = {"user_id": answer.get("user_id"), "status": answer.get("status")}
                yield from ((str(name), [{**_object(value), **whose}]) for name, value in values.items())
            else:
                yield str(answer.get("question_name") or answer.get("name") or ""), answer


def _object(value: Any) -> Row:
    return value if isinstance(value, dict) else {"value": value}


def _label_studio(task: Row, questions: Questions) -> Row:
    """A task of Label Studio: data, annotations of people, predictions of models."""
    row: Row = {"external_id": task.get("id")} | task["data"]
    predicted: list[tuple[str, Row]] = []
    for number, prediction in enumerate(_objects(task, "predictions")):
        judge = prediction.get("model_version") or f"prediction {number + 1}"
        predicted.append((str(judge), dict(_results(prediction)) | {CONFIDENCE: prediction.get("score")}))
    people: list[tuple[str | None, Row]] = []
    for annotation in _objects(task, "annotations"):
        if annotation.get("was_cancelled"):
            questions.left_out["annotations that were cancelled"] += 1
            continue
        who = annotation.get("completed_by")
        who = who.get("email") or who.get("username") or who.get("id") if isinstance(who, dict) else who
        people.append((_person(who), dict(_results(annotation)) | {DECIDED_AT: annotation.get("created_at")}))
    return row | _of_tool(task, predicted, people, questions)


def _person(who: Any) -> str | None:
    """Who answered, as text; raises `BadRow`."""
    if isinstance(who, list | dict | bool):
        raise BadRow("who answered is neither a name nor a number")
    return None if who in (None, "") else str(who)


def _objects(task: Row, name: str) -> list[Row]:
    """The objects there; none where only their ids are."""
    several = task.get(name) or []
    if isinstance(several, list) and all(type(entry) is int for entry in several):
        return []
    if not isinstance(several, list) or not all(isinstance(entry, dict) for entry in several):
        raise BadRow(f"its {name} are no list of objects")
    return several


def _results(row: Row) -> Iterator[tuple[str, Any]]:
    """What was answered, by the name of the control."""
    results = row.get("result") or []
    if not isinstance(results, list) or not all(isinstance(result, dict) for result in results):
        raise BadRow("the result of an annotation is no list of objects")
    for result in results:
        value = result.get("value")
        for kind in ("choices", "rating", "number", "text", "taxonomy"):
            if isinstance(value, dict) and kind in value:
                value = value[kind]
                break
        yield str(result.get("from_name") or result.get("type") or ""), value


def _of_tool(
    record: Row,
    suggested: Sequence[tuple[str, Row]],
    people: Sequence[tuple[str | None, Row]],
    questions: Questions,
) -> Row:
    """What both tools have: metadata, what each model answered as a judgment, and each person as a decision."""
    label, score = questions.pick([answers for _, answers in (*suggested, *people)])
    judgments = [{"judge": judge} | _judged(answers, label, score) for judge, answers in suggested]
    decisions = [{"decided_by": who} | _decided(answers, label, score) for who, answers in people]
    row: Row = {"judgments": judgments, "decisions": decisions}
    metadata = record.get("metadata") or record.get("meta")
    return row | ({"metadata": metadata} if isinstance(metadata, dict) and metadata else {})


def _judged(answers: Row, label: str | None, score: str | None) -> Row:
    """What a model answered: its verdict, its score, and the rest as its reason."""
    judged: Row = {}
    rest = []
    for question, value in answers.items():
        if question == CONFIDENCE:
            continue
        if question == label:
            judged["verdict"] = value
        elif question == score:
            judged["score"] = value
        elif value is not None:
            rest.append(f"{question}: {value}")
    if "score" not in judged and answers.get(CONFIDENCE) is not None:
        judged["score"] = answers[CONFIDENCE]
    return judged | ({"rationale": "\n".join(rest)} if rest else {})


def _decided(answers: Row, label: str | None, score: str | None) -> Row:
    """One person's answers as a decision: label and score, the first short text as its note, and the others."""
    decision: Row = {}
    rest: Row = {}
    for question, value in answers.items():
        if question == DECIDED_AT:
            decision["decided_at"] = value
        elif question == label:
            decision["label"] = value
        elif question == score:
            decision["score"] = value
        elif "note" not in decision and (text := _note(value)) is not None:
            decision["note"] = text
        elif value is not None:
            rest[question] = value
    return decision | ({ANSWERS: rest} if rest else {})


def _single(value: Any) -> Any:
    """The value, or the only one of a list."""
    return value[0] if isinstance(value, list) and len(value) == 1 else value


def _is_word(value: Any) -> bool:
    return not _is_number(value) and verdict_of(value) is not None


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _note(value: Any) -> str | None:
    """A free text that can be a note: no list of choices, no answer in a word, and not too long for one."""
    text = _single(value)
    is_text = isinstance(text, str) and text.strip() and not _is_word(text) and len(text) <= boundary.MOST_NOTE
    return text if is_text else None
