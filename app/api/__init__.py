"""REST under /api/v1: one router a noun, each route one service call."""

from fastapi import FastAPI

from app.api import errors


def add_to(app: FastAPI) -> None:
    """Add all routes and the shape of errors."""
    from app.api import routes  # noqa: PLC0415 - half a second of imports

    errors.add_to(app)
    app.router.routes += routes.rest_routes()
