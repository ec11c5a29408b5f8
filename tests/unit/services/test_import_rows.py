"""Rows of other tools as samples: names of columns, lists of completions, labels in words, what is refused."""

import hashlib
import json
from typing import Any

import pytest

from backend.errors import InvalidInput
from backend.services.imports import row_columns
from backend.services.imports.reading import DIGEST_VERSION, ImportedSample, SampleReader
from backend.services.imports.statements import at_cut, machine_label
from backend.services.prompts.messages import BadRow
from backend.values import Verdict


def read(row: dict[str, Any], **chosen: str) -> list[ImportedSample]:
    return [*SampleReader(chosen).samples(1, row)]


def only_sample(row: dict[str, Any], **chosen: str) -> ImportedSample:
    (sample,) = read({"id": "a", "prompt": "p"} | row, **chosen)
    return sample


def test_a_chat_ends_with_its_completion() -> None:
    turns = [{"role": "user", "content": "1+1?"}, {"role": "assistant", "content": "2"}]
    (sample,) = read({"id": 1, "messages": turns})
    assert (sample.external_id, sample.prompt[1], sample.text, sample.prompt[2]) == ("1", "1+1?", "2", None)
    assert only_sample({"completion": [{"role": "assistant", "content": "said"}]}).text == "said"


def test_a_row_may_bring_several_completions_of_one_prompt() -> None:
    several = [{"text": "x", "score": 1, "judge": "j"}, {"text": "y", "id": "own"}, "z"]
    samples = read({"id": "a", "prompt": "p", "completions": several})
    assert [(sample.external_id, sample.text) for sample in samples[:2]] == [("a/0", "x"), ("a/own", "y")]
    assert samples[2].text == "z"
    assert len({sample.prompt_key for sample in samples}) == 1
    assert samples[0].judgments[0][:4] == ("j", 0, 1.0, None)
    (sample,) = read({"id": "a", "prompt": "p", "completions": [{"text": "x", "id": 1, "external_id": "e"}]})
    assert sample.external_id == "a/1", "by the column that the row is known by"


@pytest.mark.parametrize(
    ("label", "verdict"),
    [("accept", "accept"), ("Approved", "accept"), (1, "accept"), (True, "accept"), ("Bad", "reject"), (0, "reject")],
)
def test_a_label_is_said_in_many_words(label: Any, verdict: str) -> None:
    (decision,) = only_sample({"completion": "c", "label": label, "annotator": "ann"}).decisions
    assert (decision.who, decision.kind) == ("ann", verdict)


def test_judges_together_say_their_mean_and_what_most_of_them_said() -> None:
    fields = [{"judge": "a", "score": 0.2}, {"judge": "a", "score": 0.4}, {"judge": "b", "score": 0.9}]
    judgments = at_cut(only_sample({"completion": "c", "judgments": fields}).judgments, 0.5)
    assert [(judge, place, verdict) for judge, place, _, verdict, _ in judgments] == [
        ("a", 0, "reject"),
        ("a", 1, "reject"),
        ("b", 0, "accept"),
    ]
    assert machine_label(judgments, 0.5) == (0.5, Verdict.reject)
    assert machine_label(judgments[1:], 0.5) == (0.65, Verdict.accept), "one to one: by the mean"
    assert machine_label((), 0.5) == (None, None)


def test_equal_rows_have_one_digest_and_any_other_word_another() -> None:
    row = {"completion": "c", "score": 0.5, "label": "yes", "level": "easy", "topic": {"b": 1, "a": 2}}
    same = only_sample(row)
    assert only_sample(dict(reversed(row.items()))).digest == same.digest
    for change in ({"score": 0.6}, {"label": "no"}, {"level": "hard"}, {"completion": "d"}, {"prompt": "q"}):
        assert only_sample(row | change).digest != same.digest, change


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ({"id": ""}, "no external id"),
        ({"id": ["x"]}, "neither a text nor a number"),
        ({"id": "x" * 201}, "has 201 characters"),
        ({"completion": " "}, "no completion"),
        ({"completion": "a\x00b"}, "NUL"),
        ({"score": float("inf")}, "no number from"),
        ({"score": True}, "no number"),
        ({"label": "so so"}, "neither accept nor reject"),
        ({"label": "yes", "decided_at": "yesterday"}, "the time 'yesterday' is none"),
        ({"judgments": "good"}, "no list of objects"),
        ({"completions": []}, "empty list"),
        ({"metadata": "m"}, "is no object"),
        ({"decisions": [{"who": str(n), "label": 1} for n in range(11)]}, "more than 10 people"),
    ],
)
def test_what_cannot_be_kept_is_said(row: dict[str, Any], why: str) -> None:
    with pytest.raises(BadRow, match=why):
        only_sample({"completion": "c"} | row)


def test_chosen_columns_go_before_the_usual_names() -> None:
    assert only_sample({"completion": "c", "reply": "r"}, completion="reply").text == "r"
    assert row_columns.chosen_from('{"completion": "reply"}') == {"completion": "reply"}
    for given, why in (('{"reply": "x"}', "no role 'reply'"), ("[1]", "no object of texts"), ("{", "no JSON")):
        with pytest.raises(InvalidInput, match=why):
            row_columns.chosen_from(given)


def test_the_context_of_an_instruction_is_part_of_the_prompt() -> None:
    row = {"id": 1, "instruction": "Summarize", "input": "Text A", "output": "A"}
    (sample,) = read(row)
    assert (sample.prompt[1], sample.prompt[3]) == ("Summarize\n\nText A", "{}")
    assert read(row | {"input": "Text B"})[0].prompt_key != sample.prompt_key
    assert read({"id": 1, "input": "Summarize", "output": "A"})[0].prompt[1] == "Summarize"


def test_completions_stand_under_the_chosen_names() -> None:
    keyed = {"key": "k", "prompt": "p", "completions": ["x", {"id": "own", "reply": "y"}]}
    samples = read(keyed, external_id="key", completion="reply")
    assert [(sample.external_id, sample.text) for sample in samples] == [("k/0", "x"), ("k/own", "y")]


def test_the_digest_of_a_version_never_changes() -> None:
    row = {"completion": "c", "score": 0.5, "label": "yes", "decided_at": "2026-01-01", "level": "easy"}
    assert (DIGEST_VERSION, only_sample(row).digest) == (1, -4839730973054585824), (
        "read otherwise: raise DIGEST_VERSION, then write it down here"
    )


def test_a_digest_is_of_the_values_as_json() -> None:
    why = 'So "it"\\ says,\tover; \x01 \u2028 \N{GRINNING FACE} \u00e9'
    judged = [{"judge": 'the "first"', "score": -0.0, "label": 1, "rationale": why}, {"judge": "b", "score": 1e9}]
    judged += [{"judge": "b", "score": 5e-324, "verdict": "reject"}, {"judge": "c", "label": "yes"}]
    decided = [{"who": "ann", "label": "no", "note": why}]
    row = {"completion": why, "judgments": judged, "decisions": decided}
    sample = only_sample(row | {"answer": "\u00fc", "level": [why, None]})
    assert (len(sample.judgments), len(sample.decisions)) == (4, 1)
    _, _, answer, extra, _, content_hash = sample.prompt
    metadata = json.dumps(json.loads(extra), sort_keys=True)
    values = [content_hash, answer, sample.text, metadata, sample.judgments, sample.decisions]
    written = json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()
    assert sample.digest == int.from_bytes(hashlib.blake2b(written, digest_size=8).digest(), "big", signed=True)
