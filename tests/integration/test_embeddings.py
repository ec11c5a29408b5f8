"""Vectors of a round: made by a worker, for similar samples and clusters; a blind review hides what it hides elsewhere."""

from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import delete, select

import backend.demo
from app.pages.samples import sample_clusters as page
from backend.config import settings
from backend.db import reading, session, tables
from backend.db.filters import Filters, Sort, SortKey
from backend.embeddings import vectors
from backend.errors import Conflict, InvalidInput, PermissionDenied
from backend.jobs import JobProgress, transitions
from backend.pipeline.run import run_job
from backend.services import installation, samples, stage_process
from backend.services.projects import own_files
from backend.services.questions import neighbours
from backend.services.rounds import review_scope
from backend.services.samples import embeddings, exports, round_jobs, sample_clusters, similar
from backend.services.samples.exports import ExportRequest
from backend.values import Role, RoundStatus, Stage, Verdict
from tests import rows
from tests.integration import site

pytestmark = pytest.mark.usefixtures("database")
MODEL = Path(backend.demo.__path__[0]) / "model"
CATS, SUMS = "the cat sees a cat and likes the cat", "3 + 4 = 7 and 7 + 1 = 8"


def work(job_id: int) -> None:
    with reading() as db:
        job = db.get_one(tables.Job, job_id)
    others = {stage_process.EMBEDDINGS: stage_process.make_embeddings}
    assert run_job(job_id, transitions.start(job.id, job.workflow_id, "here") or 0, others=others) == 0


class Embedded:
    """Two rounds of a project, four samples each: of cats and of sums, in turns. The first has vectors."""

    def __init__(self) -> None:
        self.project = rows.make_project()
        policy = rows.make_checkpoint(self.project, location=str(MODEL))
        asked = rows.make_prompt_set(self.project, prompts=["1", "2"])
        self.rounds = [rows.make_round(self.project, policy, sets=[asked], status=RoundStatus.done) for _ in range(2)]
        texts = [CATS, SUMS, f"{CATS} so much", f"{SUMS} and 9"]
        self.ids = [
            [sample.id for sample in rows.make_samples(round_, asked, texts=texts, scores=[1.0, 0.0])]
            for round_ in self.rounds
        ]
        self.curator, self.viewer = (rows.make_actor(self.project, role) for role in (Role.curator, Role.viewer))
        work(round_jobs.start(self.curator, self.rounds[0].id, embeddings.WORK))

    def listed(self, round_: int = 0, **filters: object) -> list[int]:
        page_ = samples.page(self.viewer, self.rounds[round_].id, Filters(**filters))  # type: ignore[arg-type]
        return [row.id for row in page_.rows]


def test_similar_samples_come_the_closest_first_and_clusters_hold_what_is_alike() -> None:
    world = Embedded()
    first, (cat, sums, more_cats, more_sums) = world.rounds[0], world.ids[0]
    near = samples.page(world.viewer, first.id, Filters(similar=cat), limit=2)
    assert [row.id for row in near.rows] == [cat, more_cats]
    assert near.rows[0].similarity == pytest.approx(1.0, abs=0.01)
    assert near.count.number == 4
    after = samples.page(world.viewer, first.id, Filters(similar=cat), cursor=near.next_cursor, limit=2)
    assert {row.id for row in after.rows} == {sums, more_sums}
    assert after.next_cursor is None
    back = samples.page(world.viewer, first.id, Filters(similar=cat), cursor=after.prev_cursor, limit=2)
    assert [row.id for row in back.rows] == [cat, more_cats]
    assert back.prev_cursor is None
    # What is labelled leaves the list, and none is passed over for that.
    with session() as db:
        db.get_one(tables.Label, cat).verdict = None
    rest = samples.page(
        world.viewer, first.id, Filters(similar=cat, verdict=("accept", "reject")), cursor=near.next_cursor, limit=2
    )
    assert {row.id for row in rest.rows} == {sums, more_sums}
    with session() as db:
        db.get_one(tables.Label, cat).verdict = Verdict.accept
    with pytest.raises(InvalidInput, match="is not one"):
        samples.page(world.viewer, first.id, Filters(similar=cat), cursor="near50")
    both = Filters(similar=cat, duplicates="first")
    assert [row.id for row in samples.page(world.viewer, first.id, both, limit=1).rows] == [cat]
    by_score = samples.page(world.viewer, first.id, Filters(similar=cat), Sort(SortKey.score))
    assert by_score.rows[0].score == 0.0, "another order is kept"
    assert world.listed(similar=cat, text="so much") == [more_cats]
    clusters = sample_clusters.list_clusters(world.viewer, first.id)
    of_cats = next(cluster for cluster in clusters if "cat" in cluster.words)
    assert [(cluster.cluster, cluster.size) for cluster in clusters] == [(1, 2), (2, 2)]
    assert (of_cats.pass_rate, of_cats.judge_mean) == (1.0, 1.0)
    assert {entry.id for entry in of_cats.typical} == {cat, more_cats}
    assert set(world.listed(cluster=of_cats.cluster)) == {cat, more_cats}
    request = ExportRequest((first.id,), Filters(cluster=of_cats.cluster))
    assert exports.count(world.viewer, world.project.id, request) == 2
    with pytest.raises(InvalidInput, match="has no vector"):
        world.listed(similar=world.ids[1][0])
    with pytest.raises(InvalidInput, match="no sample 987654"):
        world.listed(similar=987654)
    work(round_jobs.start(world.curator, world.rounds[1].id, embeddings.WORK))
    assert world.listed(1, similar=cat)[0] == world.ids[1][0], "a round's list by a sample of another"
    everywhere = similar.nearest(world.viewer, cat, limit=3)
    assert [entry.sample.id for entry in everywhere] == [world.ids[1][0], more_cats, world.ids[1][2]]
    with site.with_token(world.viewer) as client:
        told = client.get(f"/api/v1/samples/{cat}/similar", params={"limit": 1, "text": "so much"}).json()
        assert [entry["sample"]["id"] for entry in told] == [more_cats]
        assert len(client.get(f"/api/v1/rounds/{first.id}/clusters").json()) == 2
        assert client.get(f"/api/v1/rounds/{first.id}/vectors").json()["num_vectors"] == 4


def test_a_job_adds_what_lacks_and_a_blind_review_hides_pass_rates() -> None:
    world = Embedded()
    first = world.rounds[0]
    with pytest.raises(PermissionDenied):
        round_jobs.start(world.viewer, first.id, embeddings.WORK)
    job_id = round_jobs.start(world.curator, first.id, embeddings.WORK)
    with pytest.raises(Conflict, match=f"Job {job_id}"):
        round_jobs.start(world.curator, first.id, embeddings.WORK)
    vectors.path_of(neighbours.name_of(first)).unlink()
    assert not similar.has_vectors(first.id)
    work(job_id)
    done = embeddings.newest(world.viewer, first.id)
    assert done is not None
    assert (done.num_vectors, done.num_clusters) == (4, 2)
    text = page.state_of(done, [])["text"]
    assert "4 samples have a vector" in text
    assert f"the token embeddings of {done.model}. They stand in" in text
    with session() as db:
        round_ = db.get_one(tables.Round, first.id)
        round_.status, round_.stage, round_.is_reviewed, round_.is_blind = RoundStatus.review, Stage.review, True, True
    reviewer = rows.make_actor(world.project, Role.reviewer)
    hidden = sample_clusters.list_clusters(reviewer, first.id)
    assert {(cluster.pass_rate, cluster.judge_mean) for cluster in hidden} == {(None, None)}
    near = similar.nearest(reviewer, world.ids[0][0])
    assert {(entry.sample.verdict, entry.sample.score) for entry in near} == {(None, None)}
    with pytest.raises(PermissionDenied):
        samples.page(reviewer, first.id, Filters(cluster=1, verdict=("accept",)))
    elsewhere = rows.make_project()
    stranger, other = rows.make_actor(elsewhere, Role.admin), rows.make_round(elsewhere, status=RoundStatus.done)
    with pytest.raises(InvalidInput, match="no sample"):
        samples.page(stranger, other.id, Filters(similar=world.ids[0][0]))
    with site.with_token(stranger) as client:
        answer = client.get(f"/api/v1/samples/{world.ids[0][0]}/similar")
        assert answer.status_code == 404
        assert answer.json() == {"error": answer.json()["error"] | {"type": "NotFound"}}
        assert f"no sample {world.ids[0][0]}" in answer.json()["error"]["message"]


def test_texts_that_a_blind_review_hides_have_no_neighbours_and_no_clusters(monkeypatch: pytest.MonkeyPatch) -> None:
    world = Embedded()
    first, ids = world.rounds[0], world.ids[0]
    with session() as db:
        round_ = db.get_one(tables.Round, first.id)
        round_.status, round_.stage, round_.is_reviewed, round_.is_blind = RoundStatus.review, Stage.review, True, True
    monkeypatch.setattr(review_scope, "steps_shown", lambda round_: (7,))
    reviewer = rows.make_actor(world.project, Role.reviewer)
    assert samples.page(reviewer, first.id, Filters(cluster=1)).rows == ()
    for ask in (
        lambda: samples.page(reviewer, first.id, Filters(similar=ids[0])),
        lambda: similar.nearest(reviewer, ids[0]),
        lambda: sample_clusters.list_clusters(reviewer, first.id),
    ):
        with pytest.raises(PermissionDenied):
            ask()
    assert len(sample_clusters.list_clusters(world.curator, first.id)) == 2
    assert len(samples.page(world.curator, first.id, Filters(similar=ids[0])).rows) == 4


def test_vectors_and_clusters_are_those_of_the_round_and_of_the_job_that_is_done() -> None:
    world = Embedded()
    first, ids = world.rounds[0], world.ids[0]
    name = neighbours.name_of(first)
    with reading() as db:
        assert vectors.path_of(name) in own_files.places(db, [world.project.id])
        old = neighbours.clustering_of(db, first)
    assert old is not None
    # Another round of this number, as SQLite makes it after the last is deleted, has none of its vectors.
    with session() as db:
        db.get_one(tables.Round, first.id).created_at += timedelta(seconds=1)
    assert not similar.has_vectors(first.id)
    with session() as db:
        db.get_one(tables.Round, first.id).created_at -= timedelta(seconds=1)
    before = [(entry.cluster, entry.size) for entry in sample_clusters.list_clusters(world.viewer, first.id)]
    listed = [world.listed(cluster=number) for number, _ in before]
    # A job that was killed half-way wrote this, and counts in nothing.
    with session() as db:
        db.add(tables.ClusteredSample(sample_id=ids[0], job_id=old + 1_000, round_id=first.id, cluster=7))
    assert [world.listed(cluster=number) for number, _ in before] == listed
    assert world.listed(cluster=7) == []
    # A sample that came late lies between those that have a vector.
    job_id = round_jobs.start(world.curator, first.id, embeddings.WORK)
    with vectors.VectorWriter(name, 64, vectors.fingerprint_of(name) or "") as writer:
        rest = [vectors.vector_of(name, sample_id) for sample_id in ids[2:]]
        writer.keep_before(ids[1])
        writer.add(ids[2:], rest)
    (settings().folder / installation.OF_DATABASE).write_text("another")
    with pytest.raises(Conflict, match="none is deleted"):
        embeddings.run(job_id, JobProgress(job_id, 1))
    (settings().folder / installation.OF_DATABASE).unlink()
    work(job_id)
    rows_ = vectors.read_rows(name)
    assert rows_ is not None
    assert rows_["id"].tolist() == ids
    with reading() as db:
        assert set(db.scalars(select(tables.ClusteredSample.job_id))) == {old, job_id}
        assert neighbours.clustering_of(db, first) == job_id
    with session() as db:
        db.execute(delete(tables.ClusteredSample))
    assert sample_clusters.list_clusters(world.viewer, first.id) == [], "as after an archived round came back"
