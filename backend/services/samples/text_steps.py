"""The steps of a round that made texts, as lists of samples name them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from backend import recipes
from backend.db import reading, tables
from backend.db.filters import Filters, decode_facet
from backend.db.listing import scope
from backend.services.access import Actor
from backend.services.rounds import get_row
from backend.services.samples import visibility


@dataclass(frozen=True)
class TextStep:
    """A step that makes texts: its place among the recipe's steps, from 0, and its name, or else its part's."""

    step: int
    name: str

    def __str__(self) -> str:
        """As people read it; they count steps from 1."""
        return f"{self.step + 1}. {self.name}"


def steps(actor: Actor, round_id: int) -> list[TextStep]:
    """The steps whose texts the actor may see; empty where all texts are one step's, as in a recipe of slots."""
    with reading() as db:
        round_ = get_row(db, actor, round_id)
        shown = visibility.narrowed(visibility.hidden(db, actor, round_), round_, Filters())
        known = named(db, round_)
        steps_ = [TextStep(step, name) for step, name in known.items() if not shown.step or step in shown.step]
    return steps_ if len(steps_) > 1 else []


def named(db: Session, round_: tables.Round) -> dict[int, str]:
    """The names of the steps that make texts, and of all that made some, in order; empty for a recipe of slots."""
    if "steps" not in round_.recipe and "phases" not in round_.recipe:
        return {}
    places = recipes.read(round_.recipe).places(round_.phase)
    steps_made = {decode_facet(code)["step"] for code in scope(db, round_.id, Filters()).facets}
    numbers = sorted({place.index for place in places if place.step.kind == "generator"} | steps_made)
    return {n: places[n].step.name or str(places[n].step.part.name) for n in numbers if n < len(places)}
