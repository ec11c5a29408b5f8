"""The table of held-out prompts and checkpoints, one prompt of it, and a project's baseline."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import delete, select, update

from app.pages.compare import values, verdicts
from app.pages.overview.cards import tree_value
from backend.db import reading, session, tables
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services.held_out import answers, baseline, by_category, compared, listing, side_by_side
from backend.services.held_out.filtering import HeldOutFilters, ShownPrompts
from backend.services.projects import overview
from backend.services.results import accuracies, metric_differences, paired
from backend.values import Role, RoundStatus, Verdict
from tests import rows
from tests.integration.held_out import NUMBER, make_done_round, make_held_out, make_line, measure

pytestmark = pytest.mark.usefixtures("database")


def test_the_table_shows_what_changed_between_two_checkpoints() -> None:
    line = make_line()
    assert line.places("all", 0, 2) == list(range(NUMBER))
    assert line.places("newly_wrong", 0, 2) == [0, 1, 2, 3, 4]
    assert line.places("newly_right", 0, 2) == list(range(20, 30))
    assert line.places("never_right", 0, 2) == list(range(30, 40))
    assert line.places("never_right", 0, 1, 2) == list(range(30, 39)), "of 39 it is not known of the second"
    assert line.places("newly_wrong", 1, 0) == list(range(20, 30)), "the last one leads"
    assert line.places("newly_right", 0, 2, category=("level", 2)) == [22, 25, 28]
    assert line.places("all", 2, category=("kind", "odd"), search='"How much is 3"') == [3]
    assert line.places("newly_wrong", 0, 2, search="/is [12] /") == [1, 2], "a regular expression reads the texts"
    assert line.places("all", 2, search="nothing like it") == []
    page = listing.page(line.actor, line.project.id, [line.checkpoints[1].id, line.checkpoints[2].id])
    row = page.rows[39]
    assert [answer and (answer.is_right, answer.text) for answer in row.answers] == [
        (None, "I think it is seven."),
        (False, "I think it is seven."),
    ]
    assert (page.count, page.asked, page.common, page.is_told) == (40, 40, 39, (True, True))
    assert [checkpoint.round_number for checkpoint in page.checkpoints] == [1, 2]


def test_pages_go_on_and_back_in_the_order_of_the_prompts() -> None:
    line = make_line()
    ids = [checkpoint.id for checkpoint in line.checkpoints]

    def turn(show: str, **place: int | None) -> listing.HeldOutPage:
        return listing.page(line.actor, line.project.id, ids[::2], HeldOutFilters(ShownPrompts(show)), limit=4, **place)

    first = turn("newly_right")
    assert (first.count, first.before) == (10, None)
    second = turn("newly_right", after=first.after)
    third = turn("newly_right", after=second.after)
    prompt_ids = [row.prompt_id for page in (first, second, third) for row in page.rows]
    assert prompt_ids == line.prompt_ids[20:30]
    assert third.after is None
    back = turn("newly_right", before=third.before)
    assert [row.prompt_id for row in back.rows] == [row.prompt_id for row in second.rows]
    assert turn("newly_right", before=back.before).before is None
    assert turn("all", before=0).rows == ()


def test_notes_that_several_prompts_share_are_categories() -> None:
    line = make_line()
    categories = listing.categories(line.actor, line.project.id, line.checkpoints[2].id)
    assert categories == [("kind", "even"), ("kind", "odd"), ("level", 1), ("level", 2), ("level", 3)]
    with pytest.raises(InvalidInput, match="category"):
        line.places("all", 2, category=('a"b', 1))


def test_one_prompt_stands_there_with_whole_answers_and_what_changed() -> None:
    line = make_line()
    with session() as db:
        of = (tables.Sample.checkpoint_id == line.checkpoints[2].id, tables.Sample.prompt_id == line.prompt_ids[0])
        sample = db.scalars(select(tables.Sample).where(*of)).one()
        db.add(
            tables.Judgment(
                round_id=sample.round_id,
                sample_id=sample.id,
                judge="rubric",
                position=0,
                score=2.0,
                verdict=Verdict.reject,
                rationale="seven is wrong",
                raw="",
            )
        )
    ids = [checkpoint.id for checkpoint in line.checkpoints]
    held_out_prompt = answers.detail(line.actor, line.project.id, line.prompt_ids[0], [ids[0], ids[2]])
    assert (held_out_prompt.answer, held_out_prompt.notes["level"]) == ("0", 1)
    assert [answer.text for answer in held_out_prompt.answers] == ["I think it is 0.", "I think it is seven."]
    assert [(answer.is_right, answer.verifier) for answer in held_out_prompt.answers] == [
        (True, "exact_match"),
        (False, "exact_match"),
    ]
    assert [word.rationale for word in held_out_prompt.answers[1].words] == ["seven is wrong"]
    assert [(change.kind, change.text) for change in held_out_prompt.changes] == [
        ("same", "I think it is "),
        ("out", "0"),
        ("in", "seven"),
        ("same", "."),
    ]
    assert answers.detail(line.actor, line.project.id, line.prompt_ids[0], ids[:1]).changes == ()
    other = rows.prompts_of(rows.make_prompt_set(line.project))[0]
    with pytest.raises(NotFound, match=f"no prompt {other.id}"):
        answers.detail(line.actor, line.project.id, other.id, ids)


def test_a_checkpoint_measured_twice_is_shown_on_the_prompts_of_the_other() -> None:
    line = make_line()
    other = make_held_out(line.project, 6)
    third, three = make_done_round(line.project, line.checkpoints[2], [other], parent_id=line.rounds[1].id)
    assert three
    measure(third, line.checkpoints[2], [other], [0])
    measure(third, three, [other], [0, 1])
    ids = [checkpoint.id for checkpoint in line.checkpoints]
    page = listing.page(line.actor, line.project.id, [ids[2], three.id])
    assert [checkpoint.round_number for checkpoint in page.checkpoints] == [3, 3]
    assert (page.common, page.asked) == (6, 6)
    page = listing.page(line.actor, line.project.id, [ids[1], ids[2]])
    assert [checkpoint.round_number for checkpoint in page.checkpoints] == [1, 2], (
        "its newest measurement is on other prompts"
    )
    page = listing.page(line.actor, line.project.id, [ids[1], three.id])
    assert (page.common, page.asked, page.rows[0].answers[0]) == (0, 6, None)


def test_what_was_never_measured_says_so() -> None:
    project = rows.make_project()
    actor, checkpoint = rows.make_actor(project), rows.make_checkpoint(project)
    assert listing.checkpoints(actor, project.id) == []
    with pytest.raises(NotFound, match="no held-out answers"):
        listing.page(actor, project.id, [checkpoint.id])
    line = make_line()
    with pytest.raises(NotFound, match="no held-out answers"):
        listing.page(line.actor, line.project.id, [checkpoint.id])
    with pytest.raises(InvalidInput, match="1 to 6"):
        listing.page(line.actor, line.project.id, [])
    with pytest.raises(NotFound, match="no project"):
        listing.page(actor, line.project.id, [line.checkpoints[0].id])
    with session() as db:
        for metric in db.scalars(select(tables.Metric)):
            metric.details = {}
    page = listing.page(line.actor, line.project.id, [line.checkpoints[2].id])
    assert page.rows[0].answers[0] == listing.HeldOutAnswer(None, "I think it is seven.", "stop", 5)
    assert (page.is_told, page.common) == ((False,), 0)
    assert line.places("newly_wrong", 0, 2) == [], "unknown is neither right nor wrong"


def test_later_rounds_read_as_a_difference_to_the_baseline() -> None:
    line = make_line()
    project_id, ids = line.project.id, [checkpoint.id for checkpoint in line.checkpoints]
    assert baseline.get(line.actor, project_id) is None
    assert all(entry.to_baseline is None for entry in overview.loop(line.actor, project_id).lines)
    baseline.put(line.actor, project_id, round_id=line.rounds[0].id)
    result = baseline.get(line.actor, project_id)
    assert result
    assert (result.checkpoint_id, result.round_number, result.name.split()[1]) == (ids[1], 1, "1")
    lines = overview.loop(line.actor, project_id).lines
    assert [entry.is_baseline for entry in lines] == [False, True, False]
    assert [entry.to_baseline for entry in lines[:2]] == [None, None], "the base came before it"
    gap = lines[2].to_baseline
    assert gap
    assert (gap.n, gap.newly_right, gap.newly_wrong, gap.value) == (39, 0, 5, -5 / 39)
    assert gap.low is not None
    assert gap.low < gap.value < 0  # type: ignore[operator]
    baseline.put(line.actor, project_id, checkpoint_id=ids[0])
    assert [entry.to_baseline is not None for entry in overview.loop(line.actor, project_id).lines] == [
        False,
        True,
        True,
    ]
    assert compared.default(line.actor, project_id) == (f"c{ids[0]}", f"r{line.rounds[1].id}")
    baseline.put(line.actor, project_id)
    assert baseline.get(line.actor, project_id) is None


def test_each_round_reads_as_a_difference_to_the_one_it_comes_from() -> None:
    """Of 40 prompts the base answers 20 right, round 1 these and 10 more of 39, round 2 loses five of those."""
    line = make_line()
    base, first, second = overview.loop(line.actor, line.project.id).lines
    assert base.to_parent is None
    assert first.to_parent
    assert (first.to_parent.n, first.to_parent.newly_right, first.to_parent.newly_wrong) == (39, 10, 0)
    assert second.to_parent
    assert (second.to_parent.n, second.to_parent.newly_right, second.to_parent.newly_wrong) == (39, 0, 5)
    with session() as db:
        row = db.get_one(tables.Round, line.rounds[1].id)
        row.branch_of_id, row.branch_step, row.parent_id = line.rounds[0].id, 2, None
        row.policy_id = line.checkpoints[0].id
    branch = overview.loop(line.actor, line.project.id).lines[2]
    assert (branch.branch_of, branch.branch_at) == (1, "judge")
    assert branch.to_parent == second.to_parent, "a branch is compared with the round whose rows it began with"


def test_a_baseline_is_a_curators_and_of_the_project() -> None:
    line, other = make_line(), rows.make_checkpoint(rows.make_project())
    with pytest.raises(NotFound, match=f"no checkpoint {other.id}"):
        baseline.put(line.actor, line.project.id, checkpoint_id=other.id)
    with pytest.raises(NotFound, match="no round 999"):
        baseline.put(line.actor, line.project.id, round_id=999)
    without, _ = make_done_round(line.project, line.checkpoints[0], [line.held_out], makes=False)
    with pytest.raises(InvalidInput, match="made no checkpoint"):
        baseline.put(line.actor, line.project.id, round_id=without.id)
    with pytest.raises(PermissionDenied, match="curator"):
        baseline.put(rows.make_actor(line.project, Role.reviewer), line.project.id, round_id=line.rounds[0].id)
    spare = rows.make_checkpoint(line.project)
    baseline.put(line.actor, line.project.id, checkpoint_id=spare.id)
    assert all(entry.to_baseline is None for entry in overview.loop(line.actor, line.project.id).lines)
    with session() as db:
        db.execute(delete(tables.Checkpoint).where(tables.Checkpoint.id == spare.id))
    assert baseline.get(line.actor, line.project.id) is None
    with reading() as db:
        assert db.get_one(tables.Project, line.project.id).baseline_id is None


def test_two_rounds_side_by_side() -> None:
    judge = {"name": "additive_rubric", "accept_at": 4.0}
    line = make_line(judge=judge, generator={"name": "sample", "n": 4})
    first, second = line.rounds
    with session() as db:
        for round_, value in ((first, 0.25), (second, 0.5)):
            by_prompt = {str(n): value + place % 2 * 0.1 for place, n in enumerate(line.prompt_ids)}
            db.add(
                tables.Metric(
                    project_id=line.project.id,
                    round_id=round_.id,
                    checkpoint_id=round_.checkpoint_id,
                    name="pass_at_8",
                    value=value,
                    n=NUMBER,
                    details={"by_prompt": by_prompt if round_ is first else dict.fromkeys(by_prompt, 1.0)},
                )
            )
            db.add(
                tables.Metric(project_id=line.project.id, round_id=round_.id, name="override_rate", value=value, n=9)
            )
    result = compared.compare(line.actor, line.project.id, f"r{first.id}", f"r{second.id}")
    assert result.knobs is not None
    replies = {(knob.place, knob.name): (knob.old, knob.new) for knob in result.knobs}
    assert replies["2. generator sample", "n"] == ("2", "4")
    assert replies["3. judge additive_rubric", "accept_at"] == ("not there", "4.0")
    assert replies["", "role policy"] == ("base model", line.checkpoints[1].name)
    assert ("", "seed") not in replies
    assert ("2. generator sample", "name") not in replies
    assert (result.common, result.old_asked, result.new_asked) == (40, 40, 40)
    accuracy, passed, overridden = result.numbers
    # 0.75 and 0.65 in turn: the standard error is 0.05 / sqrt(40) = 0.0079.
    assert (passed.difference.value, passed.difference.n) == (pytest.approx(0.7), 40)
    assert passed.difference.low == pytest.approx(0.7 - 1.96 * 0.0079, abs=0.003)
    assert (accuracy.name, accuracy.difference.newly_wrong, accuracy.difference.n) == ("held_out_accuracy", 5, 39)
    assert accuracy.difference.p == 2 / 2**5
    assert (overridden.name, overridden.difference.value, overridden.difference.low) == ("override_rate", 0.25, None)
    assert overridden.difference.why


def test_what_fell_by_category_stands_first_and_chance_is_counted_over_all_categories() -> None:
    line = make_line()
    base, first, second = f"c{line.checkpoints[0].id}", *(f"r{round_.id}" for round_ in line.rounds)
    categories = compared.compare(line.actor, line.project.id, first, second).categories
    # Round 2 lost the prompts 0 to 4; of 39, 13 are of each level, 20 even and 19 odd.
    records = [
        (category.key, category.value, category.difference.newly_wrong, category.difference.n)
        for category in categories
    ]
    levels = {("level", 1, 2, 13), ("level", 2, 2, 13)}
    assert {*records[:2]} == levels
    assert records[2:] == [("kind", "even", 3, 20), ("kind", "odd", 2, 19), ("level", 3, 1, 13)]
    assert categories[0].difference.low is None, "13 prompts are too few for an interval"
    assert categories[2].difference.p == 1.0, "2 / 2^3, times five categories"
    assert not any(category.is_changed for category in categories)
    third, three = make_done_round(line.project, line.checkpoints[2], [line.held_out])
    assert three
    measure(third, three, [line.held_out], range(40))
    all_right = compared.compare(line.actor, line.project.id, base, f"r{third.id}").categories
    even = next(category for category in all_right if category.value == "even")
    assert (even.difference.newly_right, even.difference.p, even.is_changed) == (10, 2 / 2**10 * 5, True)


@pytest.mark.on_sqlite
def test_categories_of_deleted_prompts_are_not_those_of_new_ones_with_their_numbers() -> None:
    line = make_line()
    old, new = (f"r{round_.id}" for round_ in line.rounds)
    assert compared.compare(line.actor, line.project.id, old, new).categories
    with session() as db:
        for prompt in db.scalars(select(tables.Prompt).where(tables.Prompt.id.in_(line.prompt_ids))):
            prompt.created_at += timedelta(seconds=1)  # as if they had been written anew
            prompt.extra = {"patient": "A" if prompt.id % 2 else "B"}
        for row in db.scalars(select(tables.Metric)):
            row.created_at += timedelta(seconds=1)
    categories = compared.compare(line.actor, line.project.id, old, new).categories
    assert {category.key for category in categories} == {"patient"}


@pytest.mark.on_sqlite
def test_a_difference_of_samples_is_kept_only_while_all_are_there() -> None:
    line = make_line()
    with session() as db:
        for round_, checkpoint in zip(line.rounds, line.checkpoints[1:], strict=True):
            place = {"project_id": line.project.id, "round_id": round_.id, "checkpoint_id": checkpoint.id}
            db.add(tables.Metric(**place, name=metric_differences.TOKENS, value=5.0, low=4.0, high=6.0, n=NUMBER))

    def differ(archived_at: datetime | None) -> int:
        """On how many prompts they are compared."""
        with session() as db:
            db.get_one(tables.Round, line.rounds[0].id).archived_at = archived_at
        with reading() as db:
            asked = select(tables.Metric).where(tables.Metric.name == metric_differences.TOKENS)
            return metric_differences.between(db, *db.scalars(asked.order_by(tables.Metric.id))).n

    with session() as db:
        sample = tables.Sample
        half = sample.prompt_id.in_(line.prompt_ids[:20])
        db.execute(update(sample).where(half, sample.round_id == line.rounds[0].id).values(position=7))
    assert differ(datetime.now(UTC)) == NUMBER // 2, "half of them are back"
    with session() as db:
        db.execute(update(sample).where(sample.position == 7).values(position=0))
    assert differ(None) == NUMBER, "what was computed meanwhile is not kept"


def test_an_accuracy_that_is_removed_between_two_statements_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """As PostgreSQL may have it: each statement sees what was committed before it."""
    line = make_line()
    monkeypatch.setattr(accuracies, "_ways_of", lambda db, written: {min(written): "one way"})
    with reading() as db:
        measured = accuracies.accuracies(db, line.project.id)
        assert len(measured) == 1
        (number,) = measured.values()
        assert paired.of_pairs(db, {1: (number.metric_id, 10**9), 2: (number.metric_id, number.metric_id)}).keys() == {
            2
        }


def test_rounds_of_other_prompts_of_none_and_unlike_recipes_are_compared_as_far_as_it_goes() -> None:
    line = make_line()
    base = f"c{line.checkpoints[0].id}"
    result = compared.compare(line.actor, line.project.id, base, f"r{line.rounds[1].id}")
    assert result.knobs is None
    assert (result.old.name, result.numbers[0].difference.newly_right) == ("base model", 10)
    more = make_held_out(line.project, 10)
    third, three = make_done_round(line.project, line.checkpoints[2], [line.held_out, more])
    assert three
    measure(third, three, [line.held_out, more], range(45))
    result = compared.compare(line.actor, line.project.id, base, f"r{third.id}")
    assert (result.common, result.old_asked, result.new_asked, result.numbers[0].difference.n) == (40, 40, 50, 40)
    steps = [
        {"part": {"name": "prompt_set"}, "kind": "prompt_source"},
        {"part": {"name": "sample", "n": 2}, "kind": "generator"},
        {"part": {"name": "exact_match"}, "kind": "judge", "name": "check"},
    ]
    recipe = {"name": "own", "title": "Own", "steps": steps, "metrics": [], "schedule": {"name": "constant"}}
    fourth, _ = make_done_round(line.project, line.checkpoints[2], [], makes=False, recipe=recipe)
    result = compared.compare(line.actor, line.project.id, f"r{third.id}", f"r{fourth.id}")
    assert result.knobs is not None
    replies = {(knob.place, knob.name): (knob.old, knob.new) for knob in result.knobs}
    assert replies["3. judge exact_match", "step"][0] == "not there"
    assert replies["5. trainer dpo", "step"][1] == "not there"
    assert replies["", "recipe"] == ("Self-Rewarding Language Models", "Own")
    tuned = [{"kind": "trainer", "part": {"name": "dpo", "beta": beta}} for beta in (0.1, 0.5)]
    between = ([], [{"kind": "selector", "part": {"name": "margin_pairs"}}])
    recipes = [
        recipe | {"steps": [*steps, *more_steps, step], "schedule": {"name": "constant", "slot": "x"}}
        for more_steps, step in zip(between, tuned, strict=True)
    ]
    more_rounds = [
        make_done_round(line.project, line.checkpoints[2], [], makes=False, recipe=own)[0] for own in recipes
    ]
    keys = [f"r{round_.id}" for round_ in (fourth, *more_rounds)]
    rows = side_by_side.compare_all(line.actor, line.project.id, keys).knobs
    assert rows is not None
    assert [(row.place, row.name, row.values) for row in rows if "dpo" in row.place] == [
        ("4. trainer dpo", "step", ("not there", "there", "there")),
        ("4. trainer dpo", "beta", ("not there", "0.1", "0.5")),
    ], "one step, though it is the fifth of the last round"
    assert rows[0].name == "schedule.slot"
    assert (result.common, result.new_asked) == (0, None)
    number = result.numbers[0]
    assert (number.new, number.difference.value, number.difference.why) == (None, None, "measured on one side only")


def test_different_trainers_have_the_knobs_they_share_side_by_side() -> None:
    line = make_line()
    knobs = {
        "sft": {"learning_rate": 1e-3, "max_steps": 8},
        "dpo": {"learning_rate": 1e-6, "max_steps": 3, "beta": 0.3},
    }
    recipe = {"name": "own", "title": "Own", "metrics": [], "schedule": {"name": "constant"}}
    made_by = [
        make_done_round(
            line.project,
            line.checkpoints[0],
            [],
            makes=False,
            recipe=recipe | {"steps": [{"kind": "trainer", "part": {"name": name, **knobs[name]}}]},
        )[0]
        for name in ("sft", "dpo", "sft")
    ]
    keys = [f"c{line.checkpoints[0].id}", *(f"r{round_.id}" for round_ in made_by)]
    rows = side_by_side.compare_all(line.actor, line.project.id, keys).knobs
    assert rows is not None
    trainers = [(row.place, row.name, row.values) for row in rows if "trainer" in row.place]
    no = side_by_side.NO_RECIPE
    shared = "1. trainer sft, dpo"
    assert (shared, "learning_rate", (no, "0.001", "1e-06", "0.001")) in trainers
    assert (shared, "max_steps", (no, "8", "3", "8")) in trainers
    assert ("1. trainer dpo", "beta", (no, "not there", "0.3", "not there")) in trainers
    assert len([name for _, name, _ in trainers if name == "max_steps"]) == 1
    assert not [name for _, name, _ in trainers if name == "per_device_train_batch_size"], "it does not differ"


@pytest.mark.parametrize(("texts", "is_same"), [(["5"] * 40, True), (["5"] * 39 + ["6"], False)])
def test_a_checkpoint_that_answers_as_another_one_is_told_of(texts: list[str], is_same: bool) -> None:
    line = make_line()
    pairs = []
    for written in (["5"] * 40, texts):
        round_, checkpoint = make_done_round(line.project, line.checkpoints[0], [line.held_out])
        assert checkpoint
        measure(round_, checkpoint, [line.held_out], range(10), texts=written)
        pairs.append(round_)
    keys = [f"r{round_.id}" for round_ in pairs]
    result = side_by_side.compare_all(line.actor, line.project.id, keys)
    assert result.pairs[0].has_same_texts is is_same
    first, second = (side.name for side in result.sides)
    advice = (
        "If it was trained from there, it was trained too little to show: look at its learning rate, optimizer steps"
    )
    told = [f"{second} answers as {first} on every held-out prompt, word for word. {advice} and rows."]
    told = told if is_same else []
    assert values.value(result, None, [])["same"] == told
    changed = side_by_side.compare_all(line.actor, line.project.id, [f"r{line.rounds[0].id}", keys[0]])
    assert not changed.pairs[0].has_same_texts


def test_which_is_best_is_said_of_sides_that_were_asked_the_same_whatever_the_first_one_was() -> None:
    line = make_line()
    unmeasured, _ = make_done_round(line.project, line.checkpoints[2], [], makes=False)
    keys = [f"r{round_.id}" for round_ in (unmeasured, *line.rounds)]
    best = side_by_side.compare_all(line.actor, line.project.id, keys).best
    assert best.side is not None
    assert (best.side.name, best.of) == ("Round 1", 2)
    assert best.difference is not None
    assert best.difference.p == 2 / 2**5, "of two sides there is one difference"
    more = make_held_out(line.project, 10)
    other, checkpoint = make_done_round(line.project, line.checkpoints[2], [line.held_out, more])
    assert checkpoint
    measure(other, checkpoint, [line.held_out, more], range(45))
    apart = side_by_side.compare_all(line.actor, line.project.id, [keys[0], keys[1], f"r{other.id}"]).best
    assert (apart.side, apart.why) == (None, side_by_side.OTHERS), "40 prompts and 50"
    base = f"c{line.checkpoints[0].id}"
    three = side_by_side.compare_all(line.actor, line.project.id, [base, *keys[1:]]).best
    assert three.difference is not None
    assert (three.of, three.difference.p) == (3, 3 * 2 / 2**5)
    assert "chosen as the highest of 3 on these prompts" in verdicts.best_said(three)


def test_what_cannot_be_compared_is_refused() -> None:
    line = make_line()
    text, other = f"r{line.rounds[0].id}", make_line()
    for key, error, words in (
        ("r999", NotFound, "no round 999"),
        (f"r{other.rounds[0].id}", NotFound, "no round"),
        ("c999", NotFound, "no checkpoint"),
        ("3", InvalidInput, "names no round"),
        (text, InvalidInput, "stands on both sides"),
    ):
        with pytest.raises(error, match=words):
            compared.compare(line.actor, line.project.id, text, key)
    project = rows.make_project()
    actor = rows.make_actor(project)
    assert compared.default(actor, project.id) is None
    assert compared.sides(actor, project.id) == []
    rows.make_round(project, status=RoundStatus.failed)
    assert compared.default(actor, project.id) is None
    assert [side.key[0] for side in compared.sides(actor, project.id)] == ["c", "r"]


def test_the_overview_names_what_got_better_in_the_highest_round() -> None:
    """Of 80 prompts the base answers none right, round 1 the even ones, and round 2, from the base too, four."""
    project = rows.make_project()
    held_out, base = make_held_out(project, 80), rows.make_checkpoint(project, "base")
    first, checkpoint = make_done_round(project, base, [held_out])
    assert checkpoint
    measure(first, base, [held_out], ())
    measure(first, checkpoint, [held_out], range(0, 80, 2))
    second, two = make_done_round(project, base, [held_out])
    assert two
    measure(second, two, [held_out], range(4))
    actor = rows.make_actor(project)
    best = overview.loop(actor, project.id).best
    assert best
    assert best.risen
    assert (best.line.number, best.risen.key, best.risen.value) == (1, "kind", "even")
    assert best.risen.difference.newly_right == 40
    shown = tree_value(overview.loop(actor, project.id))["best"]
    assert shown["better"].startswith("Got better in it: kind: even, +100.0 points (")
    assert shown["better"].endswith("), since the base")
    assert shown["worse"] == ""
    with reading() as db:
        assert by_category.risen(db, project.id, checkpoint.id, base.id) is None
        assert by_category.risen(db, project.id, checkpoint.id, rows.make_checkpoint(project).id) is None
