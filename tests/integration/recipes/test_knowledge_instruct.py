"""Knowledge-Instruct: Effective Continual Pre-training from Limited Data using Instructions: a short round."""

import json
from pathlib import Path

import pytest

from backend.values import RoundStatus
from tests.integration.loop import dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.recipes.rounds_of_texts import PROPOSED, TEXTS, WRITER, Documents, asked_of, last_rows, short


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_knowledge_instruct_trains_on_questions_without_the_text_they_were_answered_with(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = Documents(short("knowledge_instruct", {"start": "base"}, questions={"n": 2}), tiny, WRITER)
    first, second = loop.launch(), loop.launch()
    ended = loop.run(first, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    with dying(monkeypatch) as kills:
        assert loop.run(second).error is None
    assert kills[0] > 8
    result, again = rows_of_round(first), rows_of_round(second)
    assert {name: again[name] for name in ("texts", "said", "steps")} == {
        n: result[n] for n in ("texts", "said", "steps")
    }
    # Rows that are worth the same come in an order that goes by their prompts, and each round adopts its own.
    assert [sorted(map(json.dumps, some)) for some in again["rows"].values()] == [
        sorted(map(json.dumps, some)) for some in result["rows"].values()
    ]
    questions, answers = asked_of(result, 0), asked_of(result, 4)
    assert len(questions) == 6
    assert all(row[3] and any(text in row[2][0]["content"] for text in TEXTS) for row in answers), "hidden in rows"
    rows = last_rows(ended)
    assert {row["prompt"][0]["content"] for row in rows} <= set(PROPOSED)
    assert not any("so so so so" in row["completion"][0]["content"] for row in rows)
    assert ended.counts["kept"] > 0
