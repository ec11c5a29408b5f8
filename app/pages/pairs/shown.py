"""What the pair builder shows, as texts."""

from app.widgets import drop_bars
from backend.services.pairs.choosing import SelectingRound
from backend.services.pairs.openings import Way
from backend.services.pairs.previews import PairPreview
from backend.values import JSON


def result(preview: PairPreview, knobs: JSON) -> JSON:
    """Rows, drops as bars, the gap in length, pairs of each category, examples."""
    return {
        "rows": f"{preview.rows:,}",
        "of": f"pairs of {preview.prompts:,} prompts with {preview.samples:,} samples",
        "gap": gap(preview.length_gap),
        "drops": drop_bars.bars((reason, count, "") for reason, count in preview.dropped.items()),
        "categories": [{"name": name, "count": f"{count:,}"} for name, count in preview.categories.items()],
        "others": f"and {more:,} other categories"
        if (more := preview.num_categories - len(preview.categories))
        else "",
        "category": knobs.get("category", ""),
        "none": "No pair is left. Lower the margin, or ask for fewer reviewers." if not preview.rows else "",
        "examples": [
            {
                "prompt": example.prompt,
                "chosen": example.chosen,
                "rejected": example.rejected,
                "margin": "set apart by people" if example.margin is None else f"margin {example.margin:.3g}",
                "target": f"samples?sample={example.chosen_id}",
                "other": f"samples?sample={example.rejected_id}",
            }
            for example in preview.examples
        ],
    }


BUTTONS = {
    Way.after_review: "Make it the round's selector",
    Way.again: "Select again with these pairs",
    Way.branch: "Launch a branch with these pairs",
    Way.none: "Make it the round's selector",
}


def chosen(choice: SelectingRound) -> str:
    """What became of the knobs."""
    if choice.branch_of_number is not None:
        return (
            f"Round {choice.number}, a branch of round {choice.branch_of_number}, is launched by job {choice.job_id}."
        )
    how = "It selects once its review is closed." if choice.job_id is None else f"Job {choice.job_id} selects now."
    return f"Round {choice.number} has its selector. {how}"


def gap(characters: float | None) -> str:
    """`The chosen texts are 120 characters longer on average.`"""
    if characters is None:
        return "The gap in length is not known without pairs."
    if abs(characters) < 0.5:
        return "The chosen texts are as long as the rejected ones on average."
    word = "longer" if characters > 0 else "shorter"
    return f"The chosen texts are {abs(characters):,.0f} characters {word} than the rejected ones on average."
