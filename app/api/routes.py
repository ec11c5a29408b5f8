"""All routes of REST. To import them takes a fourth of a start's time, so a server may leave that for later."""

from copy import copy

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from app.api import (
    arenas,
    audit,
    checkpoints,
    comments,
    curating,
    datasets,
    desk,
    errors,
    hub_datasets,
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
    sample_tags,
    sample_views,
    samples,
    scans,
    team,
    templates,
    trainings,
    trash,
    users,
    vectors,
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
    sample_tags,
    sample_exports,
    hub_datasets,
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
    vectors,
    warnings,
)

ASKED_MOST = tuple(f"/api/v1/rounds/{{round_id}}/{path}" for path in ("decisions", "review/claims"))
"""With every key. Routes are looked through in their order, some two hundred of them; these come first, once more."""


def rest_routes() -> list[BaseRoute]:
    """Return the routes in their order; the last one answers whatever is no route."""
    whole = APIRouter()
    for noun in NOUNS:
        whole.include_router(noun.router, prefix="/api/v1", responses=errors.RESPONSES)
    whole.add_api_route("/api/{rest:path}", _nothing, methods=METHODS, include_in_schema=False)
    first = [copy(route) for route in whole.routes if isinstance(route, APIRoute) and route.path in ASKED_MOST]
    for route in first:
        route.include_in_schema = False  # what describes them stays in its place
    return [*first, *whole.routes]


def _nothing(request: Request) -> None:
    """Answer here what would otherwise fall through to the pages."""
    raise NotFound(f"There is no {request.method} {request.url.path}. /api/v1/openapi.json lists what there is.")
