"""Rounds that train judges and reward models: what each learns from, and what is rewarded by it afterwards."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend import recipes
from backend.db import reading, tables
from backend.judges.principled_reward import under
from backend.pipeline.bind import engine_for
from backend.recipes import Recipe
from backend.recipes._reward_words import NEGATIONS, PRINCIPLES
from backend.services import prompts
from backend.values import RoundStatus, Stage, Verdict
from tests.importing import lines, put
from tests.integration.loop import RIGHT, TRAINING, Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_turns import last_content, scripted, texts, trained
from tests.integration.test_rounds_scored import RL, rewarded
from tests.rows import make_checkpoint

pytestmark = [pytest.mark.slow, pytest.mark.parametrize("database", ["sqlite"], indirect=True)]
SMALL = TRAINING | {"max_steps": 1, "start": "base", "reference": "base", "max_length": 4096}
PAIRS = [{"prompt": f"prompt {n}", "chosen": f"good {n}", "rejected": f"bad {n}"} for n in range(4)]


def brief(name: str, *phases: int, by: dict[str, str] | None = None, **knobs: dict[str, Any]) -> Recipe:
    """The recipe, or some phases of it, each training one step. by: who acts in a step; knobs: by the step's or part's name."""
    data = recipes.get(name).model_dump(mode="json")
    result = data.pop("phases", None) or [{"steps": data.pop("steps"), "rounds": 1}]
    kept = [result[n] for n in phases] if phases else result
    for step in (step for phase in kept for step in phase["steps"]):
        if step["kind"] == "trainer":
            step["part"] |= SMALL | (RL if step["part"]["name"] == "grpo" else {})
        step["part"] |= knobs.get(step["name"], {}) | knobs.get(step["part"]["name"], {})
        step["by"] = (by or {}).get(step["name"], step["by"])
    return Recipe.model_validate(data | {"phases": kept, "groups_per_batch": 2, "metrics": (), "unparsed_limit": 1})


def done(loop: Loop, **plan: Any) -> tuple[tables.Round, dict[str, Any]]:
    ended = loop.run(loop.launch(**plan), trains=True)
    assert (ended.status, ended.error) == (RoundStatus.done, None)
    return ended, rows_of_round(ended.id)


def pairs(loop: Loop) -> Loop:
    report = prompts.import_file(loop.actor, loop.project.id, "file", put("file.jsonl", lines(*PAIRS)))
    loop.prompts = report.sets[0]
    return loop


def role_of(round_id: int, role: str) -> int:
    row = tables.RoundRole
    with reading() as db:
        return db.scalars(select(row.checkpoint_id).where(row.round_id == round_id, row.role == role)).one()


def test_principle_following_reward_is_steered_by_the_list_without_new_preferences(tiny: Path) -> None:
    loop = Loop(brief("principle_following_reward"), scripted(prompt=("kind words", "rude words")), tiny)
    chooser = scripted(**{"(?s)<<<A\\nkind": "Winner: A", "(?s)<<<B\\nkind": "Winner: B"}, Judge="no idea")
    judge = make_checkpoint(loop.project, engine=chooser)
    first, result = done(loop, judge_id=judge.id)
    assert result["rows"][3]
    for row in result["rows"][3]:
        (written,) = [entry for entry in (*PRINCIPLES, *NEGATIONS) if f"- {entry}" in last_content(row, "prompt")]
        assert last_content(row, "prompt").split("\n")[0] in RIGHT
        assert last_content(row, "chosen").startswith("kind" if written in PRINCIPLES else "rude")
    second, result = done(loop, parent_id=first.id, judge_id=judge.id)
    assert (second.phase, result["said"]) == (1, [])
    assert {row["prompt"][0]["content"] for row in result["rows"][1]} == set(RIGHT), "the policy sees no principles"
    assert all(isinstance(reward, float) for reward in rewarded(second.id))
    asked = [{"role": "user", "content": "prompt a"}]
    with engine_for(role_of(first.id, "scorer")) as engine:
        rate, other = engine.rate([under(asked, PRINCIPLES[:1]), under(asked, NEGATIONS[:1])], ["kind words"] * 2)
    assert rate != other


def test_implicit_self_improvement_learns_gaps_and_then_widens_them(tiny: Path) -> None:
    loop = pairs(Loop(brief("implicit_self_improvement"), scripted(prompt="an answer"), tiny))
    first, result = done(loop)
    assert {
        (last_content(row, "prompt").split("\n\n")[2], last_content(row, "completion")) for row in result["rows"][3]
    } == {(f"bad {n}", f"good {n}") for n in range(4)}
    gaps = [(last_content(row, "chosen"), last_content(row, "rejected")) for row in result["rows"][5]]
    assert len(gaps) == 20
    assert ("Earlier answer:\nbad 0\n\nNew answer:\ngood 0", "Earlier answer:\ngood 0\n\nNew answer:\ngood 0") in gaps
    second, result = done(loop, parent_id=first.id)
    asked = [[message["content"] for message in row["prompt"]] for row in result["rows"][3]]
    assert sorted(asked) == sorted(
        [f"prompt {n}", f"{kind} {n}", "Write a better answer."] for n in range(4) for kind in ("bad", "good")
    )
    rewards = rewarded(second.id)
    assert len(set(rewards)) > 1
    assert all(isinstance(reward, float) for reward in rewards)


def test_distillation_of_rewards_prefers_the_teacher_where_answers_differ(tiny: Path) -> None:
    loop = Loop(brief("distill_data_and_rewards", 1), scripted(prompt=("#### 7", "#### 1", "#### 2")), tiny)
    teacher = make_checkpoint(loop.project, engine=scripted(prompt="so #### 7"))
    ended, result = done(loop, roles={"teacher": teacher.id})
    assert result["rows"][4]
    for row in result["rows"][4]:
        assert last_content(row, "chosen") == "so #### 7"
        assert last_content(row, "rejected") in ("#### 1", "#### 2")
    assert {row[9] for row in result["texts"] if row[5] == "teacher"} == {Verdict.accept}
    assert len(rewarded(ended.id)) >= 2


def test_eva_evolves_the_prompts_with_the_widest_gap_and_trains_on_the_mix(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tasks = ("count to ten in steps of two", "name a thing that is cold", "say why iron sinks in water")
    engine = scripted(**{"harder_task": tasks, "prompt_[ab]": ("bad", "good"), ".": ("fair", "good")})
    loop = Loop(brief("eva", answers={"n": 5}, new_answers={"n": 4}), engine, tiny)
    numbers = {"bad\\Z": 0.0, "fair\\Z": 4.0, "good\\Z": 5.0}
    ratings = [{"pattern": pattern, "number": number} for pattern, number in numbers.items()]
    scorer = make_checkpoint(loop.project, engine={"name": "scripted", "ratings": ratings})
    _, result = trained(loop, monkeypatch, roles={"scorer": scorer.id})
    scores: dict[str, list[float]] = {}
    for row in (row for row in result["texts"] if row[0] == 0):
        scores.setdefault(str(row[1]), []).append(row[8])
    gaps = sorted((max(some) - min(some) for some in scores.values()), reverse=True)
    evolved = {row[2][0]["content"] for row in result["texts"] if row[0] == 4}
    assert (gaps[:2], result["steps"]["3"], len(evolved)) == ([5.0, 5.0], 2, 2)
    assert all(any(f"prompt {letter}" in text for letter in "ab") for text in evolved)
    trained_on = {last_content(row, "prompt") for row in result["rows"][11]}
    assert trained_on & set(tasks)
    assert trained_on & set(RIGHT)
    assert all(last_content(row, "chosen") == "good" for row in result["rows"][11])


def best_in(question: str) -> int:
    """Which of the texts that a question shows is the good one: 0 or 1."""
    return int(question.index("\ngood ") > question.index("\nbad "))


def test_self_principled_critique_puts_the_best_on_top_and_sums_the_better_half(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    votes = scripted(judge_2_responses=("Scores: 3, 8", "Scores: 8, 3", "Scores: 5, 5", "hm"))
    # The template is long in a model whose tokens are characters.
    knobs = {"compare_all": {"template": "{prompt}: judge {count} responses.\n{responses}"}}
    knobs |= {"judgments": {"n": 4}, "votes": {"n": 4}}
    recipe = brief("self_principled_critique", by={"votes": "voter"}, **knobs)
    loop = pairs(Loop(recipe, votes, tiny))
    voter = make_checkpoint(loop.project, engine=votes)
    first, result = trained(loop, monkeypatch, roles={"voter": voter.id})
    right = ("Scores: 8, 3", "Scores: 3, 8")
    assert result["rows"][7]
    assert all(
        last_content(row, "completion") == right[best_in(last_content(row, "prompt"))] for row in result["rows"][7]
    )
    assert result["rows"][9]
    for row in result["rows"][9]:
        assert (
            last_content(row, "chosen") == right[best_in(last_content(row, "prompt"))] != last_content(row, "rejected")
        )
    second, result = done(loop, parent_id=first.id, roles={"voter": voter.id}, seed=5)
    assert {(row["answer"], best_in(last_content(row, "prompt"))) for row in result["rows"][4]} <= {
        ("1 of 2", 0),
        ("2 of 2", 1),
    }
    assert set(rewarded(second.id)) == {-1.0}, "what it writes in four letters states no scores"
    # Each item's score is the sum over the two votes of each question that the meta scorer puts highest.
    items = {(row[1], row[7]): row[8] for row in result["texts"] if row[0] == 0}
    for place in range(4):
        made_of = [row for row in result["texts"] if (row[0], row[1], row[4]) == (3, place, 6)]
        question = made_of[0][2][0]["content"]
        read = sorted((row for row in made_of if row[7] != "hm"), key=lambda row: -row[8])[:2]
        sums = [sum(int(row[7].removeprefix("Scores: ").split(", ")[n]) for row in read) for n in (0, 1)]
        (number,) = {text.split()[1] for (_, text) in items if f"\n{text}\n" in question}
        (good,) = [score for (_, text), score in items.items() if text == f"good {number}"]
        assert good == sums[best_in(question)]


def test_self_judge_learns_recalibrated_scores_and_then_judges_without_the_answer(tiny: Path) -> None:
    graded = {"grading_an_answer": ("poor\nScore: 2", "fair\nScore: 6", "good\nScore: 9", "hm")}
    engine = scripted(**graded, prompt=tuple(RIGHT.values()))
    _, result = done(Loop(brief("self_judge", 0), engine, tiny))
    scores = {(row[1], row[6]): row[8] for row in result["texts"] if row[0] == 0}
    by_place = [scores[key] for key in sorted(scores)]
    # Of judgments of one answer with the same words one is kept.
    kept = {
        (place, text)
        for place, text, _ in texts(result, 2)
        if "Score" in text and by_place[place] is not None and abs(int(text[-1]) - by_place[place]) <= 1
    }
    assert (
        sorted(last_content(row, "completion") for row in result["rows"][7]) == sorted(text for _, text in kept) != []
    )
    assert all("known to be good" in last_content(row, "prompt") for row in result["rows"][7])

    loop = Loop(brief("self_judge", 1), engine, tiny)
    informed = make_checkpoint(loop.project, engine=scripted(known_to_be_good=("seen\nScore: 9", "hm"), prompt="blind"))
    waiting = loop.run(loop.launch(roles={"informed": informed.id}))
    assert waiting.stage is Stage.train
    rows = rows_of_round(waiting.id)["rows"][5]
    assert rows
    assert {last_content(row, "completion") for row in rows} == {"seen\nScore: 9"}
    assert not any("known to be good" in last_content(row, "prompt") for row in rows)

    loop = Loop(brief("self_judge", 2, answers={"n": 3}), scripted(prompt=("best", "fine", "poor")), tiny)
    engine = scripted(**{"(?s)<<<ANSWER\\nbest": "Score: 9", "(?s)<<<ANSWER\\nfine": "Score: 7", "ANSWER": "Score: 2"})
    judge = make_checkpoint(loop.project, engine=engine)
    waiting = loop.run(loop.launch(roles={"reference_free": judge.id}))
    result = rows_of_round(waiting.id)
    expected = set()
    for place in range(5):
        written = [text for at, text, _ in texts(result, 0) if at == place]
        expected |= {
            (place, reply)
            for reply in ("best", "fine")
            if reply in written and ("best" not in written or reply == "best")
        }
    assert len(result["rows"][3]) == len(expected)
    assert sorted(last_content(row, "completion") for row in result["rows"][3]) == sorted(text for _, text in expected)


def test_cot_monitor_teaches_the_flag_and_rewards_it_beside_the_task(tiny: Path) -> None:
    flagged = ("<think>four\nSelf-check: honest</think>#### 4", "<think>five</think>#### 5", "#### 6")
    loop = Loop(brief("cot_monitor", 0), scripted(Think_between=flagged), tiny)
    waiting = loop.run(loop.launch())
    rows = rows_of_round(waiting.id)["rows"][3]
    assert {(last_content(row, "prompt") in RIGHT, last_content(row, "completion")) for row in rows} == {
        (True, flagged[0])
    }

    loop = Loop(brief("cot_monitor", 1), scripted(prompt=flagged), tiny)
    watcher = make_checkpoint(loop.project, engine=scripted(Is_it_honest=("so\nYes", "so\nNo")))
    ended, result = done(loop, roles={"watcher": watcher.id})
    assert {row[9] for row in result["texts"] if row[0] == 0 and row[4] == 1} <= {Verdict.accept, Verdict.reject}
    with reading() as db:
        sample = tables.Sample
        written = db.scalars(select(sample).where(sample.round_id == ended.id, sample.kind == "rollout")).all()
    assert written
    assert all(entry.extra["components"]["monitor_flag"] == 0.0 for entry in written)
    assert all("exact_match" in entry.extra["components"] for entry in written)
