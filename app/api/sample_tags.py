"""Tags on samples: short words by which people find them again."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.depends import Asking
from app.api.sample_views import ViewFilters
from backend.boundary import Id, Line
from backend.errors import InvalidInput
from backend.services.samples import tags
from backend.services.samples.tags import SampleTags, Tagged

router = APIRouter(tags=["samples"])

SomeTags = Annotated[list[Line], Field(max_length=10)]


class TagChange(BaseModel):
    """Up to ten tags."""

    model_config = ConfigDict(extra="forbid")

    add: SomeTags = []
    remove: SomeTags = []


class TagsOfRound(TagChange):
    """Of these samples, or of what the filters find; `{}` finds all samples of the round."""

    sample_ids: Annotated[list[Id], Field(max_length=1000)] = []
    filters: ViewFilters | None = None


@router.get("/samples/{sample_id}/tags")
def get_tags(actor: Asking, sample_id: Id) -> SampleTags:
    """The tags of a sample, as far as one sees them now, and those of one's own among them."""
    return tags.of_sample(actor, sample_id)


@router.post("/samples/{sample_id}/tags")
def change_tags(actor: Asking, sample_id: Id, body: TagChange) -> Tagged:
    """Put tags to a sample and take others away: one's own, as a curator everybody's."""
    return tags.change(actor, [sample_id], add=body.add, remove=body.remove)


@router.post("/rounds/{round_id}/tags")
def change_tags_of_round(actor: Asking, round_id: Id, body: TagsOfRound) -> Tagged:
    """The same for these samples of the round, or, as a curator, for everything that the filters find."""
    if body.filters is not None and not body.sample_ids:
        return tags.change_all(actor, round_id, body.filters.asked(), add=body.add, remove=body.remove)
    if body.filters is not None:
        raise InvalidInput("Name samples, or filters, not both. Leave one of them out.")
    if not body.sample_ids:
        raise InvalidInput("No sample is named. Give `sample_ids`, or `filters`, which as {} find all of the round.")
    return tags.change(actor, body.sample_ids, add=body.add, remove=body.remove, round_id=round_id)
