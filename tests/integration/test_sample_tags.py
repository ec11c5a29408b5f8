"""Tags on samples: who puts and sees them, lists by them; and lists by checkpoint and judge."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from backend.db import reading, tables
from backend.errors import InvalidInput, NotFound, PermissionDenied
from backend.services import samples
from backend.services.access import Actor
from backend.services.samples import Filters, exports, filter_choices, tags
from backend.services.samples.detail import detail
from backend.services.samples.exports import ExportRequest
from backend.services.samples.tags import SampleTags
from backend.values import Role, RoundStatus
from tests import rows
from tests.integration import site
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("database")


class Tagging:
    """Six samples of three prompts, and who may do what."""

    def __init__(self, **columns: object) -> None:
        self.project = rows.make_project()
        asked = rows.make_prompt_set(self.project, prompts=["a", "b", "c"])
        self.round = rows.make_round(self.project, sets=[asked], is_reviewed=True, **columns)
        self.samples = rows.make_samples(self.round, asked, scores=[0.0, 1.0])
        self.viewer, self.ann, self.ben, self.curator = (
            rows.make_actor(self.project, role) for role in (Role.viewer, Role.reviewer, Role.reviewer, Role.curator)
        )
        self.ids = [sample.id for sample in self.samples]

    def places(self, who: Actor, **filters: object) -> list[int]:
        page = samples.page(who, self.round.id, Filters(**filters))  # type: ignore[arg-type]
        return [self.ids.index(row.id) for row in page.rows]

    def seen(self, who: Actor, place: int) -> tuple[str, ...]:
        return detail(who, self.ids[place]).label.tags


def test_tags_are_put_found_exported_and_taken_away(tmp_path_factory: pytest.TempPathFactory) -> None:
    at = Tagging(status=RoundStatus.done)
    assert tags.change(at.ann, at.ids[:2], add=["Hard", "odd"]).number == 2
    assert tags.change(at.ann, at.ids[:3], add=["hard"]).number == 1, "two have it"
    assert tags.change(at.ben, at.ids[1:2], add=["hard"]).number == 1, "his own row"
    assert at.places(at.viewer, tag=("hard",)) == [0, 1, 2]
    assert at.places(at.viewer, tag=("hard", "ODD"), verdict=("accept",)) == [1]
    choices = filter_choices.read(at.viewer, at.round.id)
    assert [(choice.tag, choice.count) for choice in choices.tags] == [("hard", 3), ("odd", 2)]
    assert filter_choices.read(at.viewer, at.round.id, with_tags=False).tags == ()
    assert at.seen(at.viewer, 1) == ("hard", "odd")
    out = tmp_path_factory.mktemp("out") / "samples.jsonl"
    asked = ExportRequest((at.round.id,), Filters(tag=("odd",)))
    exports.write(at.viewer, at.project.id, asked, out)
    assert [json.loads(line)["tags"] for line in out.read_text().splitlines()] == [["hard", "odd"]] * 2
    tags.change(at.ben, at.ids, remove=["hard"])
    assert at.places(at.viewer, tag=("hard",)) == [0, 1, 2], "Ann's stay"
    assert tags.change_all(at.curator, at.round.id, Filters(tag=("hard",)), add=["seen"], remove=["hard"]).number == 3
    assert at.places(at.viewer, tag=("seen",)) == [0, 1, 2]
    assert at.places(at.viewer, tag=("hard",)) == []
    with reading() as db:
        verbs = [event.verb for event in db.query(tables.Event).filter(tables.Event.verb == "tag samples")]
    assert len(verbs) == 5


def test_a_program_that_names_nothing_tags_nothing() -> None:
    at = Tagging(status=RoundStatus.done)
    with site.with_token(at.curator) as client:
        for body, why in (
            ({"sample_ids": []}, "No sample is named"),
            ({"sampl_ids": [at.ids[0]]}, "sampl_ids"),
            ({"filters": {"verdct": ["reject"]}}, "verdct"),
            ({"filters": {}, "sample_ids": at.ids[:1]}, "not both"),
        ):
            refused = client.post(f"/api/v1/rounds/{at.round.id}/tags", json={"add": ["x"]} | body)
            assert (refused.status_code, why in refused.text) == (422, True), refused.text
        every = client.post(f"/api/v1/rounds/{at.round.id}/tags", json={"add": [" X"], "filters": {}})
        assert every.json() == {"number": len(at.ids)}
    assert at.places(at.viewer, tag=(" x",)) == list(range(len(at.ids)))


def test_a_tag_that_is_there_is_none_more(monkeypatch: pytest.MonkeyPatch) -> None:
    at = Tagging(status=RoundStatus.done)
    monkeypatch.setattr(tags, "MOST_OF_SAMPLE", 2)
    tags.change(at.ann, at.ids[:1], add=["a", "b"])
    assert tags.change(at.ann, at.ids[:2], add=["a"]).number == 1
    with pytest.raises(InvalidInput, match=f"Sample {at.ids[1]} would have 3 tags of yours, and 2"):
        tags.change(at.ann, at.ids[1:2], add=["b", "c"])


def test_two_who_change_tags_at_once_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    at = Tagging(status=RoundStatus.done)
    other = rows.make_actor(at.project, Role.curator)
    monkeypatch.setattr(tags, "AT_ONCE", 1)  # each would hold one sample's tags and ask for the next one's
    start, everything = threading.Barrier(2), Filters()

    def alternate(who: Actor, add: str, remove: str, ids: list[int]) -> None:
        for _ in range(20):
            start.wait(PATIENCE)
            tags.change_all(who, at.round.id, everything, add=[add], remove=[remove])
            tags.change(who, ids, add=[add, "seen"], remove=[remove])

    with ThreadPoolExecutor(2) as pool:
        both = [
            pool.submit(alternate, at.curator, "easy", "hard", at.ids),
            pool.submit(alternate, other, "hard", "easy", at.ids[::-1]),
        ]
        for future in both:
            future.result(PATIENCE)
    with reading() as db:
        left = {id_: {tag for tag, _ in put} for id_, put in tags.of_samples(db, at.ids).items()}
    assert sorted(left) == at.ids
    assert set(map(frozenset, left.values())) in ({frozenset({"easy", "seen"})}, {frozenset({"hard", "seen"})})


def test_in_a_blind_review_one_sees_ones_own_tags_and_filters_by_none() -> None:
    at = Tagging(status=RoundStatus.review, is_blind=True)
    tags.change(at.ann, at.ids[:1], add=["bad judge"])
    tags.change(at.ben, at.ids[:1], add=["mine"])
    assert at.seen(at.ben, 0) == ("mine",)
    assert at.seen(at.curator, 0) == ("bad judge", "mine")
    assert tags.of_sample(at.ben, at.ids[0]) == SampleTags(("mine",), ("mine",))
    assert tags.of_sample(at.curator, at.ids[0]) == SampleTags(("bad judge", "mine"), ())
    with pytest.raises(NotFound):
        tags.of_sample(rows.make_actor(), at.ids[0])
    assert filter_choices.read(at.ben, at.round.id).tags == ()
    with pytest.raises(PermissionDenied, match="tags"):
        at.places(at.ben, tag=("mine",))
    rows.make_decision(at.samples[0], at.ben)
    assert at.seen(at.ben, 0) == ("bad judge", "mine")
    assert tags.of_sample(at.ben, at.ids[0]) == SampleTags(("bad judge", "mine"), ("mine",))


def test_what_cannot_be_tagged_says_why() -> None:
    at = Tagging(status=RoundStatus.done)
    other = Tagging(status=RoundStatus.done)
    elsewhere = rows.make_samples(rows.make_round(at.project), rows.make_prompt_set(at.project))
    for ids, words, error, why in (
        (at.ids[:1], ["a,b"], InvalidInput, "no comma"),
        (at.ids[:1], ["x" * 41], InvalidInput, "40"),
        (at.ids[:1], [], InvalidInput, "No tag"),
        ([at.ids[0], elsewhere[0].id], ["x"], InvalidInput, "one round"),
        ([at.ids[0], 10**9], ["x"], NotFound, "no sample"),
        ([at.ids[0], other.ids[0]], ["x"], NotFound, "no sample"),
    ):
        with pytest.raises(error, match=why):
            tags.change(at.ann, ids, add=words)
    with pytest.raises(PermissionDenied):
        tags.change(at.viewer, at.ids[:1], add=["x"])
    with pytest.raises(PermissionDenied):
        tags.change_all(at.ann, at.round.id, Filters(), add=["x"])


def test_samples_are_listed_by_who_wrote_and_who_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    at = Tagging(status=RoundStatus.done)
    rows.make_judgments(at.samples[:4], judge="first")
    rows.make_judgments(at.samples[2:], judge="second")
    policy = at.round.policy_id
    assert at.places(at.viewer, judge="second") == [2, 3, 4, 5]
    assert at.places(at.viewer, judge="second", judged_by=policy + 1) == []
    assert at.places(at.viewer, judge="first", judged_by=policy, verdict=("accept",)) == [1, 3]
    assert at.places(at.viewer, checkpoint=policy, text="nothing") == []
    assert at.places(at.viewer, checkpoint=policy) == [0, 1, 2, 3, 4, 5]
    rows.make_decision(at.samples[0], at.ann)
    for looked_at in (1_000, 4):
        monkeypatch.setattr(filter_choices, "LOOKED_AT", looked_at)
        monkeypatch.setattr(filter_choices, "IN_BLOCK", 2)
        choices = filter_choices.read(at.viewer, at.round.id)
        assert choices.judges == ("first", "second")
        assert [row.id for row in choices.checkpoints] == [policy] == [row.id for row in choices.judging_checkpoints]
        assert [row.name for row in choices.reviewers] == [at.ann.name]
