"""Views of samples: filters, an order and columns under a name."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.api.depends import After, Asking, Limit, Page, Version, cut
from backend.boundary import Count, Id, Line, Name, Score
from backend.services.samples import Filters, Sort, SortKey, views
from backend.services.samples.views import MOST_COLUMNS, ViewOfSamples, ViewQuery

router = APIRouter(tags=["samples"])

MOST_VALUES = 20
Several = Annotated[tuple[Line, ...], Field(max_length=MOST_VALUES)]


class ViewFilters(BaseModel):
    """The filters of a list; an empty one asks for all."""

    model_config = ConfigDict(extra="forbid")

    min_score: Score | None = None
    max_score: Score | None = None
    min_tokens: Count | None = None
    max_tokens: Count | None = None
    verdict: Several = ()
    source: Several = ()
    kind: Several = ()
    is_overridden: bool | None = None
    is_unparsed: bool | None = None
    is_truncated: bool | None = None
    is_flagged: bool | None = None
    text: Line = ""
    prompt: Line = ""
    step: tuple[Count, ...] = Field((), max_length=MOST_VALUES)
    decided: Literal["", "me", "others", "disputed", "not_me", "nobody"] = ""
    answer: tuple[Line, ...] = Field((), max_length=10)
    metadata: tuple[Line, ...] = Field((), max_length=10)
    duplicates: Literal["", "marked", "first"] = ""
    similar: Id | None = None
    cluster: Count | None = None
    reviewer: Id | None = None
    human_verdict: Several = ()
    checkpoint: Id | None = None
    judge: Line = ""
    judged_by: Id | None = None
    tag: tuple[Line, ...] = Field((), max_length=10)

    def asked(self) -> Filters:
        """Each value once."""
        given: dict[str, Any] = {name: getattr(self, name) for name in type(self).model_fields}
        for name in (*("verdict", "source", "kind", "step", "answer", "metadata"), "human_verdict", "tag"):
            given[name] = tuple(dict.fromkeys(given[name]))
        return Filters(**given)


class ViewContents(BaseModel):
    """What a list is asked for. `columns`: metadata of the prompts; null means the usual ones."""

    model_config = ConfigDict(extra="forbid")

    filters: ViewFilters = ViewFilters()
    sort: SortKey = SortKey.id
    descending: bool = False
    then: SortKey | None = None
    then_descending: bool = False
    columns: tuple[Line, ...] | None = Field(None, max_length=MOST_COLUMNS)

    def asked(self) -> ViewQuery:
        order = Sort(self.sort, descending=self.descending, then=self.then, then_descending=self.then_descending)
        return ViewQuery(self.filters.asked(), order, self.columns)


class NewSampleView(ViewContents):
    name: Name
    is_shared: bool = False


class SampleViewEdit(BaseModel):
    """What is left out stays; `shows` is replaced as a whole."""

    model_config = ConfigDict(extra="forbid")

    name: Name | None = None
    shows: ViewContents | None = None
    is_shared: bool | None = None
    version: Version = None


@router.get("/projects/{project_id}/sample-views")
def list_views(actor: Asking, project_id: Id, limit: Limit = 50, after: After = None) -> Page[ViewOfSamples]:
    """One's own views and those that are shared, by name."""
    return cut(views.list_views(actor, project_id), limit=limit, after=after, key=lambda view: view.id)


@router.post("/projects/{project_id}/sample-views", status_code=201)
def save_view(actor: Asking, project_id: Id, body: NewSampleView) -> ViewOfSamples:
    """Keep a view; to share it takes a curator."""
    return views.save(actor, project_id, body.name, body.asked(), is_shared=body.is_shared)


@router.get("/sample-views/{view_id}")
def get_view(actor: Asking, view_id: Id) -> ViewOfSamples:
    return views.get(actor, view_id)


@router.patch("/sample-views/{view_id}")
def edit_view(actor: Asking, view_id: Id, body: SampleViewEdit) -> ViewOfSamples:
    """Rename, change or share one's own; a shared one takes a curator."""
    asked = body.shows.asked() if body.shows else None
    return views.change(actor, view_id, name=body.name, asked=asked, is_shared=body.is_shared, version=body.version)


@router.delete("/sample-views/{view_id}", status_code=204)
def delete_view(actor: Asking, view_id: Id) -> None:
    """Delete one's own, or as a curator a shared one."""
    views.delete(actor, view_id)
