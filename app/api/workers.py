"""Workers: who takes jobs, what each does, and what they are told."""

from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel

from app.api.depends import Asking
from backend.boundary import Id
from backend.services.operations import workers
from backend.services.operations.workers import WorkerView
from backend.values import WorkerOrder

router = APIRouter(tags=["workers"])


class WorkerAct(StrEnum):
    """What a worker is told: to take no new work, to end once what it does is done, or to take work again."""

    pause = "pause"
    drain = "drain"
    resume = "resume"


ORDERS = {WorkerAct.pause: WorkerOrder.pause, WorkerAct.drain: WorkerOrder.drain, WorkerAct.resume: WorkerOrder.work}
WorkerId = Annotated[str, Path(max_length=120, pattern="^[A-Za-z0-9][A-Za-z0-9._-]*$")]


class OrderedWorkers(BaseModel):
    """The workers that were told, and those of them that give no sign of life: they may never hear of it."""

    workers: list[str]
    silent: list[str]


@router.get("/workers")
def list_workers(actor: Asking) -> list[WorkerView]:
    """All workers of the installation, with all that they do. For owners."""
    return workers.listing(actor)


@router.get("/projects/{project_id}/workers")
def list_for_project(actor: Asking, project_id: Id) -> list[WorkerView]:
    """All workers; of work for other projects only that there is some."""
    return workers.listing(actor, project_id)


@router.post("/workers/{act}")
def tell_all(actor: Asking, act: WorkerAct) -> OrderedWorkers:
    """Tell all workers. Draining leaves out those that are part of a web process. For owners."""
    return OrderedWorkers(**vars(workers.tell(actor, ORDERS[act])))


@router.post("/workers/{worker_id}/{act}")
def tell(actor: Asking, worker_id: WorkerId, act: WorkerAct) -> OrderedWorkers:
    """Tell one worker. For owners."""
    return OrderedWorkers(**vars(workers.tell(actor, ORDERS[act], worker_id)))
