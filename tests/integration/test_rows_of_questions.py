"""What a training row says where its text answers a question about another text, and where its texts are its own."""

from backend.db import reading, session, tables
from backend.pipeline import groups as group_values
from backend.pipeline import rows as dataset_rows
from backend.services.datasets import export_rows
from backend.values import DatasetType, Example, Messages, Split
from tests import rows


def user(text: str) -> Messages:
    return [{"role": "user", "content": text}]


def child(round_: tables.Round, parent: tables.Sample, position: int, *, is_stripped: bool) -> tables.Sample:
    """A question about a text, and a sample that answers it."""
    with session() as db:
        group = tables.Group(
            round_id=round_.id,
            prompt_id=parent.prompt_id,
            split=Split.train,
            step=3,
            position=position,
            parent_id=parent.id,
            messages=user("is it right?"),
            is_stripped=is_stripped,
        )
        db.add(group)
        db.flush()
        sample = tables.Sample(
            project_id=round_.project_id,
            round_id=round_.id,
            group_id=group.id,
            prompt_id=parent.prompt_id,
            step=4,
            checkpoint_id=round_.policy_id,
            position=0,
            text=f"reply {position}",
            finish_reason="stop",
            num_tokens=1,
            seed=0,
        )
        db.add(sample)
    return sample


def test_a_row_begins_with_what_was_asked_unless_that_is_stripped(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    prompts = rows.make_prompt_set(project, prompts=["2+2?"], answers=["4"])
    (answer,) = rows.make_samples(round_, prompts, n=1, texts=["five"])
    asked, stripped = (child(round_, answer, n, is_stripped=bool(n)) for n in (0, 1))
    prompt_id = answer.prompt_id
    examples = [
        Example(prompt_id, answer.id),
        Example(prompt_id, asked.id),
        Example(prompt_id, stripped.id),
        Example(prompt_id, None),
        Example(prompt_id, asked.id, messages=user("own"), completion="own text", extra={"rate": 0.5}),
        Example(prompt_id, None, completion="written"),
    ]
    expected = [
        ("2+2?", "five"),
        ("is it right?", "reply 0"),
        ("2+2?", "reply 1"),
        ("2+2?", "4"),
        ("own", "own text"),
        ("2+2?", "written"),
    ]
    columns = ("prompt_id", "sample_id", "messages", "completion", "extra")
    dataset = rows.make_dataset(
        round_, DatasetType.prompt_completion, [{name: getattr(e, name) for name in columns} for e in examples]
    )
    with reading() as db:
        before = [row.trl(DatasetType.prompt_completion) for row in dataset_rows.resolve(db, examples)]
        frozen = list(dataset_rows.iterate(db, dataset.id))
        exported = list(export_rows.rows(db, dataset.id))
    assert [(row["prompt"][0]["content"], row["completion"][0]["content"]) for row in before] == expected
    assert frozen == before
    assert [row.get("rate") for row in frozen] == [None] * 4 + [0.5, None]
    assert [(row.messages[0]["content"], row.chosen.text) for row in exported] == expected


def test_a_pair_of_texts_that_are_no_samples(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    prompts = rows.make_prompt_set(project, prompts=["2+2?"])
    (answer,) = rows.make_samples(round_, prompts, n=1, texts=["five"])
    pair = Example(answer.prompt_id, None, rejected_id=answer.id, completion="four", extra={"margin": 2.0})
    own = Example(answer.prompt_id, answer.id, rejected="worse")
    columns = ("prompt_id", "sample_id", "rejected_id", "completion", "rejected", "extra")
    dataset = rows.make_dataset(
        round_, DatasetType.preference, [{name: getattr(e, name) for name in columns} for e in (pair, own)]
    )
    with reading() as db:
        result = list(dataset_rows.iterate(db, dataset.id))
        assert [row.trl(DatasetType.preference) for row in dataset_rows.resolve(db, [pair, own])] == result
        exported = [(row.chosen.text, row.rejected and row.rejected.text) for row in export_rows.rows(db, dataset.id)]
    sides = [(row["chosen"][0]["content"], row["rejected"][0]["content"], row.get("margin")) for row in result]
    assert sides == [("four", "five", 2.0), ("five", "worse", None)]
    assert exported == [("four", "five"), ("five", "worse")]


def test_a_group_knows_the_texts_that_led_to_its_question(database: str) -> None:
    project = rows.make_project()
    round_ = rows.make_round(project)
    prompts = rows.make_prompt_set(project, prompts=["2+2?"])
    (answer,) = rows.make_samples(round_, prompts, n=1, texts=["five"])
    critique = child(round_, answer, 0, is_stripped=False)
    revision = child(round_, critique, 1, is_stripped=True)
    child(round_, revision, 2, is_stripped=False)
    with reading() as db:
        groups = group_values.load(db, group_values.group_rows(db, round_.id, Split.train))
    chains = [([text.text for text in group.ancestors], group.parent and group.parent.text) for group in groups]
    assert chains == [([], None), ([], "five"), (["five"], "reply 0"), (["five", "reply 0"], "reply 1")]
    assert [group.draft and group.draft.text for group in groups] == [None, "five", "five", "five"]
