"""Clusters of a round's samples, as its last job made them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend.db import reading, tables
from backend.db.many import among
from backend.errors import PermissionDenied
from backend.services.access import Actor
from backend.services.questions import neighbours
from backend.services.rounds import get_row, review_scope
from backend.services.samples import visibility
from backend.services.samples.rows import PREVIEW


@dataclass(frozen=True)
class TypicalSample:
    """A sample close to the middle of its cluster; `text` is its beginning."""

    id: int
    text: str


@dataclass(frozen=True)
class SampleCluster:
    """A cluster. `words`: those that others have least. `pass_rate` and `judge_mean` are as of `at`; None where there
    are none, or they are hidden until the review is over."""

    cluster: int
    size: int
    words: tuple[str, ...]
    typical: tuple[TypicalSample, ...]
    pass_rate: float | None
    judge_mean: float | None
    at: datetime | None


def list_clusters(actor: Actor, round_id: int) -> list[SampleCluster]:
    """The round's clusters, the largest first; none before a job has made them, or after the samples
    were archived.

    Raises `PermissionDenied` where a blind review hides some of the texts: words of clusters would tell of them.
    """
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        kept = visibility.hidden(db, actor, round_)
        if kept.judge and review_scope.steps_shown(round_):
            raise PermissionDenied(f"You cannot see clusters until this round is reviewed. {visibility.TOLD}")
        job = db.get(tables.Job, neighbours.clustering_of(db, round_) or 0)
        sizes = _sizes(db, round_id, job.id) if job else {}
        entries = list((job.spec.get("result") or {}).get("clusters", ())) if job else []
        texts = _texts(db, (id_ for entry in entries for id_ in entry["typical"]))
        at = job.finished_at if job else None
    clusters = []
    for entry in (entry for entry in entries if entry["cluster"] in sizes):
        typical = tuple(TypicalSample(id_, texts[id_]) for id_ in entry["typical"] if id_ in texts)
        pass_rate, mean = (None, None) if kept else (entry.get("pass_rate"), entry.get("judge_mean"))
        words = tuple(entry["words"])
        clusters.append(SampleCluster(entry["cluster"], sizes[entry["cluster"]], words, typical, pass_rate, mean, at))
    return sorted(clusters, key=lambda cluster: (-cluster.size, cluster.cluster))


def _sizes(db: Session, round_id: int, job_id: int) -> dict[int, int]:
    """How many samples of each cluster there are now."""
    clustered = tables.ClusteredSample
    query = select(clustered.cluster, func.count()).where(clustered.round_id == round_id, clustered.job_id == job_id)
    return dict(db.execute(query.group_by(clustered.cluster)).tuples().all())


def _texts(db: Session, sample_ids: Iterable[int]) -> dict[int, str]:
    sample = tables.Sample
    query = select(sample.id, func.substr(sample.text, 1, PREVIEW)).where(among(sample.id, list(sample_ids)))
    return dict(db.execute(query).tuples().all())
