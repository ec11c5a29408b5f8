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


def rows(preview: PreviewView | None) -> JSON:
    """What the trainer would read; empty before it was looked at."""
    report = preview.result.get("preflight") if preview is not None else None
    if preview is None or report is None:
        return {}
    looked = Preflight(
        preview.job_id or 0, preview.project_id, None, None, preview.status, None, {}, report, preview.created_at
    )
    return (training_shown.report(looked) or {}) | {"id": preview.id, "dataset": "", "is_there": True}


def preview(view: PreviewView) -> JSON:
    """A preview as far as it is."""
    result = view.result
    groups = result.get("groups", [])
    estimate = result["estimate"]["full"]
    return {
        "id": view.id,
        "title": f"Preview {view.id}: {view.plan.recipe.get('title') or view.plan.recipe.get('name')}",
        "badge": BADGES.get(view.status, ""),
        "status": str(view.status),
        "said": f"by {view.created_by or 'somebody'}, {moment(view.created_at)}",
        "progress": _progress(view),
        "error": view.error or "",
        "empty": result.get("empty", ""),
        "warnings": estimate["warnings"],
        "facts": [{"name": name, "value": value} for name, value in _facts(view)],
        "loose": _loose(view),
        "links": _links(view),
        "steps": [
            {"line": step["line"] or "The schedule tries changes out", "said": _took(step)}
            for step in result.get("took", [])
        ],
        "not_run": "; ".join(view.not_run),
        "groups": [_group(n, group, result.get("dropped", {})) for n, group in enumerate(groups, start=1)],
        "more": _more(result),
        "masked": MASKED if view.is_masked else "",
        "funnels": [_funnel(funnel) for funnel in result.get("funnels", [])],
        "left_out": [f"{entry['stage']}: {entry['reason']}" for entry in result.get("left_out", [])],
        "no_preflight": result.get("no_preflight", ""),
    }


def _more(result: JSON) -> str:
    """What there is beside what is shown."""
    samples = [sample for group in result.get("groups", []) for sample in group["samples"]]
    counts = [(len(samples), result.get("num_samples", 0), "texts")]
    counts.append(
        (
            sum(len(sample.get("judgments", [])) for sample in samples),
            result.get("num_judgments", 0),
            "replies of judges",
        )
    )
    return " ".join(f"{shown:,} of {number:,} {what} are shown." for shown, number, what in counts if shown < number)


def _progress(preview: PreviewView) -> str:
    if preview.is_over:
        return ""
    if preview.status is JobStatus.queued:
        # The pace of the first job is written where it hands on to the second.
        worker = "that trains " if "is_timed" in preview.result else ""
        return f"Job {preview.job_id} waits in the queue. A worker {worker}takes it next."
    step = len(preview.result.get("took", [])) + 1
    return f"Step {step} of the recipe runs: {preview.done:,} of {preview.total:,} {preview.unit}".rstrip()


def _facts(preview: PreviewView) -> list[tuple[str, str]]:
    took, estimate = preview.result.get("took", []), preview.result["estimate"]["full"]
    facts = [("prompts", f"{preview.num_prompts} of {preview.plan.num_prompts:,}")]
    if took:
        facts.append(("took", duration(sum(step["seconds"] for step in took))))
    facts.append(("the full round makes", f"{estimate['samples']:,} samples, {estimate['judge_calls']:,} judge calls"))
    if estimate["seconds"] is not None:
        facts.append(("all of it, by rounds before", f"about {duration(estimate['seconds'])}"))
    elif preview.seconds is not None:
        facts.append(("its steps up to the training, at most", f"{duration(preview.seconds)} (a loose bound)"))
    for spent in preview.result.get("spent", []):
        facts.append((f"asked of {spent['endpoint']}", _spent(spent)))
    return facts


def _loose(preview: PreviewView) -> str:
    """What the bound is of, and why it is loose; empty where it does not stand there."""
    if preview.seconds is None or preview.result["estimate"]["full"]["seconds"] is not None:
        return ""
    return (
        f"The bound is of: {'; '.join(preview.timed)}. Training and measuring are not in it. So few prompts fill no "
        "batch, so the full round may take a small part of that."
    )


def _spent(spent: JSON) -> str:
    """`12 requests, 3,400 tokens, cost 0.02`."""
    tokens = spent["tokens_in"] + spent["tokens_out"]
    facts = [f"{spent['requests']:,} requests", f"{tokens:,} tokens"]
    if spent["unpriced"] < tokens:
        facts.append(f"cost {spent['cost']:.3g}")
    return ", ".join([*facts, *missing(spent["uncounted"], spent["unpriced"])])


def _links(preview: PreviewView) -> list[JSON]:
    links = [{"target": f"new-round?preview={preview.id}", "text": "Back to the form with these settings"}]
    if preview.job_id is not None:
        links.append({"target": f"jobs?job={preview.job_id}", "text": "Job and log"})
    return links


def _took(step: JSON) -> str:
    if step["loading"] < 0.5:
        return duration(step["seconds"])
    return f"{duration(step['seconds'])}, {duration(step['loading'])} of it to load the model"


def _group(number: int, group: JSON, dropped: JSON) -> JSON:
    reasons = []
    for step, of_groups in dropped.items():
        left_out = dict(of_groups.get(str(group["id"]), {}))
        unit = left_out.pop("unit", "samples")
        reasons += [f"{count} {unit}: {reason} (step {int(step) + 1})" for reason, count in left_out.items() if count]
    about = f", about text {group['about']}" if group["about"] else ""
    return {
        "head": f"Question {number}, of step {group['step'] + 1}{about}",
        "messages": group["messages"],
        "answer": group["answer"],
        "dropped": "; ".join(reasons),
        "samples": [_sample(sample) for sample in group["samples"]],
    }


def _sample(sample: JSON) -> JSON:
    if "kept" not in sample:
        return {"fate": "", "badge": "", "facts": ", ".join(_about(sample)), "text": sample["text"], "judgments": []}
    kept = sample["kept"]
    fate, badge = FATES[kept[-1]["as"]] if kept else ("not kept", "")
    verdict = "no verdict in any reply" if sample["is_unparsed"] else sample["verdict"] or "no verdict"
    facts: list[str] = [f"text {sample['id']}", verdict]
    if sample["score"] is not None:
        facts.append(f"score {sample['score']:.3g}")
    facts += _about(sample)[1:]
    if sample["role"] != "policy":
        facts.append(f"by {sample['role']}")
    return {
        "id": sample["id"],
        "fate": fate,
        "badge": badge,
        "facts": ", ".join(facts),
        "text": sample["text"],
        "judgments": [{"head": _said(judgment), "raw": judgment["raw"]} for judgment in sample["judgments"]],
    }


def _about(sample: JSON) -> list[str]:
    """The text's number, and what is known of it without a judge."""
    facts = [f"text {sample['id']}", f"{sample['tokens']:,} tokens"]
    return [*facts, "cut off at the token limit"] if sample["finish_reason"] == "length" else facts


def _said(judgment: JSON) -> str:
    score = "no score" if judgment["score"] is None else f"score {judgment['score']:.3g}"
    return f"{judgment['judge']}: {score}"


def _funnel(funnel: JSON) -> JSON:
    stages: list[Any] = []
    for stage in funnel["stages"]:
        reasons = "; ".join(f"{reason}: {count:,}" for reason, count in stage["dropped"].items())
        stages.append(f"{stage['stage']}: {stage['count']:,}" + (f" (dropped: {reasons})" if reasons else ""))
    return {"head": f"{funnel['line']}: {funnel['rows']:,} {funnel['type']} rows", "stages": stages}
