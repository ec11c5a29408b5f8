"""A project's own questions: asked, changed and retired, answered once each, and seen as decisions are."""

import json
import uuid

import pytest
from sqlalchemy import text

from app.agents.reviewing import Decide, NextItem
from app.cli import deciding
from backend.db import listing_among, reading, session, tables
from backend.errors import Conflict, InvalidInput, LabelsFrozen, NotFound, PermissionDenied, RondoError, Stale
from backend.pipeline import ratings
from backend.services import questions, reviews, samples
from backend.services.decisions import Act, bulk
from backend.services.questions import NewQuestion, QuestionView, answers, filtering
from backend.services.questions.answers import NewAnswer
from backend.services.reviews import ActResult
from backend.services.samples import Filters, exports, groups
from backend.services.samples import answers as answers_of_samples
from backend.services.samples.exports import ExportRequest
from backend.services.team import removals, reviewers
from backend.values import DatasetType, Group, Prompt, Role, RoundStatus, Sample
from backend.values.questions import QuestionKind, QuestionOptions, read_answer
from tests import rows
from tests.integration import site
from tests.integration.reviewing import ACCEPT, SKIP, Team

TONES = QuestionOptions(labels=("warm", "cold"))


class Desk(Team):
    """A round in review whose project asks a rating and a label; `say` answers one of them."""

    def __init__(self, **review) -> None:
        super().__init__(**review)
        self.rating = questions.add(self.curator, self.project.id, NewQuestion("Accuracy"))
        self.tone = questions.add(self.curator, self.project.id, NewQuestion("Tone", QuestionKind.label, options=TONES))

    def say(self, name: str, question: QuestionView, value, sample: int = 0, client_id: str = ""):
        answer = NewAnswer(client_id or uuid.uuid4().hex, self.ids[sample], question.id, value)
        (outcome,) = answers.give(self.who(name), self.round.id, [answer])
        return outcome

    def values(self, actor, sample: int = 0) -> list:
        return [
            (answer_view.who, answer_view.key, answer_view.value)
            for answer_view in answers_of_samples.of_round(actor, self.round.id, [self.ids[sample]])
        ]


@pytest.fixture
def desk(database: str) -> Desk:
    return Desk()


def test_of_one_person_the_last_answer_stands_and_the_others_are_history(desk: Desk) -> None:
    ada = desk.who("Ada")
    desk.say("Ada", desk.rating, {"rating": 2})
    desk.say("Ada", desk.rating, {"rating": 4}, client_id="the-second")
    again = desk.say("Ada", desk.rating, {"rating": 4}, client_id="the-second")
    assert not again.is_new
    assert desk.values(ada) == [(ada.name, "accuracy", {"rating": 4})]
    desk.say("Ada", desk.rating, None)
    assert desk.values(ada) == []
    assert isinstance(desk.say("Ben", desk.rating, {"rating": 4}, client_id="the-second"), Conflict)
    answer_views = answers_of_samples.of_sample(ada, desk.ids[0])
    assert [(answer_view.value, answer_view.is_standing) for answer_view in answer_views] == [
        ({"rating": 2}, False),
        ({"rating": 4}, False),
        (None, False),
    ]


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"rating": 6}, "not from 1 to 5"),
        ({"rating": 0}, "not from 1 to 5"),
        ({"rating": "4"}, "looks like"),
        ({"label": "warm"}, "looks like"),
        ({"rating": 4, "more": 1}, "looks like"),
    ],
)
def test_what_answers_no_such_question_is_refused_and_the_others_are_written(desk: Desk, value: dict, why: str) -> None:
    wrong = NewAnswer("wrong-one", desk.ids[0], desk.rating.id, value)
    right = NewAnswer("right-one", desk.ids[0], desk.tone.id, {"label": "warm"})
    refused, given = answers.give(desk.who("Ada"), desk.round.id, [wrong, right])
    assert isinstance(refused, InvalidInput)
    assert why in refused.message
    assert given.value == {"label": "warm"}


@pytest.mark.on_sqlite
def test_a_question_that_is_retired_while_it_is_asked_takes_no_answer(desk: Desk) -> None:
    desk.say("Ada", desk.rating, {"rating": 3})
    retired = questions.delete(desk.curator, desk.rating.id)
    assert retired is not None
    assert not retired.is_active
    assert isinstance(desk.say("Ben", desk.rating, {"rating": 3}), Conflict)
    assert desk.values(desk.curator)[0][1:] == ("accuracy", {"rating": 3})
    assert questions.delete(desk.curator, desk.tone.id) is None  # nobody had answered it
    assert "deleted" in desk.say("Ben", desk.tone, {"label": "warm"}).message
    with pytest.raises(Conflict, match="bring it back"):
        questions.add(desk.curator, desk.project.id, NewQuestion("Accuracy"))
    assert questions.change(desk.curator, desk.rating.id, is_active=True).is_active


@pytest.mark.on_sqlite
def test_a_question_that_somebody_changed_is_not_changed_back_unseen(desk: Desk) -> None:
    read = questions.list_questions(desk.curator, desk.project.id)[0]
    questions.change(desk.curator, read.id, title="Is it true?", version=read.version)
    with pytest.raises(Stale, match=r"title is 'Is it true\?', and you write 'Right\?'") as refused:
        questions.change(desk.curator, read.id, title="Right?", help=read.help, version=read.version)
    now = refused.value.version
    assert questions.change(desk.curator, read.id, title="Right?", version=now).version == now + 1


@pytest.mark.on_sqlite
def test_options_with_answers_only_grow(desk: Desk) -> None:
    desk.say("Ada", desk.tone, {"label": "warm"})
    grown = QuestionOptions(labels=("warm", "cold", "dry"))
    assert questions.change(desk.curator, desk.tone.id, options=grown).options == grown
    with pytest.raises(Conflict, match="'cold' stays"):
        questions.change(desk.curator, desk.tone.id, options=QuestionOptions(labels=("warm", "dry")))
    assert questions.change(desk.curator, desk.rating.id, options=QuestionOptions(highest=7)).options.highest == 7


@pytest.mark.on_sqlite
def test_questions_come_in_an_order_and_a_preset_adds_what_is_missing(desk: Desk) -> None:
    added = questions.add_preset(desk.curator, desk.project.id, "ratings")
    assert [question_view.key for question_view in added] == ["accuracy", "tone", "helpfulness", "style"]
    ids = [question_view.id for question_view in reversed(added)]
    assert [question_view.key for question_view in questions.order(desk.curator, desk.project.id, ids)] == [
        "style",
        "helpfulness",
        "tone",
        "accuracy",
    ]
    with pytest.raises(Conflict, match="Reload"):
        questions.order(desk.curator, desk.project.id, ids[:2])
    with pytest.raises(Conflict, match="all questions of the preset"):
        questions.add_preset(desk.curator, desk.project.id, "ratings")


@pytest.mark.on_sqlite
def test_who_may_ask_and_who_may_answer(desk: Desk) -> None:
    viewer, stranger = rows.make_actor(desk.project, Role.viewer), rows.make_actor()
    with pytest.raises(PermissionDenied):
        questions.add(desk.who("Ada"), desk.project.id, NewQuestion("Mine"))
    with pytest.raises(NotFound):
        questions.change(stranger, desk.rating.id, title="Theirs")
    answer = NewAnswer("answer-1", desk.ids[0], desk.rating.id, {"rating": 3})
    with pytest.raises(PermissionDenied):
        answers.give(viewer, desk.round.id, [answer])
    with session() as db:
        db.get_one(tables.Round, desk.round.id).status = RoundStatus.done
    with pytest.raises(LabelsFrozen):
        answers.give(desk.who("Ada"), desk.round.id, [answer])


def test_colleagues_answers_are_hidden_until_one_has_decided(desk: Desk) -> None:
    ada, ben = desk.who("Ada"), desk.who("Ben")
    desk.say("Ada", desk.rating, {"rating": 1})
    desk.say("Ben", desk.rating, {"rating": 5})
    assert desk.values(ben) == [(ben.name, "accuracy", {"rating": 5})]
    assert len(desk.values(desk.curator)) == 2
    desk.say("Ada", desk.tone, {"label": "warm"})
    assert answers_of_samples.answered(ben, desk.round.id) == {"accuracy"}, "his own"
    assert answers_of_samples.answered(desk.curator, desk.round.id) == {"accuracy", "tone"}
    desk.act("Ben", desk.ids[0], ACCEPT)
    assert sorted({entry[0] for entry in desk.values(ben)}) == sorted([ada.name, ben.name])
    assert len(answers_of_samples.of_sample(ada, desk.ids[0])) == 2


@pytest.mark.on_sqlite
def test_a_sent_list_is_answered_one_by_one(desk: Desk) -> None:
    place = {"sample_id": desk.ids[0], "question_id": desk.rating.id}
    sent = [
        {"client_id": "answer-1", "value": {"rating": 4}} | place,
        {"client_id": "answer-2", "value": "four"} | place,
        {"client_id": "answer-3", "value": {"rating": 4}} | place | {"sample_id": 10**9},
    ]
    with site.signed_in(desk.who("Ada")) as client:
        answer = client.post(f"/api/v1/rounds/{desk.round.id}/answers", json={"answers": sent})
        assert answer.status_code == 201
        given, unread, missing = answer.json()
        read = client.get(f"/api/v1/samples/{desk.ids[0]}/answers").json()
    assert given["value"] == {"rating": 4}
    assert (unread["client_id"], unread["error"]["type"]) == ("answer-2", "InvalidInput")
    assert missing["error"]["type"] == "NotFound"
    assert [entry["value"] for entry in read] == [{"rating": 4}]


@pytest.mark.parametrize(
    ("kind", "value", "is_right"),
    [
        ("labels", {"labels": []}, True),
        ("labels", {"labels": ["warm", "warm"]}, False),
        ("labels", {"labels": ["dry"]}, False),
        ("text", {"text": " "}, False),
        ("text", {"text": "<b>"}, True),
        ("spans", {"spans": [{"start": 0, "end": 3, "label": "warm"}]}, True),
        ("spans", {"spans": [{"start": 2, "end": 2, "label": "warm"}]}, False),
        ("spans", {"spans": [{"start": 0, "end": 4, "label": "warm"}]}, False),
    ],
)
def test_each_kind_takes_its_own_answers(kind: str, value: dict, is_right: bool) -> None:
    if is_right:
        assert read_answer(QuestionKind(kind), TONES, value, 3).model_dump(mode="json") == value
    else:
        with pytest.raises(ValueError, match=r"\."):
            read_answer(QuestionKind(kind), TONES, value, 3)


@pytest.mark.parametrize(
    ("tests", "numbers"),
    [
        (("accuracy>=3",), [0, 1]),  # means of 3 and 5
        (("accuracy<=2",), [2]),
        (("accuracy=3",), [0]),
        (("tone=warm",), [0, 2]),
        (("accuracy>=3", "tone=warm"), [0]),
        (("tone=WARM",), [0, 2]),
    ],
)
def test_samples_are_filtered_by_answers(desk: Desk, tests: tuple[str, ...], numbers: list[int]) -> None:
    for name, sample, rating, tone in (("Ada", 0, 1, "warm"), ("Ben", 0, 5, "cold"), ("Ada", 1, 5, "cold")):
        desk.say(name, desk.rating, {"rating": rating}, sample)
        desk.say(name, desk.tone, {"label": tone}, sample)
    desk.say("Ben", desk.rating, {"rating": 2}, 2)
    desk.say("Ben", desk.tone, {"label": "warm"}, 2)
    page = samples.page(desk.curator, desk.round.id, Filters(answer=tests))
    assert [row.id for row in page.rows] == [desk.ids[n] for n in numbers]
    if 0 in numbers:
        assert page.rows[0].answers == {"accuracy": 3.0, "tone": {"warm": 1, "cold": 1}}
        desk.act("Ada", desk.ids[0], ACCEPT)
        both = samples.page(desk.curator, desk.round.id, Filters(answer=tests, decided="others"))
        assert [row.id for row in both.rows] == [desk.ids[0]]
    with pytest.raises(PermissionDenied, match="answers"):
        samples.page(desk.who("Ada"), desk.round.id, Filters(answer=tests))
    with pytest.raises(PermissionDenied, match="answers"):
        groups.page(desk.who("Ada"), desk.round.id, Filters(answer=tests))


@pytest.mark.on_sqlite
@pytest.mark.parametrize(
    "test",
    ["accuracy>=high", "accuracy=high", "tone=war", "tone>=2", "nothing=1", "Accuracy>=1", "accuracy", "tone=\x00"],
)
def test_a_test_of_no_answer_is_refused(desk: Desk, test: str) -> None:
    with pytest.raises(InvalidInput):
        samples.page(desk.curator, desk.round.id, Filters(answer=(test,)))


@pytest.mark.on_sqlite
def test_a_filter_reads_the_answers_to_its_questions_and_no_others(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    for sample, rating in ((1, 5), (2, 4)):
        desk.say("Ada", desk.rating, {"rating": rating}, sample)
    for sample in range(len(desk.ids)):
        desk.say("Ben", desk.tone, {"label": "warm"}, sample)
    monkeypatch.setattr(listing_among, "READ", 2)
    monkeypatch.setattr(listing_among, "LOOKED_UP", 1)
    page = samples.page(desk.curator, desk.round.id, Filters(answer=("accuracy>=4",)))
    assert (page.is_partial, [row.id for row in page.rows]) == (False, desk.ids[1:3])
    both = samples.page(desk.curator, desk.round.id, Filters(answer=("accuracy>=4", "tone=warm")))
    assert (both.is_partial, [row.id for row in both.rows]) == (True, desk.ids[1:2])


@pytest.mark.on_sqlite
def test_ratings_of_some_samples_are_read_from_one_index(desk: Desk) -> None:
    with reading() as db:
        round_ = db.get_one(tables.Round, desk.round.id)
        among = filtering.among(db, desk.curator, round_, Filters(answer=("accuracy>=4", "accuracy<=5")))
        for query in (*among.every, *among.those(desk.ids)):
            written = query.compile(db.get_bind(), compile_kwargs={"literal_binds": True})
            steps = [row[3] for row in db.execute(text(f"EXPLAIN QUERY PLAN {written}")) if "answers" in row[3]]
            assert len(steps) == 2
            assert all("ix_answers_standing_of_question" in step for step in steps)


@pytest.mark.parametrize(("label", "why"), [("a;b", "semicolon"), ("too long, dull", "comma")])
def test_a_label_that_no_list_of_tests_can_name_is_refused(label: str, why: str) -> None:
    assert why in QuestionOptions(labels=("good", label)).fault_for(QuestionKind.label)
    assert QuestionOptions(labels=(" good ",)).labels == ("good",)


@pytest.mark.on_sqlite
def test_answers_go_along_with_samples_as_far_as_one_may_see_them(desk: Desk) -> None:
    desk.say("Ada", desk.rating, {"rating": 4})
    desk.say("Ben", desk.tone, {"label": "warm"})
    wanted = ExportRequest((desk.round.id,), Filters())

    def keys(actor) -> list[str]:
        export_file = exports.export(actor, desk.project.id, wanted)
        first = json.loads(export_file.path.read_text(encoding="utf-8").splitlines()[0])
        export_file.path.unlink()
        export_file.release()
        return [answer["question"] for answer in first["answers"]]

    assert keys(desk.curator) == ["accuracy", "tone"]
    assert keys(desk.who("Ada")) == ["accuracy"]
    assert samples.page(desk.who("Ada"), desk.round.id).rows[0].answers == {"accuracy": 4.0}


@pytest.mark.on_sqlite
def test_a_selector_gets_the_ratings_of_the_question_that_it_names(desk: Desk) -> None:
    for name, rating in (("Ada", 2), ("Ben", 5)):
        desk.say(name, desk.rating, {"rating": rating})
    desk.say("Ada", desk.rating, {"rating": 4})
    desk.say("Ben", desk.rating, {"rating": 1}, 2)
    texts = tuple(Sample(n, 1, text) for n, text in zip(desk.ids[:4], ("text", "other", "text ", "x"), strict=True))
    with reading() as db:
        (group,) = ratings.with_ratings(db, [Group(Prompt(1, []), texts)], desk.project.id, "accuracy")
        with pytest.raises(InvalidInput, match="it has accuracy"):
            ratings.with_ratings(db, [group], desk.project.id, "tone")
    # Ben gave the text 5 and its twin 1, and says one thing of both.
    assert [sample.ratings for sample in group.samples] == [(3.0, 4.0), (), (3.0, 4.0), ()]


def test_answers_go_with_a_persons_work_and_come_back_with_it(desk: Desk) -> None:
    admin, ada = rows.make_actor(desk.project, Role.admin), desk.who("Ada")
    desk.act("Ada", desk.ids[0], ACCEPT)
    desk.say("Ada", desk.rating, {"rating": 2})
    desk.say("Ada", desk.rating, {"rating": 4})
    desk.say("Ada", desk.tone, {"label": "warm"})
    desk.say("Ada", desk.tone, None)
    gone = removals.remove(admin, desk.round.id, ada.user_id, reason="careless")
    assert desk.values(admin) == []
    removals.undo(admin, desk.round.id, gone.id)
    assert desk.values(admin) == [(ada.name, "accuracy", {"rating": 4})]


def test_a_removal_brings_back_what_it_took_and_nothing_that_another_took(desk: Desk) -> None:
    admin, ada = rows.make_actor(desk.project, Role.admin), desk.who("Ada")
    desk.say("Ada", desk.rating, {"rating": 2})
    desk.say("Ada", desk.rating, {"rating": 1}, 1)
    first = removals.remove(admin, desk.round.id, ada.user_id, reason="answered without reading")
    assert (first.decisions, first.answers) == (0, 2)
    desk.say("Ada", desk.rating, {"rating": 5})
    desk.say("Ada", desk.rating, {"rating": 4}, 2)
    second = removals.remove(admin, desk.round.id, ada.user_id, reason="and again")

    def stand() -> list:
        return [value["rating"] for n in range(3) for _, _, value in desk.values(admin, n)]

    removals.undo(admin, desk.round.id, first.id)
    assert stand() == [2, 1]
    removals.undo(admin, desk.round.id, second.id)
    assert stand() == [5, 1, 4]
    assert [(removal.answers, removal.is_undone) for removal in removals.history(admin, desk.round.id)] == [
        (2, True),
        (2, True),
    ]
    assert reviewers.names(admin, desk.round.id) == {ada.user_id: ada.name}


@pytest.mark.on_sqlite
def test_what_learned_from_ratings_alone_is_named(desk: Desk) -> None:
    desk.say("Ada", desk.rating, {"rating": 5})
    row = {"prompt_id": desk.samples[0].prompt_id, "sample_id": desk.ids[0], "rejected_id": desk.ids[1]}
    dataset = rows.make_dataset(desk.round, DatasetType.preference, [row])
    ada = desk.who("Ada").user_id
    assert removals.preview(desk.curator, desk.round.id, ada).datasets == ()
    with session() as db:
        round_ = db.get_one(tables.Round, desk.round.id)
        round_.recipe = round_.recipe | {"selector": {"name": "rated_pairs", "question": "accuracy"}}
    assert [entry.dataset_id for entry in removals.preview(desk.curator, desk.round.id, ada).datasets] == [dataset.id]


@pytest.mark.on_sqlite
def test_a_verdict_needs_answers_to_what_is_required(desk: Desk) -> None:
    questions.change(desk.curator, desk.rating.id, is_required=True)
    first, second = desk.ids[:2]
    with pytest.raises(Conflict, match="'Accuracy' has to be answered before sample"):
        desk.act("Ada", first, ACCEPT)
    desk.act("Ada", first, SKIP)
    desk.say("Ben", desk.rating, {"rating": 3})
    with pytest.raises(Conflict, match="Accuracy"):
        desk.act("Ada", first, ACCEPT)  # a colleague's answer is not one's own
    desk.say("Ada", desk.rating, {"rating": 3})
    decided = desk.act("Ada", first, ACCEPT)
    acts = [Act(uuid.uuid4().hex, ACCEPT, sample_id) for sample_id in (second, first)]
    refused, written = reviews.decide_each(desk.who("Ada"), desk.round.id, acts)
    assert isinstance(refused, Conflict)
    assert isinstance(written, ActResult)
    desk.say("Ada", desk.rating, None)
    repeated = reviews.decide_many(desk.who("Ada"), desk.round.id, acts[1:])[0].decision
    assert (repeated, repeated.is_new) == (written.decision, False), "sent again, it needs no answer"
    desk.take_back("Ada", decided)
    token = bulk.preview(desk.curator, desk.round.id, Filters(), ACCEPT).token
    action = bulk.apply(desk.curator, desk.round.id, Filters(), ACCEPT, reason="all are fine", token=token)
    assert action.count == len(desk.ids)


@pytest.mark.on_sqlite
def test_an_agent_sends_its_answers_with_its_verdict(desk: Desk) -> None:
    questions.change(desk.curator, desk.rating.id, is_required=True)
    ada = desk.who("Ada")
    item = NextItem(round_id=desk.round.id).call(ada)
    assert [(question["key"], question.get("is_required"), question["example"]) for question in item["questions"]] == [
        ("accuracy", True, '{"rating": 4}'),
        ("tone", False, '{"label": "good"}'),
    ]
    place = {"round_id": desk.round.id, "sample_id": item["item"]["sample_id"], "kind": "accept", "reason": "It is so."}
    given = {"accuracy": {"rating": 4}, "tone": {"label": "warm"}}
    for answers_, error in (({}, Conflict), ({"accuracy": {"rating": 9}}, InvalidInput), ({"style": {}}, InvalidInput)):
        with pytest.raises(error):
            Decide(**place, client_id="agent-decides-1", answers=answers_).call(ada)
    for _ in range(2):
        Decide(**place, client_id="agent-decides-1", answers=given).call(ada)
    sample = desk.ids.index(place["sample_id"])
    assert [row[1:] for row in desk.values(ada, sample)] == [*given.items()]


def test_an_agents_answers_stand_with_its_decision_or_not_at_all(desk: Desk) -> None:
    ada, sample = desk.who("Ada"), desk.ids[0]
    wrong = Decide(
        round_id=desk.round.id,
        sample_id=sample,
        kind="prefer",
        reason="so",
        answers={"accuracy": {"rating": 4}},
        client_id="c" * 12,
    )
    with pytest.raises(RondoError):
        wrong.call(ada)
    assert answers_of_samples.of_sample(ada, sample) == []
    wrong.model_copy(update={"kind": "accept"}).call(ada)
    assert [view.value for view in answers_of_samples.of_sample(ada, sample)] == [{"rating": 4}]


@pytest.mark.on_sqlite
def test_answers_in_a_shell_are_written_by_key(desk: Desk) -> None:
    asked = questions.list_questions(desk.curator, desk.project.id, with_retired=False)
    given = deciding.values_of(asked, ["accuracy=4", "tone = warm"])
    assert given == {"accuracy": {"rating": 4}, "tone": {"label": "warm"}}
    for wrong in ("accuracy=much", "style=4", "accuracy"):
        with pytest.raises(InvalidInput, match=r"is answered by a number|answers no question"):
            deciding.values_of(asked, [wrong])
