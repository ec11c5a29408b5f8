"""Rounds of several turns, of critics and of judges: scripted texts, real training, killed and run again."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.recipes import Recipe
from backend.services import prompts, reviews
from backend.services.plans import known_answers
from backend.values import DecisionKind, RoundStatus, Stage, Verdict
from tests.importing import lines, put
from tests.integration.loop import RIGHT, TRAINING, Loop, dying, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.rows import make_prompt_set

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
SHORT = TRAINING | {"max_steps": 1, "start": "base", "reference": "base"}
ANSWERS = tuple(f"#### {answer}" for answer in RIGHT.values())


def short(name: str, *phases: int, metrics: tuple[Any, ...] = (), **knobs: dict[str, Any]) -> Recipe:
    """The recipe, or some phases of it, trained for one step. knobs: changes of parts by their kind or name."""
    data = recipes.get(name).model_dump(mode="json")
    known = {"trainer": SHORT} | knobs
    all_phases = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [all_phases[n] for n in phases] if phases else all_phases
    for step in (step for phase in kept for step in phase["steps"]):
        step["part"] |= known.get(step["kind"], {}) | known.get(step["name"], {})
    return Recipe.model_validate(
        data | {"phases": kept, "groups_per_batch": 2, "metrics": metrics, "unparsed_limit": 1}
    )


def scripted(**replies: Any) -> dict[str, Any]:
    """An engine whose replies follow from what it is asked; patterns are written with _ for a space."""
    return {
        "name": "scripted",
        "rules": [{"pattern": pattern.replace("_", " "), "reply": reply} for pattern, reply in replies.items()],
    }


def trained(loop: Loop, monkeypatch: pytest.MonkeyPatch, **plan: Any) -> tuple[tables.Round, dict[str, Any]]:
    """A round that dies in each of its transactions, and makes what an undisturbed one makes up to the training."""
    first, second = loop.launch(**plan), loop.launch(**plan)
    stopped = loop.run(first)
    assert (stopped.stage, stopped.error) == (Stage.train, None)
    with dying(monkeypatch) as kills:
        ended = loop.run(second, trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    assert kills[0] > 5
    undisturbed, result = rows_of_round(first), rows_of_round(second)
    assert (result["texts"], result["said"]) == (undisturbed["texts"], undisturbed["said"])
    assert undisturbed["rows"].items() <= result["rows"].items()
    return ended, result


def last(result: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows that were trained on at the end."""
    return list(result["rows"][max(result["rows"])])


def last_content(row: dict[str, Any], column: str) -> str:
    return str(row[column][-1]["content"])


def texts(result: dict[str, Any], source: int, step: int | None = None) -> list[tuple[int, str, Verdict | None]]:
    """Of the groups of a source the place of the group, text and verdict of each sample, of one step or of all."""
    return [(row[1], row[7], row[9]) for row in result["texts"] if row[0] == source and step in (None, row[4])]


def with_parents(result: dict[str, Any], source: int, below: int) -> Iterator[tuple[Any, Any]]:
    """Each text with each that answers a question about it, where every text of the first source was asked about."""
    above = texts(result, source)
    for place, text, verdict in texts(result, below):
        yield above[place], (place, text, verdict)


@pytest.mark.slow
@ONE_DATABASE
def test_self_correction_learning_prefers_the_right_turn(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = short("self_correction_learning", metrics=({"name": "correction_flips", "turn": "second"},))
    engine = scripted(Look_at_your_answer_again=(*ANSWERS, "hm"), prompt=ANSWERS)
    ended, result = trained(Loop(recipe, engine, tiny), monkeypatch)
    chains = list(with_parents(result, 0, 3))
    expected = Counter(
        (entry, two) if good is Verdict.accept else (two, entry)
        for (_, entry, good), (_, two, other) in chains
        if None not in (good, other) and good is not other
    )
    assert Counter((last_content(row, "chosen"), last_content(row, "rejected")) for row in last(result)) == expected
    assert expected
    assert all(len(row["prompt"]) == 1 and last_content(row, "prompt") in RIGHT for row in last(result))
    assert all(last_content(row, "chosen").endswith(RIGHT[last_content(row, "prompt")]) for row in last(result))
    with reading() as db:
        query = select(tables.Metric.name, tables.Metric.value).where(tables.Metric.round_id == ended.id)
        values = dict(db.execute(query).tuples().all())
    fixed = sum(a[2] is not Verdict.accept and b[2] is Verdict.accept for a, b in chains)
    assert values["correction_fixed"] == fixed / len(chains)


@pytest.mark.slow
@ONE_DATABASE
def test_rise_learns_the_next_turn_from_the_failed_ones(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(The_answer_is_wrong=(*ANSWERS, "hm"), prompt=(*ANSWERS, "#### 0"))
    _, result = trained(Loop(short("rise"), engine, tiny), monkeypatch)
    assert texts(result, 7), "some third turns"
    turns = Counter(len(row["prompt"]) for row in last(result))
    assert set(turns) <= {3, 5}
    for row in last(result):
        answer = RIGHT[row["prompt"][0]["content"]]
        assert last_content(row, "completion").endswith(answer)
        failed = [message["content"] for message in row["prompt"] if message["role"] == "assistant"]
        assert not any(text.endswith(answer) for text in failed)
    # One target for each state that was solved.
    solved = {(3, place) for place, _, good in texts(result, 3) if good is Verdict.accept}
    solved |= {(7, place) for place, _, good in texts(result, 7) if good is Verdict.accept}
    assert len(last(result)) == len(solved) > 0


@pytest.mark.slow
@ONE_DATABASE
def test_reflect_evo_learns_reflections_after_which_the_answer_is_right(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ways = tuple(f"reflection {n}" for n in range(8))
    engine = scripted(Now_answer=ANSWERS, Do_not_write=ways, prompt=(*ANSWERS, "#### 0"))
    from_there = {"start": "reflector", "reference": "reflector"}
    recipe = short("reflect_evo")
    data = recipe.model_dump(mode="json")
    data["steps"][-1]["part"] |= from_there
    loop = Loop(Recipe.model_validate(data), engine, tiny)
    ended, result = trained(loop, monkeypatch)
    good = {text for (_, text, _), (_, _, right) in with_parents(result, 3, 5) if right is Verdict.accept}
    assert len(texts(result, 3)) % 4 == 0
    kept = Counter(last_content(row, "completion") for row in result["rows"][9])
    assert set(kept) <= good
    assert kept.total() > 0
    for row in (*result["rows"][9], *result["rows"][11]):
        assert "Do not write a new answer yet" in last_content(row, "prompt")
    assert result["rows"][11], "pairs of reflections on the same answer"
    with reading() as db:
        names = {
            checkpoint.id: (checkpoint.name, checkpoint.parent_id)
            for checkpoint in db.scalars(select(tables.Checkpoint))
        }
    name, parent = names[ended.checkpoint_id]
    assert (name, names[parent][0], names[parent][1]) == ("round-2", "round-2-reflector", loop.base.id)


@pytest.mark.slow
@ONE_DATABASE
def test_self_rationalizing_judge_prefers_judgments_with_the_known_score(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(grading_an_answer=("poor\nScore: 1", "fair\nScore: 3", "good\nScore: 5", "hm"))
    # The rubric is long in a model whose tokens are characters.
    knobs = {"judgments": {"n": 6}, "trainer": SHORT | {"max_length": 4096}}
    loop = Loop(short("self_rationalizing_judge", **knobs), engine, tiny)
    items = [{"prompt": f"prompt {n}", "completion": f"item {n}", "score": score} for n, score in enumerate((1, 5, 3))]
    report = prompts.import_file(loop.actor, loop.project.id, "file", put("file.jsonl", lines(*items)))
    loop.prompts = report.sets[0]
    _, result = trained(loop, monkeypatch)
    known = {item["completion"]: f"Score: {item['score']}" for item in items}
    assert last(result)
    for row in last(result):
        (item,) = [text for text in known if text in last_content(row, "prompt")]
        assert last_content(row, "chosen").endswith(known[item])
        assert not last_content(row, "rejected").endswith(known[item])
        assert "Score: " in last_content(row, "rejected"), "what states no score is on neither side"


@pytest.mark.slow
@ONE_DATABASE
def test_self_evolving_critic_keeps_critiques_that_lead_to_the_answer(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(
        everything_put_right=ANSWERS,
        For_you_alone=tuple(f"critique {n}" for n in range(9)),
        Find_out_whether="blind",
        prompt=ANSWERS,
    )
    _, result = trained(Loop(short("self_evolving_critic"), engine, tiny), monkeypatch)
    good = Counter(text for (_, text, _), (_, _, right) in with_parents(result, 2, 4) if right is Verdict.accept)
    assert Counter(last_content(row, "completion") for row in last(result)) == good
    assert good
    for row in last(result):
        assert "Find out whether" in last_content(row, "prompt")
        assert "For you alone" not in last_content(row, "prompt"), "the reference is not trained on"


@pytest.mark.slow
@ONE_DATABASE
def test_critique_in_the_loop_trains_a_critic_and_then_the_actor_with_it(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A critic of one step writes what it can; the actor does not mind.
    engine = scripted(without_its_mistakes=ANSWERS, prompt=ANSWERS)
    loop = Loop(short("critique_in_the_loop", critiques={"max_tokens": 4}, answers={"n": 2}), engine, tiny)
    first = loop.launch()
    taught = loop.run(first, trains=True)
    assert (taught.status, taught.checkpoint_id, taught.error) == (RoundStatus.done, None, None)
    rows = last(rows_of_round(first))
    assert {last_content(row, "prompt"): last_content(row, "completion") for row in rows} == RIGHT
    second = loop.launch(parent_id=first)
    ended = loop.run(second, trains=True)
    assert (ended.phase, ended.status, ended.error) == (1, RoundStatus.done, None)
    result = rows_of_round(second)
    with reading() as db:
        critic = db.scalars(select(tables.RoundRole).where(tables.RoundRole.round_id == first)).one()
        wrote = select(tables.Sample.checkpoint_id).where(tables.Sample.round_id == second, tables.Sample.step == 5)
        assert set(db.scalars(wrote)) == {critic.checkpoint_id}
    assert critic.role == "critic"
    wrong = [text for _, text, good in texts(result, 0) if good is Verdict.reject]
    assert len(texts(result, 4)) == len(wrong) > 0
    assert last(result)
    for row in last(result):
        assert last_content(row, "completion") == f"#### {RIGHT[last_content(row, 'prompt')]}"


@pytest.mark.slow
@ONE_DATABASE
def test_separate_corrector_learns_to_rewrite_and_its_pool_grows(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(Write_a_better_answer=tuple(f"so {line}" for line in ANSWERS), prompt=ANSWERS)
    loop = Loop(short("separate_corrector", drafts={"n": 3}, rewrites={"max_tokens": 4}), engine, tiny)
    ended, result = trained(loop, monkeypatch, roles={"corrector": loop.policy.id})
    assert ended.checkpoint_id is None, "the generator stays as it is"
    pool, rewritten = result["rows"][3], last(result)[len(result["rows"][3]) :]
    assert pool
    assert rewritten
    for row in last(result):
        assert last_content(row, "prompt").startswith("Below stand a task")
        (prompt,) = [entry for entry in RIGHT if entry in last_content(row, "prompt")]
        assert last_content(row, "completion").endswith(f"#### {RIGHT[prompt]}")
        assert f"#### {RIGHT[prompt]}" not in last_content(row, "prompt"), "the draft was wrong"
    assert all(last_content(row, "completion").startswith("so ") for row in rewritten)
    second = loop.launch(parent_id=ended.id, seed=4)
    assert loop.run(second).stage is Stage.train
    with reading() as db:
        role = tables.RoundRole
        corrector = db.scalars(select(role).where(role.round_id == ended.id, role.step >= 0)).one()
        wrote = select(tables.Sample.checkpoint_id).where(tables.Sample.round_id == second, tables.Sample.step == 5)
        assert set(db.scalars(wrote)) == {corrector.checkpoint_id}
    grown = [(last_content(row, "prompt"), last_content(row, "completion")) for row in last(rows_of_round(second))]
    assert {(last_content(row, "prompt"), last_content(row, "completion")) for row in last(result)} <= set(grown)
    assert len(grown) == len(set(grown))


@pytest.mark.slow
@ONE_DATABASE
def test_language_feedback_decides_which_refined_answers_are_learned(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = scripted(
        **{"(?s)prompt_[abc].*everything_put_right": "refined well", "everything_put_right": ("refined", "in vain")},
        **{"(?s)Find_out_whether.*refined_well": "Fine.\nVerdict: right"},
        Find_out_whether=("Bad.\nFirst wrong step: 1\nVerdict: wrong", "hm"),
        prompt=("a draft", "another"),
    )
    _, result = trained(Loop(short("language_feedback_evolution", 1), engine, tiny), monkeypatch)
    reviewed = list(with_parents(result, 4, 6))
    accepted = Counter(text for (_, text, _), (_, review, _) in reviewed if review.endswith("right"))
    assert Counter(last_content(row, "completion") for row in last(result)) == accepted
    assert accepted == {"refined well": 3}
    assert len(reviewed) == 5
    assert {last_content(row, "prompt") for row in last(result)} <= set(RIGHT)


@pytest.mark.slow
@ONE_DATABASE
def test_only_prompting_prefers_what_was_asked_to_be_good(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(**{"quality_is_10_out": ("good", "fine"), "quality_is_2_out": ("bad", "poor")})
    _, result = trained(Loop(short("only_prompting_self_rewarding", 0), engine, tiny), monkeypatch)
    assert {last_content(row, "prompt") for row in last(result)} == set(RIGHT)
    for row in last(result):
        assert last_content(row, "chosen") in ("good", "fine")
        assert last_content(row, "rejected") in ("bad", "poor")


@pytest.mark.slow
@ONE_DATABASE
def test_self_reinforcement_prefers_the_tuned_model_on_prompts_without_answers(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = short(
        "weak_supervision_self_reinforcement", 1, untuned={"max_tokens": 6}, selector={"drop_truncated": False}
    )
    loop = Loop(recipe, scripted(prompt=ANSWERS), tiny)
    _, result = trained(loop, monkeypatch)
    tuned, untuned = texts(result, 0, 1), texts(result, 0, 2)
    assert (len(tuned), len(untuned)) == (5, 5)
    assert result["said"] == []
    pairs = [(last_content(row, "chosen"), last_content(row, "rejected")) for row in last(result)]
    assert pairs
    assert set(pairs) <= {(entry, two) for (_, entry, _), (_, two, _) in zip(tuned, untuned, strict=True)}


def test_only_the_phase_that_takes_answers_needs_them(tiny: Path) -> None:
    taught = Loop(short("weak_supervision_self_reinforcement"), scripted(prompt="x"), tiny)
    taught.prompts = make_prompt_set(taught.project, prompts=["prompt x"])
    with pytest.raises(InvalidInput, match="None of the 1 prompts in the chosen sets has an answer"):
        taught.launch()
    with reading() as db:
        known_answers.check(db, taught.project.id, taught.recipe, (taught.prompts.id,), phase=1)


def test_what_answers_a_rejected_text_is_trained_on_though_people_rejected_it(tiny: Path) -> None:
    engine = scripted(The_answer_is_wrong=tuple(f"so {line}" for line in ANSWERS), prompt=ANSWERS)
    loop = Loop(short("rise", first={"temperature": 0.0}), engine, tiny)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 4)
    with reading() as db:
        ids = list(db.scalars(select(tables.Sample.id).where(tables.Sample.round_id == round_id)))
    reviews.decide_many(loop.actor, round_id, [reviews.Act(f"reject-{n:04}", DecisionKind.reject, n) for n in ids])
    reviews.close(loop.actor, round_id)
    ended = loop.run(round_id)
    assert ended.stage is Stage.train, ended.error
    result = rows_of_round(round_id)
    # All five were rejected, so all five are asked about, and every state that was solved has its row.
    assert {place for place, *_ in texts(result, 3)} == set(range(5))
    solved = {place for place, _, good in texts(result, 3) if good is Verdict.accept}
    assert len(result["rows"][6]) == len(solved) > 0
