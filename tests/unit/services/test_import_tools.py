"""Records of Argilla and Label Studio: which question counts, who answered, and what is left out."""

from typing import Any

import pytest

from backend.services.imports.reading import ImportedSample, SampleReader
from backend.services.prompts.messages import BadRow


def argilla(suggestions: Any = None, **responses: Any) -> dict[str, Any]:
    answers = {question: [{"value": value, "user_id": "u"}] for question, value in responses.items()}
    fields = {"prompt": "p", "response": "r"}
    return {"id": "a", "fields": fields, "suggestions": suggestions or {}, "responses": answers}


def label_studio(*results: tuple[str, Any], **more: Any) -> dict[str, Any]:
    written = [{"from_name": name, "value": value} for name, value in results]
    data = {"prompt": "p", "response": "r"}
    return {"id": 1, "data": data, "annotations": [{"completed_by": 3, "result": written}]} | more


def only_sample(record: dict[str, Any], **chosen: str) -> ImportedSample:
    (sample,) = SampleReader(chosen).samples(1, record)
    return sample


@pytest.mark.parametrize(
    ("record", "why"),
    [
        (argilla(is_toxic="yes"), "nobody said whether 'is_toxic' asks what is good"),
        (label_studio(("has_errors", {"choices": ["Yes"]})), "nobody said whether 'has_errors'"),
        (argilla(keep="yes", is_toxic="no"), "several questions may be its label: 'keep', 'is_toxic'"),
        (argilla({"helpful": {"value": 4}, "toxicity": {"value": 1}}), "may be its score: 'helpful', 'toxicity'"),
        (argilla() | {"responses": {"keep": [{"value": "yes", "user_id": ["u"]}]}}, "neither a name nor a number"),
        (label_studio() | {"annotations": [{"completed_by": [3], "result": []}]}, "neither a name nor a number"),
        ({"keep.responses": ["yes"], "keep.suggestion": "no", "prompt": "p", "response": "r", "id": 1}, "made flat"),
    ],
)
def test_a_question_is_no_label_by_guess(record: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRow, match=why):
        only_sample(record)


def test_the_chosen_question_counts_and_the_others_are_kept_beside_it() -> None:
    (decision,) = only_sample(argilla(keep="yes", is_toxic="no"), label="keep").decisions
    assert (decision.kind, decision.value) == ("accept", '{"answers": {"is_toxic": "no"}}')
    assert only_sample(argilla(is_toxic="yes"), label="").decisions == ()
    suggested = {"helpful": {"value": 4, "agent": "gpt"}, "toxicity": {"value": 1, "agent": "gpt"}}
    judged = only_sample(argilla(suggested), score="helpful").judgments
    assert [(each.judge, each.score, each.rationale) for each in judged] == [
        ("gpt: helpful", 4.0, ""),
        ("gpt: toxicity", None, "toxicity: 1"),
    ]


def test_all_records_of_a_file_answer_one_question() -> None:
    reader = SampleReader({})
    assert [*reader.samples(1, argilla(helpful=4))]
    with pytest.raises(BadRow, match="may be its score: 'helpful', 'toxicity'"):
        [*reader.samples(2, argilla(toxicity=1))]


def test_what_is_no_decision_is_counted() -> None:
    reader = SampleReader({})
    record = argilla(why="Because.")
    record["responses"]["keep"] = [{"value": "yes", "user_id": "v", "status": "draft"}]
    assert [each.decisions for each in reader.samples(1, record)] == [()]
    fields = [{"kind": "skip", "who": "ann"}, {"kind": "accept", "who": "ann", "is_retracted": True}]
    row = {"id": 2, "prompt": "p", "text": "t", "decisions": fields}
    assert [each.decisions for each in reader.samples(2, row)] == [()]
    assert reader.questions.left_out == {
        "responses that are draft": 1,
        "answers without a label or a score": 1,
        "decisions of kind skip": 1,
        "decisions that were taken back": 1,
    }


def test_label_studio_may_name_predictions_by_their_ids_and_correct_a_text_at_length() -> None:
    long = "x" * 5_000
    record = label_studio(("keep", {"choices": ["Good"]}), ("better", {"text": [long]}), predictions=[12])
    sample = only_sample(record)
    assert sample.judgments == ()
    (decision,) = sample.decisions
    assert (decision.kind, decision.note, long in decision.value) == ("accept", "", True)
    twice = label_studio(("keep", {"choices": ["Good"]}))
    twice["annotations"] *= 2
    assert [each.who for each in only_sample(twice).decisions] == ["3", "3"]


def test_what_rondo_exports_is_read_by_its_own_names() -> None:
    at = "2026-03-09T21:52:49+00:00"
    fields = [
        {"kind": "score", "verdict": "accept", "score": 0.8, "who": "ann", "at": at, "is_late": True},
        {"kind": "reject", "verdict": "reject", "who": "bob", "at": at, "is_adjudication": True},
    ]
    first, second = only_sample({"id": 2, "prompt": "p", "text": "t", "decisions": fields}).decisions
    assert (first.kind, first.score, first.at, first.is_late) == ("score", 0.8, 1773093169.0, True)
    assert (second.kind, second.is_adjudication, second.is_late) == ("reject", True, False)
