"""REST under /api/v1: one router a noun, each route one service call."""

from fastapi import FastAPI, Request

from app.api import (
    arenas,
    audit,
    checkpoints,
    comments,
    curating,
    datasets,
    desk,
    errors,
    jobs,
    judge_benches,
    judging,
    notices,
    pairs,
    previews,
    projects,
    prompts,
    questions,
    recipes,
    reviews,
    rewrites,
    rounds,
    sample_exports,
    sample_imports,
    sample_views,
    samples,
    scans,
    team,
    templates,
    trainings,
    trash,
    users,
    warnings,
    webhooks,
    workers,
)
from backend.errors import NotFound

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
NOUNS = (
    projects,
    prompts,
    templates,
    recipes,
    rounds,
    previews,
    judging,
    rewrites,
    sample_views,
    samples,
    sample_exports,
    sample_imports,
    comments,
    reviews,
    desk,
    questions,
    curating,
    pairs,
    team,
    jobs,
    workers,
    trainings,
    checkpoints,
    arenas,
    judge_benches,
    datasets,
    audit,
    trash,
    users,
    notices,
    webhooks,
    scans,
    warnings,
)


def add_to(app: FastAPI) -> None:
    """Add all routes and the shape of errors."""
    errors.add_to(app)
    for noun in NOUNS:
        app.include_router(noun.router, prefix="/api/v1", responses=errors.RESPONSES)
    app.add_api_route("/api/{rest:path}", _nothing, methods=METHODS, include_in_schema=False)


def _nothing(request: Request) -> None:
    """Answer here what would otherwise fall through to the pages."""
    raise NotFound(f"There is no {request.method} {request.url.path}. /api/v1/openapi.json lists what there is.")
