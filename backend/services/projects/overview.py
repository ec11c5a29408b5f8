"""A project's loop at a glance: one line a round, and the one thing to do next."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from backend import jobs
from backend.db import reading, tables
from backend.differences import Difference
from backend.errors import Conflict
from backend.services import review_settings, rounds
from backend.services.access import Actor, require, role_of
from backend.services.decisions import item_counts
from backend.services.held_out import baseline, by_category
from backend.services.results import loop_tree
from backend.services.results.paired import of_pairs
from backend.services.results.round_starts import RoundStart, starts_of
from backend.services.results.starts import BestRound, best_round, highest_lines, name, recommended
from backend.services.results.summaries import RoundLine, RunningJob, lines_of
from backend.services.rounds import job_steps, judge_warnings
from backend.translations import N_, gettext, in_sentence
from backend.values import JobStatus, Role, RoundStatus, Split

FROM_BEFORE = N_("Start round {number} from {name}")
WAITS_AGAIN = N_(
    "Round {number} waits for people again, as nothing was kept: {decided} of {whole} {items} are decided, {left} left."
)


@dataclass(frozen=True)
class NextAction:
    """The one recommended thing to do. `target`: a page with its query; `parent_id`: the round a launch starts from.

    `cancels_id`: the waiting round that may be cancelled instead. `far`: how far the round is that is watched, which
    changes all the time.
    """

    kind: str
    label: str
    why: str
    target: str
    parent_id: int | None = None
    cancels_id: int | None = None
    far: str = ""


@dataclass(frozen=True)
class Loop:
    """All that the overview shows."""

    project_id: int
    project: str
    lines: tuple[RoundLine, ...]
    next_action: NextAction
    stops_id: int | None = None
    """The newest round that others follow by themselves, for those who may stop them."""
    best: BestRound | None = None
    judges: Mapping[int, judge_warnings.JudgeSeen] = field(default_factory=dict)
    """What the judge's light says of rounds that are done, by round, as far as that is known yet."""

    @property
    def rounds(self) -> tuple[RoundLine, ...]:
        return tuple(line for line in self.lines if line.round_id is not None)


def loop(actor: Actor, project_id: int) -> Loop:
    """Return the project's rounds, oldest first after the base, and what to do next."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        project = db.get_one(tables.Project, project_id)
        lines = _compared(db, project_id, _changed(db, lines_of(db, project_id)))
        action, best = _next_action(db, project_id, lines), _best(db, project_id, lines)
        judges = judge_warnings.of_rounds(db, project_id)
        role = role_of(db, actor, project_id) or Role.viewer
    following = [line.round_id for line in lines if line.follows and role.rank >= Role.curator.rank]
    stops_id = following[-1] if following else None
    return Loop(project.id, project.name, lines, _allowed(action, role), stops_id, best, judges)


def starts(actor: Actor, project_id: int) -> tuple[RoundStart, ...]:
    """Return what a round can start from: the rounds that have a checkpoint, oldest first, after the bases."""
    with reading() as db:
        require(db, actor, project_id, Role.viewer)
        return starts_of(db, project_id)


def _changed(db: Session, lines: tuple[RoundLine, ...]) -> tuple[RoundLine, ...]:
    """The lines with their difference to what each comes from, and to the base at the head of it."""
    ups, tops = loop_tree.above(lines), list[int]()
    for n, up in enumerate(ups):
        tops.append(n if up is None else tops[up])
    to_parent = _differences(db, lines, dict(enumerate(ups)))
    to_base = _differences(db, lines, {n: top for n, top in enumerate(tops) if top not in (n, ups[n])})
    return tuple(
        replace(line, to_parent=to_parent.get(n), to_base=to_base.get(n), base=lines[tops[n]].checkpoint)
        for n, line in enumerate(lines)
    )


def _differences(db: Session, lines: tuple[RoundLine, ...], olds: Mapping[int, int | None]) -> dict[int, Difference]:
    """How lines differ from others, both by their places."""
    pairs, times, tops = {}, {}, highest_lines(lines)
    for n, old in olds.items():
        before, after = lines[old].accuracy if old is not None else None, lines[n].accuracy
        if before is not None and after is not None:
            pairs[n] = (before.metric_id, after.metric_id)
            times[n] = max(tops.get(before.metric_id, 1), tops.get(after.metric_id, 1))
    return of_pairs(db, pairs, times=times)


def _best(db: Session, project_id: int, lines: tuple[RoundLine, ...]) -> BestRound | None:
    """The best round with its differences to others, and what got better in it."""
    best = best_round(db, lines)
    if best is None:
        return None
    old, new = best.line.policy_id, best.line.checkpoint_id
    start = next((line for line in lines if line.checkpoint_id == old), None) if old is not None else None
    others = {0: best.second} | ({1: best.base} if best.base else {}) | ({2: start} if start else {})
    pairs = {
        n: (line.accuracy.metric_id, best.line.accuracy.metric_id)
        for n, line in others.items()
        if line.accuracy and best.line.accuracy
    }
    gaps = of_pairs(db, pairs, times=dict.fromkeys(pairs, best.of))
    risen = None if old is None or new is None else by_category.risen(db, project_id, old, new)
    return replace(best, to_second=gaps.get(0), to_base=gaps.get(1), start=start, to_start=gaps.get(2), risen=risen)


def _compared(db: Session, project_id: int, lines: tuple[RoundLine, ...]) -> tuple[RoundLine, ...]:
    """The lines with their difference to the project's baseline: the rounds after it."""
    base = baseline.of_project(db, project_id)
    if base is None:
        return lines
    measured = {
        line.checkpoint_id: line.accuracy.metric_id
        for line in lines
        if line.accuracy and line.checkpoint_id is not None
    }
    tops, rows = highest_lines(lines), {metric_id: checkpoint_id for checkpoint_id, metric_id in measured.items()}
    of = {rows[metric_id]: number for metric_id, number in tops.items() if metric_id in rows}
    differences = baseline.differences(db, base, measured, of)
    return tuple(
        replace(
            line,
            is_baseline=line.checkpoint_id == base.checkpoint_id,
            to_baseline=differences.get(line.checkpoint_id or 0) if line.number > (base.round_number or 0) else None,
        )
        for line in lines
    )


def launch_next(actor: Actor, project_id: int, *, expected: list[object] | None = None) -> int:
    """Launch the recommended round as it stands and return its id.

    `expected` is what the person saw, [kind, parent id, number of rounds]: a second click, or a click on an old page,
    launches nothing.
    """
    seen = loop(actor, project_id)
    action = seen.next_action
    now = [action.kind, action.parent_id, len(seen.rounds)]
    if action.kind not in ("next", "restart") or expected not in (None, now):
        raise Conflict("The loop has gone on since this page was drawn, so nothing was launched. Look at it again.")
    plan = rounds.defaults(actor, project_id, action.parent_id)
    return rounds.launch(actor, project_id, plan, after_number=max(line.number for line in seen.lines))


def _next_action(db: Session, project_id: int, lines: tuple[RoundLine, ...]) -> NextAction:
    if not lines:
        return _first_action(db, project_id)
    launched = [line for line in lines if line.round_id is not None]
    waiting = [line for line in launched if line.status is RoundStatus.review]
    if waiting:
        return _review(db, waiting[-1])
    held = [line for line in launched if line.status is RoundStatus.held]
    if held:
        return _held(db, held[-1])
    running = [line for line in launched if line.status is RoundStatus.running]
    if running:
        return _watch(db, running[-1])
    return _stopped(db, launched[-1]) or _launch(db, lines)


def _first_action(db: Session, project_id: int) -> NextAction:
    prompt_set, checkpoint = tables.PromptSet, tables.Checkpoint
    prompts = db.scalar(
        select(func.sum(prompt_set.num_prompts)).where(
            prompt_set.project_id == project_id, prompt_set.split == Split.train
        )
    )
    if not prompts:
        return NextAction(
            "import",
            gettext("Import prompts"),
            gettext("A round starts from prompts, and there are none yet."),
            "prompts",
        )
    if db.scalar(select(checkpoint.id).where(checkpoint.project_id == project_id).limit(1)) is None:
        why = gettext("The prompts are there. Now say which model answers them.")
        return NextAction("register", gettext("Register a checkpoint"), why, "checkpoints")
    why = gettext("{number} prompts and a checkpoint are ready.").format(number=f"{prompts:,}")
    return NextAction("launch", gettext("Launch the first round"), why, "new-round")


def _review(db: Session, line: RoundLine) -> NextAction:
    round_ = db.get_one(tables.Round, line.round_id)
    settings = review_settings.read(round_.review)
    counts = item_counts.count_now_and_then(db, round_.id, settings)
    what = gettext("groups") if settings.by_group else gettext("samples")
    if line.error:
        text = gettext(WAITS_AGAIN)
    else:
        text = gettext("Round {number} waits for people: {decided} of {whole} {items} are decided, {left} left.")
    numbers = {"decided": counts.complete, "whole": counts.items, "left": counts.items - counts.complete}
    why = text.format(number=line.number, items=what, **{name_: f"{value:,}" for name_, value in numbers.items()})
    target = f"review?round={line.round_id}"
    label = gettext("Review round {number}").format(number=line.number)
    return NextAction("review", label, why, target, cancels_id=line.round_id)


def _held(db: Session, line: RoundLine) -> NextAction:
    """A red light of the judge waits for a curator's decision."""
    reason = db.get_one(tables.Round, line.round_id).hold.get("said", "")
    why = gettext("Round {number} is held before its training. {reason}").format(number=line.number, reason=reason)
    target = f"round?round={line.round_id}"
    label = gettext("Look at the judge of round {number}").format(number=line.number)
    return NextAction("held", label, why, target, cancels_id=line.round_id)


def _watch(db: Session, line: RoundLine) -> NextAction:
    job, label = line.progress, gettext("Watch round {number}").format(number=line.number)
    if job is None:
        why = gettext("Round {number} is about to {stage}.")
        return NextAction("watch", label, why.format(number=line.number, stage=gettext(str(line.stage))), "jobs")
    far = _far(job) if job.total else gettext(job.status.value)
    known = job_steps.places_of(db, [line.round_id or 0])
    where = job_steps.line(known, line.round_id, job.stage, job.step)
    place = where.replace(": ", ", ") if where else gettext("the stage {stage}").format(stage=gettext(job.stage))
    why = gettext("Round {number} is in {place}:").format(number=line.number, place=place)
    return NextAction("watch", label, why, f"jobs?job={job.job_id}", far=f"{far}.")


def _far(job: RunningJob) -> str:
    """`120 of 400 prompts`."""
    text = gettext("{number} of {whole} {unit}")
    return text.format(number=f"{job.done:,}", whole=f"{job.total:,}", unit=gettext(job.unit))


def _stopped(db: Session, line: RoundLine) -> NextAction | None:
    """What to do about the newest round where it failed, or was cancelled in the middle of a job."""
    job = db.scalars(select(tables.Job).where(tables.Job.id == jobs.newest_own(line.round_id))).one_or_none()
    target, stage = f"jobs?job={job.id}" if job else "jobs", gettext(str(line.stage))
    if line.status is RoundStatus.failed:
        why = gettext("Round {number} failed while it was to {stage}. What it wrote so far is kept.")
        label = gettext("See why round {number} failed").format(number=line.number)
        return NextAction("failed", label, why.format(number=line.number, stage=stage), target)
    if job is not None and job.status is JobStatus.cancelled:
        far = gettext(", {number} of {whole} {unit} done") if job.total else ""
        far = far.format(number=f"{job.done:,}", whole=f"{job.total:,}", unit=gettext(job.unit))
        why = gettext("Round {number} was cancelled while it was to {stage}{far}. It can go on from there.")
        label = gettext("Resume round {number}").format(number=line.number)
        return NextAction("resume", label, why.format(number=line.number, stage=stage, far=far), target)
    return None


def _launch(db: Session, lines: tuple[RoundLine, ...]) -> NextAction:
    """After the newest round: from where `starts.recommended` says."""
    start = recommended(db, lines)
    assert start is not None
    number, line = lines[-1].number + 1, start.line
    if line.round_id is None:
        label = gettext(FROM_BEFORE) if start.fell_from else gettext("Launch a round from {name}")
        label = label.format(number=number, name=name(line))
        return NextAction("launch", label, start.why, f"new-round?base={line.checkpoint_id}")
    target = f"new-round?from={line.round_id}"
    if start.fell_from:
        label = gettext(FROM_BEFORE).format(number=number, name=name(line))
        return NextAction("restart", label, start.why, target, line.round_id)
    label = gettext("Launch round {number} from {name}").format(number=number, name=line.checkpoint)
    return NextAction("next", label, start.why, target, line.round_id)


def _allowed(action: NextAction, role: Role) -> NextAction:
    """People who may not do the next thing are told who may."""
    needs = {
        "import": Role.curator,
        "register": Role.curator,
        "launch": Role.curator,
        "next": Role.curator,
        "restart": Role.curator,
        "resume": Role.curator,
        "held": Role.curator,
        "review": Role.reviewer,
    }
    needed = needs.get(action.kind, Role.viewer)
    if role.rank >= needed.rank:
        return action if role.rank >= Role.curator.rank else replace(action, cancels_id=None)
    next_ = gettext("Next, a {role} can: {act}.").format(role=gettext(needed), act=in_sentence(action.label))
    return NextAction("wait", "", f"{action.why} {next_}", "")
