"""What the pair builder shows, as texts."""

from app.widgets import drop_bars
from backend.services.pairs.choosing import Chosen
from backend.services.pairs.openings import Way
from backend.services.pairs.previews import PairPreview
from backend.values import JSON


def result(found: PairPreview, knobs: JSON) -> JSON:
    """Rows, drops as bars, the gap in length, pairs of each category, examples."""
    return {
        "rows": f"{found.rows:,}",
        "of": f"pairs of {found.prompts:,} prompts with {found.samples:,} samples",
        "gap": gap(found.length_gap),
        "drops": drop_bars.bars((reason, count, "") for reason, count in found.dropped.items()),
        "categories": [{"name": name, "count": f"{count:,}"} for name, count in found.categories.items()],
        "others": f"and {more:,} other categories" if (more := found.num_categories - len(found.categories)) else "",
        "category": knobs.get("category", ""),
        "none": "No pair is left. Lower the margin, or ask for fewer reviewers." if not found.rows else "",
        "examples": [
            {
                "prompt": one.prompt,
                "chosen": one.chosen,
                "rejected": one.rejected,
                "margin": "set apart by people" if one.margin is None else f"margin {one.margin:.3g}",
                "target": f"samples?sample={one.chosen_id}",
                "other": f"samples?sample={one.rejected_id}",
            }
            for one in found.examples
        ],
    }


BUTTONS = {
    Way.after_review: "Make it the round's selector",
    Way.again: "Select again with these pairs",
    Way.branch: "Launch a branch with these pairs",
    Way.none: "Make it the round's selector",
}


def chosen(made: Chosen) -> str:
    """What became of the knobs."""
    if made.branch_of_number is not None:
        return f"Round {made.number}, a branch of round {made.branch_of_number}, is launched by job {made.job_id}."
    how = "It selects once its review is closed." if made.job_id is None else f"Job {made.job_id} selects now."
    return f"Round {made.number} has its selector. {how}"


def gap(characters: float | None) -> str:
    """`The chosen texts are 120 characters longer on average.`"""
    if characters is None:
        return "The gap in length is not known without pairs."
    if abs(characters) < 0.5:
        return "The chosen texts are as long as the rejected ones on average."
    word = "longer" if characters > 0 else "shorter"
    return f"The chosen texts are {abs(characters):,.0f} characters {word} than the rejected ones on average."
