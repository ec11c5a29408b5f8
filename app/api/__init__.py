"""REST under /api/v1: one router a noun, each route one service call."""

from fastapi import FastAPI

from app.api import errors, projects, users

ROUTERS = (projects.router, users.router)


def add_to(app: FastAPI) -> None:
    """Add all routes and the shape of errors."""
    errors.add_to(app)
    for router in ROUTERS:
        app.include_router(router, prefix="/api/v1")
