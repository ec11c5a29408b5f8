"""Vectors of a round's samples and their clusters: made by a worker, so that similar samples can be listed."""

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from backend.config import settings
from backend.db import reading, session, tables
from backend.db.inserting import insert_into
from backend.db.many import among, in_chunks
from backend.embeddings import clusters, static_model, vectors
from backend.embeddings.static_model import TextModel
from backend.errors import InvalidInput, MissingPrerequisite, NotFound
from backend.jobs import JobProgress
from backend.likeness import words
from backend.pipeline.stage import Finish
from backend.services import installation
from backend.services.access import Actor
from backend.services.checkpoints import model_folders
from backend.services.questions import neighbours
from backend.services.rounds import get_row
from backend.services.samples import round_jobs
from backend.services.samples.round_jobs import RoundJob, RoundWork
from backend.values import JSON, Verdict

WORK = RoundWork("embeddings", verb="make vectors", doing="makes vectors of this round")
LONGEST = 8_000
"""So many characters of a text are read."""
AT_ONCE = 500
READ_FOR_WORDS = 50_000
"""So many samples are read for the words of clusters, evenly from all of them."""
TYPICAL = 3


@dataclass(frozen=True)
class EmbeddingJob(RoundJob):
    """A job that makes vectors. `num_vectors`: those there are at its end; None before. `model`:
    what made them; `is_stand_in`: it is made of token embeddings, for lack of a model for similarity."""

    num_vectors: int | None
    num_clusters: int | None
    model: str | None
    is_stand_in: bool


def newest(actor: Actor, round_id: int) -> EmbeddingJob | None:
    """The last job that made vectors of a round; None before the first."""
    with reading() as db:
        job = round_jobs.newest(db, get_row(db, actor, round_id), WORK)
    if job is None:
        return None
    result = job.spec.get("result", {})
    told = (result.get("num_vectors"), len(result["clusters"]) if result else None)
    by = (result.get("model"), bool(result.get("is_stand_in")))
    return EmbeddingJob(*round_jobs.fields(job), *told, *by)


def run(job_id: int, progress: JobProgress) -> Finish:
    """Make the vectors, batch by batch after those that there are; then put all samples into clusters."""
    installation.require_own_folder()  # files of rounds that are not here are deleted
    with reading() as db:
        round_id = int(db.get_one(tables.Job, job_id).spec["round_id"])
        round_ = db.get(tables.Round, round_id)
        if round_ is None:
            raise NotFound("The round was deleted. There is nothing left to do.")
        base = base_model(db, round_)
        name = neighbours.name_of(round_)
        old = neighbours.clustering_of(db, round_)
        named = db.execute(select(tables.Round.id, tables.Round.created_at)).tuples()
        vectors.delete_others({vectors.name_of(*of_round) for of_round in named})
    model = open_model(base[1] if base else None)
    make_vectors(round_id, name, model, progress)
    rows = vectors.read_rows(name, model.fingerprint)
    if rows is None:
        raise InvalidInput("This round has no samples yet. Make vectors when there are some.")
    # Texts without words have no direction.
    parts = [rows["vector"][n : n + AT_ONCE].any(axis=1) for n in range(0, len(rows), AT_ONCE)]
    has_words = numpy.concatenate(parts)
    ids, known = rows["id"][has_words], rows["vector"][has_words]
    means = numpy.zeros((0, model.size), dtype=numpy.float32)
    if len(known):
        means = clusters.centers(known, clusters.number_of(len(known)))
    numbers = [clusters.closest(known[n : n + AT_ONCE], means) for n in range(0, len(known), AT_ONCE)]
    places = numpy.concatenate(numbers) if numbers else numpy.zeros(0, dtype=numpy.int64)
    places, means = clusters.by_size(places, means)
    delete_clusters(round_id, {job_id, old})
    write_clusters(round_id, job_id, ids.tolist(), (places + 1).tolist(), progress)
    told: list[JSON] = []
    for number, apart in enumerate(cluster_words(ids, places, len(means))):
        size, middle = int((places == number).sum()), typical(known, ids, means, places, number)
        told.append({"cluster": number + 1, "size": size, "typical": middle, "words": apart})
    with reading() as db:
        for number, figures in cluster_figures(db, round_id, job_id).items():
            told[number - 1] |= figures

    def finish(db: Session) -> None:
        job = db.get_one(tables.Job, job_id)
        result = {"num_vectors": len(rows), "clusters": [entry for entry in told if entry["size"]]}
        job.spec = job.spec | {"result": result | made_by(base[0] if base else "")}

    return finish


def open_model(folder: Path | None) -> TextModel:
    """The model of the settings, else one of the base model's token embeddings."""
    if settings().embedding_model:
        return static_model.open_folder(Path(settings().embedding_model).expanduser())
    if folder is None:
        raise InvalidInput(
            "The models of this round are served elsewhere, so that there is no base model on this machine to take "
            "token embeddings from. Give a folder of model2vec by RONDO_EMBEDDING_MODEL."
        )
    return static_model.distilled(folder)


def made_by(base: str) -> JSON:
    """What the vectors are of: the model of the settings, else the base model of this name."""
    if settings().embedding_model:
        return {"model": Path(settings().embedding_model).name, "is_stand_in": False}
    return {"model": base, "is_stand_in": True}


def base_model(db: Session, round_: tables.Round) -> tuple[str, Path] | None:
    """Name and folder of the oldest ancestor of the round's policy that is on this machine, so that a project's rounds
    have one model for vectors; None where there is none."""
    base, seen = None, set[int]()
    number: int | None = round_.policy_id
    while number is not None and number not in seen:
        seen.add(number)
        checkpoint = db.get_one(tables.Checkpoint, number)
        if checkpoint.kind in ("base", "full") and checkpoint.location:
            folder = _folder(checkpoint.location)
            base = base if folder is None else (checkpoint.name, folder)
        number = checkpoint.parent_id
    return base


def _folder(location: str) -> Path | None:
    try:
        folder = model_folders.here(location)
    except (InvalidInput, MissingPrerequisite):
        return None
    return folder if folder is not None and any(folder.glob("*.safetensors")) else None


def make_vectors(round_id: int, name: str, model: TextModel, progress: JobProgress) -> None:
    """Add the vectors of samples that have none. Those after one that was left out are made again."""
    sample, label = tables.Sample, tables.Label
    with reading() as db:
        known = db.scalars(select(label.sample_id).where(label.round_id == round_id).order_by(label.sample_id))
        here = numpy.fromiter(known, dtype=numpy.int64)
    total = len(here)
    with vectors.VectorWriter(name, model.size, model.fingerprint) as writer:
        late = numpy.setdiff1d(here[here <= writer.last_id], writer.ids)
        if len(late):
            writer.keep_before(int(late[0]))
        progress.start(total, "samples", min(total, writer.number))
        last = writer.last_id
        while True:
            with reading() as db:
                query = select(sample.id, func.substr(sample.text, 1, LONGEST))
                query = query.join(label, label.sample_id == sample.id)
                query = query.where(label.round_id == round_id, sample.id > last).order_by(sample.id).limit(AT_ONCE)
                texts = db.execute(query).tuples().all()
            if not texts:
                return
            ids = [sample_id for sample_id, _ in texts]
            writer.add(ids, model.encode([text for _, text in texts]))
            last = ids[-1]
            progress.advance(len(ids))


def delete_clusters(round_id: int, kept: Collection[int | None]) -> None:
    """Delete what other jobs wrote than these, in short transactions: they ended, or another took their place."""
    table = tables.ClusteredSample
    others = (table.round_id == round_id, table.job_id.not_in([job_id for job_id in kept if job_id is not None]))
    while True:
        with session() as db:
            some = db.execute(select(table.job_id, table.sample_id).where(*others).limit(AT_ONCE)).all()
            for job_id in {job_id for job_id, _ in some}:
                ids = [sample_id for of_job, sample_id in some if of_job == job_id]
                db.execute(delete(table).where(table.job_id == job_id, among(table.sample_id, ids)))
        if not some:
            return


def write_clusters(
    round_id: int, job_id: int, ids: Sequence[int], places: Sequence[int], progress: JobProgress
) -> None:
    """Write the cluster of each sample, in short transactions: others write meanwhile. Those of the last job are shown
    until this one is done."""
    table, label = tables.ClusteredSample, tables.Label
    for some in in_chunks(list(zip(ids, places, strict=True)), AT_ONCE):
        with session() as db:
            # A sample that was deleted meanwhile has a vector still.
            here = set(
                db.scalars(select(label.sample_id).where(among(label.sample_id, [sample_id for sample_id, _ in some])))
            )
            of = {"round_id": round_id, "job_id": job_id}
            rows = [of | {"sample_id": sample_id, "cluster": place} for sample_id, place in some if sample_id in here]
            if rows:
                insert = insert_into(db, table)
                new = {"cluster": insert.excluded.cluster}
                db.execute(insert.on_conflict_do_update(index_elements=["sample_id", "job_id"], set_=new), rows)
        progress.advance(0)


def typical(known: Any, ids: Any, means: Any, places: Any, number: int) -> list[int]:
    """The samples of a cluster that are closest to its middle."""
    members = numpy.flatnonzero(places == number)
    likeness = known[members].astype(numpy.float32) @ means[number]
    return [int(ids[members[place]]) for place in numpy.argsort(-likeness, kind="stable")[:TYPICAL]]


def cluster_words(ids: Any, places: Any, number: int) -> list[list[str]]:
    """The words of each cluster that others have least."""
    counts: list[Counter[str]] = [Counter() for _ in range(number)]
    sample, every = tables.Sample, max(1, len(ids) // READ_FOR_WORDS)
    sizes = [0] * number
    cluster_of = dict(zip(ids[::every].tolist(), places[::every].tolist(), strict=True))
    for some in in_chunks(list(cluster_of)):
        with reading() as db:
            query = select(sample.id, func.substr(sample.text, 1, LONGEST)).where(among(sample.id, some))
            for sample_id, text in db.execute(query).tuples():
                counts[cluster_of[sample_id]].update(clusters.told_words(words(text)))
                sizes[cluster_of[sample_id]] += 1
    return clusters.distinctive(counts, sizes)


def cluster_figures(db: Session, round_id: int, job_id: int) -> dict[int, JSON]:
    """The pass rate and the judge's mean of each cluster of the round, by its number."""
    clustered, label = tables.ClusteredSample, tables.Label
    accepted = func.count().filter(label.verdict == Verdict.accept)
    query = select(clustered.cluster, func.count(label.verdict), accepted, func.avg(label.machine_score))
    query = query.join(label, label.sample_id == clustered.sample_id)
    query = query.where(clustered.round_id == round_id, clustered.job_id == job_id)
    rows = db.execute(query.group_by(clustered.cluster)).tuples()
    return {
        number: {"pass_rate": passed / judged if judged else None, "judge_mean": None if mean is None else float(mean)}
        for number, judged, passed, mean in rows
    }
