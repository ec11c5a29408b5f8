"""Who has which role in a project, as a query."""

from sqlalchemy import BindParameter, Select, select
from sqlalchemy.orm import InstrumentedAttribute

from backend.db import tables
from backend.db.built import is_among
from backend.values import Role


def may_decide(
    project_id: int | InstrumentedAttribute[int] | BindParameter[int], role: Role = Role.reviewer
) -> Select[int]:
    """The ids of those who have at least that role in the project now: by default, who may decide on its items."""
    user, member = tables.User, tables.Membership
    is_member = (member.user_id == user.id) & (member.project_id == project_id)
    roles = [other for other in Role if other.rank >= role.rank]
    has_role = is_among(member.role, roles)
    return select(user.id).outerjoin(member, is_member).where(user.is_active, user.is_owner | has_role)
