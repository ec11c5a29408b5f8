"""Rounds of inverse prompts, ensembles, fixed points and teaching: scripted texts, real training, killed and run again."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from backend.db import reading, tables
from backend.errors import InvalidInput
from backend.recipes import Recipe
from backend.services import reviews
from backend.values import DecisionKind, RoundStatus, Stage
from tests.integration.loop import Loop, rows_of_round
from tests.integration.loop import tiny as tiny  # a fixture
from tests.integration.test_rounds_of_own_prompts import adopted
from tests.integration.test_rounds_of_turns import last, last_content, short, trained
from tests.rows import make_checkpoint, make_prompt_set

ONE_DATABASE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
pytestmark = [ONE_DATABASE]
RAIN, SNOW, FOG = "Rain falls on the old roof.", "Snow lies on the far hills.", "Fog hides the small harbour."
TEXTS = [RAIN, SNOW, FOG]


def scripted(*rules: tuple[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "scripted", "rules": [{"pattern": pattern, "reply": reply} for pattern, reply in rules]} | more


class World(Loop):
    """Prompts of a test's own, and an engine for each role."""

    def __init__(
        self,
        recipe: Recipe,
        engine: dict[str, Any],
        folder: Path,
        prompts: list[str],
        answers: list[Any] | None = None,
        **roles: dict[str, Any],
    ) -> None:
        super().__init__(recipe, engine, folder)
        self.prompts = make_prompt_set(self.project, prompts=prompts, answers=answers or [None] * len(prompts))
        self.roles = {name: make_checkpoint(self.project, name, engine=role).id for name, role in roles.items()}

    def launch(self, **plan: Any) -> int:
        return super().launch(**{"roles": self.roles} | plan)


def pairs(rows: list[dict[str, Any]]) -> Counter[tuple[str, str]]:
    return Counter((last_content(row, "prompt"), last_content(row, "completion")) for row in rows)


WEATHER = (
    ("(?s)Rain falls.*Write the request", "What falls on the old roof today?"),
    ("(?s)Snow lies.*Write the request", "Where does snow lie in winter?"),
    ("(?s)Fog hides.*Write the request", "Which weather hides the harbour?"),
    ("What falls", RAIN),
    ("Where does snow", "I do not know."),
    ("Which weather", "The fog hides the harbour."),
)


@pytest.mark.slow
def test_back_training_learns_natural_texts_from_written_inputs(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended, result = trained(World(short("back_training"), scripted(*WEATHER), tiny, TEXTS), monkeypatch)
    kept = {"What falls on the old roof today?": RAIN, "Which weather hides the harbour?": FOG}
    assert pairs(last(result)) == Counter(kept.items()), "the input to the text about snow leads elsewhere"
    assert {prompt.text: prompt.answer for prompt in adopted(ended.id)} == kept
    assert [prompt.extra for prompt in adopted(ended.id)] == [{"synthetic": "prompt"}] * 2
    with reading() as db:
        sample = tables.Sample
        natural = db.execute(select(sample.role, sample.kind, sample.checkpoint_id).where(sample.step == 4)).all()
    assert {tuple(row) for row in natural} == {("data", "import", None)}


def test_people_decide_on_inputs_before_they_become_prompts(tiny: Path) -> None:
    loop = World(short("back_training"), scripted(*WEATHER), tiny, TEXTS)
    round_id = loop.launch(is_reviewed=True)
    waiting = loop.run(round_id)
    assert (waiting.status, waiting.step) == (RoundStatus.review, 4)
    with reading() as db:
        ids = {text: n for n, text in db.execute(select(tables.Sample.id, tables.Sample.text)).tuples()}
    acts = [
        reviews.Act("accept-0001", DecisionKind.accept, ids["Where does snow lie in winter?"]),
        reviews.Act("reject-0001", DecisionKind.reject, ids["Which weather hides the harbour?"]),
        reviews.Act("edit-000001", DecisionKind.edit, ids["What falls on the old roof today?"], text="What falls?"),
    ]
    reviews.decide_many(loop.actor, round_id, acts)
    reviews.close(loop.actor, round_id)
    assert loop.run(round_id).stage is Stage.train
    kept = {"Where does snow lie in winter?": SNOW, "What falls?": RAIN}
    assert {prompt.text: prompt.answer for prompt in adopted(round_id)} == kept
    assert pairs(last(rows_of_round(round_id))) == Counter(kept.items())


@pytest.mark.slow
def test_translation_learns_into_the_natural_side(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = scripted(
        ("(?s)faithful.*fog in a harbour", "No"),
        ("faithful", "Yes"),
        ("(?s)into English.*Rain", "it rains on a roof"),
        ("(?s)into English.*Snow", "it snows"),
        ("(?s)into English.*Fog", "fog in a harbour"),
        ("(?s)into Balinese.*it rains", RAIN),
        ("(?s)into Balinese.*fog", FOG),
        ("into Balinese", "Something else entirely."),
    )
    loop = World(short("translation_self_learning", 1), engine, tiny, TEXTS)
    seeds = make_prompt_set(loop.project, prompts=["a real source"], answers=["a real target"])
    _, result = trained(loop, monkeypatch, mix_set_ids=(seeds.id,))
    # The way back from the second leads elsewhere, and the third is called unfaithful; the mixer adds a real pair.
    asked = "Translate into Balinese. Reply with the translation alone.\n\nit rains on a roof"
    assert pairs(last(result)) == Counter({(asked, RAIN): 1, ("a real source", "a real target"): 1})


@pytest.mark.slow
def test_a_parser_learns_trees_that_keep_the_rules_and_that_it_is_sure_of(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trees = [f"(S (NP (DT the) (NN {noun})) (VP (VBZ sleeps)))" for noun in ("cat", "dog", "hen")]
    good = "(S (NP (DT a) (NN boy)) (VP (VBZ runs)))"
    parser = scripted(
        ("brackets.\\s+a boy runs", good),
        ("brackets.\\s+an owl hunts", "(S (NP (DT an) (NN owl)) (VP (VBZ hunts)))"),
        ("brackets.\\s+one fish swims", "(S (DT one) (NP (NN fish)) (VP (VBZ swims)))"),
        likelihoods=[{"pattern": "boy|fish", "number": -0.01}],
    )
    writer = scripted(("cat", "a boy runs"), ("dog", "an owl hunts"), ("hen", "one fish swims"))
    loop = World(short("parser_self_training"), parser, tiny, ["one", "two", "three"], trees, writer=writer)
    _, result = trained(loop, monkeypatch)
    asked = "Write the constituency tree of this sentence, in brackets.\n\na boy runs"
    assert pairs(last(result)) == Counter({(asked, good): 1})
    scores = {row[7].split()[1]: row[8] for row in result["texts"] if row[0] == 3}
    assert len(scores) == 2, "of the two whose first rule is S -> NP VP, and the one whose rules are others"


def test_without_trees_there_is_nothing_to_write_sentences_by(tiny: Path) -> None:
    loop = World(short("parser_self_training"), scripted((".", "x")), tiny, TEXTS, writer=scripted((".", "x")))
    with pytest.raises(InvalidInput, match="has an answer, and the prompt source inverse_prompts takes nothing else"):
        loop.launch()


@pytest.mark.slow
def test_an_editor_learns_from_histories_that_others_filled_in(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    carried = [(f"(?s)Text: {text[:4]}.*Plan: Put it back", text) for text in TEXTS]
    undo = scripted(*((text[:4], (f"{text[:-1]} so.", f"{text[:-5]}.")) for text in TEXTS))
    explain = scripted((".", ("Put it back.", "Make it worse.")))
    editor = scripted(*carried, ("Plan: Make it worse", "Nothing."))
    loop = World(short("edit_collaboration"), editor, tiny, TEXTS, undo=undo, explain=explain)
    _, result = trained(loop, monkeypatch)
    assert len(last(result)) > 0
    for row in last(result):
        assert "Plan: Put it back." in last_content(row, "prompt")
        assert last_content(row, "completion") in TEXTS
        assert last_content(row, "completion") not in last_content(row, "prompt")
        assert last_content(row, "completion")[:4] in last_content(row, "prompt")
    assert {row[5] for row in result["texts"]} == {"undo", "explain", "data"}
    # One row for each earlier text of which a plan leads on to the finished one.
    plans = [row for row in result["texts"] if row[0] == 2]
    assert len(last(result)) == len({row[1] for row in plans if row[7] == "Put it back."})


@pytest.mark.slow
def test_of_several_models_answers_the_one_most_like_the_others_is_learned(
    tiny: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = ("name three colours of a flag", "say what iron does in water", "count the legs of a spider")
    given = ("sort these words: b c a please now", "translate this line: bonjour tout le monde")
    first = scripted(("needs no input", plain), ("below it an input", given), (".", "red green blue"))
    others = {"second": scripted((".", "red green blue and black")), "third": scripted((".", "red and black"))}
    loop = World(short("ensemble_instruct"), first, tiny, TEXTS, first=first, **others)
    ended, result = trained(loop, monkeypatch)
    assert {last_content(row, "completion") for row in last(result)} == {"red green blue and black"}
    asked = Counter(last_content(row, "prompt") for row in last(result))
    assert set(asked) == {prompt.text for prompt in adopted(ended.id)}
    assert set(asked) & set(plain)
    assert set(asked) & set(given)
    answered = Counter(row[5] for row in result["texts"] if row[0] in (3, 12))
    assert answered == {"first": len(asked), "second": len(asked), "third": len(asked)}


@pytest.mark.slow
def test_a_planner_learns_at_the_fixed_points_of_both_loops(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    policy = scripted(
        ("(?s)another plan.*Draft: wait", "wait"),
        ("another plan", "wait"),
        ("Draft: go\n", "go fast"),
        ("Draft: go fast", "go fast"),
        ("Draft: left", "right"),
        ("Draft: right", "left"),
        ("Draft: stay", "stay"),
        ("prompt a", "go"),
        ("prompt b", "left"),
        ("prompt c", "stay"),
    )
    answers = ["plan A", "plan B", "plan C"]
    prompts = ["prompt a", "prompt b", "prompt c"]
    loop = World(
        short("equilibrium_planner"), policy, tiny, prompts, answers, world=scripted((".", "The door is shut."))
    )
    _, result = trained(loop, monkeypatch)
    inner, outer = result["rows"][5], last(result)[len(result["rows"][5]) :]
    # The draft of the second prompt never came to rest.
    assert {
        (last_content(row, "prompt").split("Draft: ")[1].split("\n")[0], last_content(row, "completion"))
        for row in inner
    } == {
        ("go fast", "plan A"),
        ("stay", "plan C"),
    }
    assert sorted(last_content(row, "completion") for row in outer) == answers
    assert all("The door is shut." in last_content(row, "prompt") for row in outer)
    assert all("Draft: wait\n" in last_content(row, "prompt") for row in outer)


@pytest.mark.slow
def test_a_teacher_learns_what_its_student_learns_from(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prompts = {f"prompt {letter}": str(n) for n, letter in enumerate("abcd", start=4)}
    student = scripted(
        *((f"(?s)a clear way.*Question: {asked}$", f"#### {answer}") for asked, answer in prompts.items()),
        (".", "#### 0"),
    )
    # Neither way answers its own question.
    teacher = scripted(("prompt", ("a clear way", "a muddled way")))
    recipe = short("learning_by_teaching", rationales={"n": 3})
    loop = World(recipe, teacher, tiny, list(prompts), list(prompts.values()), student=student)
    _, result = trained(loop, monkeypatch)
    assert last(result)
    assert {(last_content(row, "chosen"), last_content(row, "rejected")) for row in last(result)} == {
        ("a clear way", "a muddled way")
    }
    scores = {(row[7], row[8]) for row in result["texts"] if row[0] == 0}
    assert scores == {("a clear way", 1.0), ("a muddled way", 0.0)}
    exams = [row for row in result["texts"] if row[0] == 2]
    assert len(exams) == len(prompts) * 3 * 3
    assert {row[5] for row in exams} == {"student"}
