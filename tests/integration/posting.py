"""What tests of webhooks have in common: who sets them up, something to tell, and what is to be sent."""

from sqlalchemy import select

from backend.db import reading, session, tables
from backend.jobs import telling
from backend.services.access import Actor
from backend.services.people import accounts
from backend.values import NoticeKind, Role

URL = "https://example.org/rondo"


def tell(project: tables.Project, text: str = "Round 1 is done.") -> None:
    with session() as db:
        place = {"project_id": project.id, "path": "round?round=1"}
        telling.tell(db, NoticeKind.round_done, text=text, people=Role.curator, key=text, **place)


def waiting() -> list[tables.Delivery]:
    with reading() as db:
        return list(db.scalars(select(tables.Delivery).order_by(tables.Delivery.id)))


def owner() -> Actor:
    return accounts.local_owner(via="page")
