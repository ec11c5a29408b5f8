"""What the page says of a preview, as texts."""

from typing import Any

from app.pages.training import shown as training_shown
from app.widgets.formats import duration, missing
from app.widgets.times import moment
from backend.services.previews import PreviewRow, PreviewView
from backend.services.rounds.preflights import Preflight
from backend.values import JSON, JobStatus

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
FATES = {
    "kept": ("kept", "ok"),
    "chosen": ("chosen side", "ok"),
    "rejected": ("rejected side", "warn"),
    "bad": ("kept as a bad one", "warn"),
}

MASKED = (
    "What judges said of these texts and what was kept is shown to curators: the same texts may come up in a blind "
    "review."
)


def choice(row: PreviewRow) -> tuple[str, int]:
    """A preview in the list of them."""
    prompts = "1 prompt" if row.num_prompts == 1 else f"{row.num_prompts} prompts"
    return f"Preview {row.id}: {row.recipe}, {prompts}, {moment(row.created_at)}, {row.status}", row.id


def nothing(missing: str) -> JSON:
    """What stands where no preview is shown."""
    return {"message": missing or "No round of this project was previewed yet."}


def rows(found: PreviewView | None) -> JSON:
    """What the trainer would read; empty before it was looked at."""
    report = found.result.get("preflight") if found is not None else None
    if found is None or report is None:
        return {}
    looked = Preflight(
        found.job_id or 0, found.project_id, None, None, found.status, None, {}, report, found.created_at
    )
    return (training_shown.report(looked) or {}) | {"dataset": "", "is_there": True}


def preview(found: PreviewView) -> JSON:
    """A preview as far as it is."""
    result = found.result
    groups = result.get("groups", [])
    estimate = result["estimate"]["full"]
    return {
        "id": found.id,
        "title": f"Preview {found.id}: {found.plan.recipe.get('title') or found.plan.recipe.get('name')}",
        "badge": BADGES.get(found.status, ""),
        "status": str(found.status),
        "said": f"by {found.created_by or 'somebody'}, {moment(found.created_at)}",
        "progress": _progress(found),
        "error": found.error or "",
        "empty": result.get("empty", ""),
        "warnings": estimate["warnings"],
        "facts": [{"name": name, "value": value} for name, value in _facts(found)],
        "loose": _loose(found),
        "links": _links(found),
        "steps": [
            {"line": one["line"] or "The schedule tries changes out", "said": _took(one)}
            for one in result.get("took", [])
        ],
        "not_run": "; ".join(found.not_run),
        "groups": [_group(n, one, result.get("dropped", {})) for n, one in enumerate(groups, start=1)],
        "more": _more(result),
        "masked": MASKED if found.is_masked else "",
        "funnels": [_funnel(one) for one in result.get("funnels", [])],
        "left_out": [f"{one['stage']}: {one['reason']}" for one in result.get("left_out", [])],
        "no_preflight": result.get("no_preflight", ""),
    }


def _more(result: JSON) -> str:
    """What there is beside what is shown."""
    samples = [one for group in result.get("groups", []) for one in group["samples"]]
    counts = [(len(samples), result.get("num_samples", 0), "texts")]
    counts.append(
        (sum(len(one.get("judgments", [])) for one in samples), result.get("num_judgments", 0), "replies of judges")
    )
    return " ".join(f"{shown:,} of {number:,} {what} are shown." for shown, number, what in counts if shown < number)


def _progress(found: PreviewView) -> str:
    if found.is_over:
        return ""
    if found.status is JobStatus.queued:
        return f"Job {found.job_id} waits in the queue. A worker takes it next."
    step = len(found.result.get("took", [])) + 1
    return f"Step {step} of the recipe runs: {found.done:,} of {found.total:,} {found.unit}".rstrip()


def _facts(found: PreviewView) -> list[tuple[str, str]]:
    took, estimate = found.result.get("took", []), found.result["estimate"]["full"]
    facts = [("prompts", f"{found.num_prompts} of {found.plan.num_prompts:,}")]
    if took:
        facts.append(("took", duration(sum(one["seconds"] for one in took))))
    facts.append(("the full round makes", f"{estimate['samples']:,} samples, {estimate['judge_calls']:,} judge calls"))
    if estimate["seconds"] is not None:
        facts.append(("all of it, by rounds before", f"about {duration(estimate['seconds'])}"))
    elif found.seconds is not None:
        facts.append(("its steps up to the training, at most", f"{duration(found.seconds)} (a loose bound)"))
    for one in found.result.get("spent", []):
        facts.append((f"asked of {one['endpoint']}", _spent(one)))
    return facts


def _loose(found: PreviewView) -> str:
    """What the bound is of, and why it is loose; empty where it does not stand there."""
    if found.seconds is None or found.result["estimate"]["full"]["seconds"] is not None:
        return ""
    return (
        f"The bound is of: {'; '.join(found.timed)}. Training and measuring are not in it. So few prompts fill no "
        "batch, so the full round may take a small part of that."
    )


def _spent(one: JSON) -> str:
    """`12 requests, 3,400 tokens, cost 0.02`."""
    tokens = one["tokens_in"] + one["tokens_out"]
    said = [f"{one['requests']:,} requests", f"{tokens:,} tokens"]
    if one["unpriced"] < tokens:
        said.append(f"cost {one['cost']:.3g}")
    return ", ".join([*said, *missing(one["uncounted"], one["unpriced"])])


def _links(found: PreviewView) -> list[JSON]:
    links = [{"target": f"new-round?preview={found.id}", "text": "Back to the form with these settings"}]
    if found.job_id is not None:
        links.append({"target": f"jobs?job={found.job_id}", "text": "Job and log"})
    return links


def _took(one: JSON) -> str:
    if one["loading"] < 0.5:
        return duration(one["seconds"])
    return f"{duration(one['seconds'])}, {duration(one['loading'])} of it to load the model"


def _group(number: int, group: JSON, dropped: JSON) -> JSON:
    reasons = []
    for step, of_groups in dropped.items():
        found = dict(of_groups.get(str(group["id"]), {}))
        unit = found.pop("unit", "samples")
        reasons += [f"{count} {unit}: {reason} (step {int(step) + 1})" for reason, count in found.items() if count]
    about = f", about text {group['about']}" if group["about"] else ""
    return {
        "head": f"Question {number}, of step {group['step'] + 1}{about}",
        "messages": group["messages"],
        "answer": group["answer"],
        "dropped": "; ".join(reasons),
        "samples": [_sample(one) for one in group["samples"]],
    }


def _sample(one: JSON) -> JSON:
    if "kept" not in one:
        return {"fate": "", "badge": "", "facts": ", ".join(_about(one)), "text": one["text"], "judgments": []}
    kept = one["kept"]
    fate, badge = FATES[kept[-1]["as"]] if kept else ("not kept", "")
    verdict = "no verdict in any reply" if one["is_unparsed"] else one["verdict"] or "no verdict"
    facts: list[str] = [f"text {one['id']}", verdict]
    if one["score"] is not None:
        facts.append(f"score {one['score']:.3g}")
    facts += _about(one)[1:]
    if one["role"] != "policy":
        facts.append(f"by {one['role']}")
    return {
        "fate": fate,
        "badge": badge,
        "facts": ", ".join(facts),
        "text": one["text"],
        "judgments": [{"head": _said(judgment), "raw": judgment["raw"]} for judgment in one["judgments"]],
    }


def _about(one: JSON) -> list[str]:
    """The text's number, and what is known of it without a judge."""
    said = [f"text {one['id']}", f"{one['tokens']:,} tokens"]
    return [*said, "cut off at the token limit"] if one["finish_reason"] == "length" else said


def _said(judgment: JSON) -> str:
    score = "no score" if judgment["score"] is None else f"score {judgment['score']:.3g}"
    return f"{judgment['judge']}: {score}"


def _funnel(one: JSON) -> JSON:
    stages: list[Any] = []
    for stage in one["stages"]:
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in stage["dropped"].items())
        stages.append(f"{stage['stage']}: {stage['count']:,}" + (f" (dropped: {reasons})" if reasons else ""))
    return {"head": f"{one['line']}: {one['rows']:,} {one['type']} rows", "stages": stages}
