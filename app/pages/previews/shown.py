"""What the page says of a preview, as texts."""

from typing import Any

from app.pages.training import shown as training_shown
from app.widgets.formats import done_of, duration, missing, round_time
from app.widgets.times import moment
from app.widgets.value_words import word
from backend.services.previews import PreviewRow, PreviewView
from backend.services.rounds.preflights import Preflight
from backend.translations import N_, gettext, ngettext
from backend.values import JSON, JobStatus

BADGES = {JobStatus.running: "accent", JobStatus.done: "ok", JobStatus.failed: "bad"}
FATES = {
    "kept": (N_("kept"), "ok"),
    "chosen": (N_("chosen side"), "ok"),
    "rejected": (N_("rejected side"), "warn"),
    "bad": (N_("kept as a bad one"), "warn"),
}

MASKED = N_(
    "What judges said of these texts and what was kept is shown to curators: the same texts may come up in a blind "
    "review."
)


def choice(row: PreviewRow) -> tuple[str, int]:
    """A preview in the list of them."""
    text = ngettext(
        "Preview {id}: {recipe}, {number} prompt, {when}, {status}",
        "Preview {id}: {recipe}, {number} prompts, {when}, {status}",
        row.num_prompts,
    )
    values = {"id": row.id, "recipe": row.recipe, "number": row.num_prompts, "status": word(row.status)}
    return text.format(**values, when=moment(row.created_at)), row.id


def nothing(missing: str) -> JSON:
    """What stands where no preview is shown."""
    return {"message": missing or gettext("No round of this project was previewed yet.")}


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
        "title": gettext("Preview {id}: {recipe}").format(
            id=view.id, recipe=view.plan.recipe.get("title") or view.plan.recipe.get("name")
        ),
        "badge": BADGES.get(view.status, ""),
        "status": word(view.status),
        "said": gettext("by {name}, {when}").format(
            name=view.created_by or gettext("somebody"), when=moment(view.created_at)
        ),
        "progress": _progress(view),
        "error": view.error or "",
        "empty": result.get("empty", ""),
        "warnings": estimate["warnings"],
        "facts": [{"name": name, "value": value} for name, value in _facts(view)],
        "loose": _loose(view),
        "links": _links(view),
        "steps": [
            {"line": step["line"] or gettext("The schedule tries changes out"), "said": _took(step)}
            for step in result.get("took", [])
        ],
        "not_run": "; ".join(view.not_run),
        "groups": [_group(n, group, result.get("dropped", {})) for n, group in enumerate(groups, start=1)],
        "more": _more(result),
        "masked": gettext(MASKED) if view.is_masked else "",
        "funnels": [_funnel(funnel) for funnel in result.get("funnels", [])],
        "left_out": [f"{gettext(entry['stage'])}: {entry['reason']}" for entry in result.get("left_out", [])],
        "no_preflight": result.get("no_preflight", ""),
    }


def _more(result: JSON) -> str:
    """What there is beside what is shown."""
    samples = [sample for group in result.get("groups", []) for sample in group["samples"]]
    replies = sum(len(sample.get("judgments", [])) for sample in samples)
    counts = [
        (len(samples), result.get("num_samples", 0), gettext("{shown} of {number} texts are shown.")),
        (replies, result.get("num_judgments", 0), gettext("{shown} of {number} replies of judges are shown.")),
    ]
    told = [text.format(shown=f"{shown:,}", number=f"{number:,}") for shown, number, text in counts if shown < number]
    return " ".join(told)


def _progress(preview: PreviewView) -> str:
    if preview.is_over:
        return ""
    if preview.status is JobStatus.queued:
        # The pace of the first job is written where it hands on to the second.
        text = gettext("Job {number} waits in the queue. A worker takes it next.")
        if "is_timed" in preview.result:
            text = gettext("Job {number} waits in the queue. A worker that trains takes it next.")
        return text.format(number=preview.job_id)
    step = len(preview.result.get("took", [])) + 1
    far = done_of(preview.done, preview.total, preview.unit).rstrip()
    return gettext("Step {number} of the recipe runs: {done}").format(number=step, done=far)


def _facts(preview: PreviewView) -> list[tuple[str, str]]:
    took, estimate = preview.result.get("took", []), preview.result["estimate"]["full"]
    of = gettext("{number} of {whole}")
    facts = [(gettext("prompts"), of.format(number=preview.num_prompts, whole=f"{preview.plan.num_prompts:,}"))]
    if took:
        facts.append((gettext("took"), duration(sum(step["seconds"] for step in took))))
    makes = gettext("{samples} samples, {calls} judge calls")
    makes = makes.format(samples=f"{estimate['samples']:,}", calls=f"{estimate['judge_calls']:,}")
    facts.append((gettext("the full round makes"), makes))
    if estimate["seconds"] is not None:
        # What was kept before there was a pace without rounds has no such field.
        is_measured = estimate.get("is_measured", True)
        about = round_time(estimate["seconds"], estimate.get("seconds_at_most"), is_measured=is_measured)
        facts.append((gettext("all of it, by rounds before") if is_measured else gettext("all of it"), about))
    elif preview.seconds is not None:
        facts.append(
            (
                gettext("its steps up to the training, at most"),
                gettext("{time} (a loose bound)").format(time=duration(preview.seconds)),
            )
        )
    for spent in preview.result.get("spent", []):
        facts.append((gettext("asked of {endpoint}").format(endpoint=spent["endpoint"]), _spent(spent)))
    return facts


def _loose(preview: PreviewView) -> str:
    """What the bound is of, and why it is loose; empty where it does not stand there."""
    if preview.seconds is None or preview.result["estimate"]["full"]["seconds"] is not None:
        return ""
    text = gettext(
        "The bound is of: {steps}. Training and measuring are not in it. So few prompts fill no batch, so the full "
        "round may take a small part of that."
    )
    return text.format(steps="; ".join(preview.timed))


def _spent(spent: JSON) -> str:
    """`12 requests, 3,400 tokens, cost 0.02`."""
    tokens = spent["tokens_in"] + spent["tokens_out"]
    requests = ngettext("{number} request", "{number} requests", spent["requests"])
    facts = [
        requests.format(number=f"{spent['requests']:,}"),
        ngettext("{number} token", "{number} tokens", tokens).format(number=f"{tokens:,}"),
    ]
    if spent["unpriced"] < tokens:
        facts.append(gettext("cost {number}").format(number=f"{spent['cost']:.3g}"))
    return ", ".join([*facts, *missing(spent["uncounted"], spent["unpriced"])])


def _links(preview: PreviewView) -> list[JSON]:
    links = [{"target": f"new-round?preview={preview.id}", "text": gettext("Back to the form with these settings")}]
    if preview.job_id is not None:
        links.append({"target": f"jobs?job={preview.job_id}", "text": gettext("Job and log")})
    return links


def _took(step: JSON) -> str:
    if step["loading"] < 0.5:
        return duration(step["seconds"])
    text = gettext("{time}, {loading} of it to load the model")
    return text.format(time=duration(step["seconds"]), loading=duration(step["loading"]))


def _group(number: int, group: JSON, dropped: JSON) -> JSON:
    reasons = []
    for step, of_groups in dropped.items():
        left_out = dict(of_groups.get(str(group["id"]), {}))
        unit = left_out.pop("unit", "samples")
        text = gettext("{number} {unit}: {reason} (step {step})")
        reasons += [
            text.format(number=count, unit=gettext(unit), reason=gettext(reason), step=int(step) + 1)
            for reason, count in left_out.items()
            if count
        ]
    head = gettext("Question {number}, of step {step}")
    if group["about"]:
        head = gettext("Question {number}, of step {step}, about text {text}")
    return {
        "head": head.format(number=number, step=group["step"] + 1, text=group["about"]),
        "messages": group["messages"],
        "answer": group["answer"],
        "dropped": "; ".join(reasons),
        "samples": [_sample(sample) for sample in group["samples"]],
    }


def _sample(sample: JSON) -> JSON:
    if "kept" not in sample:
        return {"fate": "", "badge": "", "facts": ", ".join(_about(sample)), "text": sample["text"], "judgments": []}
    kept = sample["kept"]
    fate, badge = FATES[kept[-1]["as"]] if kept else (N_("not kept"), "")
    verdict = word(sample["verdict"]) or gettext("no verdict")
    if sample["is_unparsed"]:
        verdict = gettext("no verdict in any reply")
    facts: list[str] = [gettext("text {number}").format(number=sample["id"]), verdict]
    if sample["score"] is not None:
        facts.append(gettext("score {score}").format(score=f"{sample['score']:.3g}"))
    facts += _about(sample)[1:]
    if sample["role"] != "policy":
        facts.append(gettext("by {name}").format(name=sample["role"]))
    return {
        "id": sample["id"],
        "fate": gettext(fate),
        "badge": badge,
        "facts": ", ".join(facts),
        "text": sample["text"],
        "judgments": [{"head": _said(judgment), "raw": judgment["raw"]} for judgment in sample["judgments"]],
    }


def _about(sample: JSON) -> list[str]:
    """The text's number, and what is known of it without a judge."""
    tokens = ngettext("{number} token", "{number} tokens", sample["tokens"])
    facts = [gettext("text {number}").format(number=sample["id"]), tokens.format(number=f"{sample['tokens']:,}")]
    return [*facts, gettext("cut off at the token limit")] if sample["finish_reason"] == "length" else facts


def _said(judgment: JSON) -> str:
    score = gettext("no score")
    if judgment["score"] is not None:
        score = gettext("score {score}").format(score=f"{judgment['score']:.3g}")
    return f"{judgment['judge']}: {score}"


def _funnel(funnel: JSON) -> JSON:
    stages: list[Any] = []
    for stage in funnel["stages"]:
        reasons = "; ".join(f"{gettext(reason)}: {count:,}" for reason, count in stage["dropped"].items())
        counted = f"{gettext(stage['stage'])}: {stage['count']:,}"
        dropped = gettext("{stage} (dropped: {reasons})").format(stage=counted, reasons=reasons)
        stages.append(dropped if reasons else counted)
    rows = ngettext("{number} {kind} row", "{number} {kind} rows", funnel["rows"])
    rows = rows.format(number=f"{funnel['rows']:,}", kind=funnel["type"])
    return {"head": f"{funnel['line']}: {rows}", "stages": stages}
