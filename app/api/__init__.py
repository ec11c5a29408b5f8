"""REST under /api/v1: one router a noun, each route one service call."""

from fastapi import FastAPI

from app.api import checkpoints, datasets, errors, jobs, projects, prompts, reviews, rounds, samples, templates, users

NOUNS = (projects, prompts, templates, rounds, samples, reviews, jobs, checkpoints, datasets, users)


def add_to(app: FastAPI) -> None:
    """Add all routes and the shape of errors."""
    errors.add_to(app)
    for noun in NOUNS:
        app.include_router(noun.router, prefix="/api/v1")
