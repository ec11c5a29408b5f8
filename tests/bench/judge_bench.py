"""The judge bench: seconds from opening it to its last judge's figures, on labels of a perfect reviewer.

`python -m tests.bench.judge_bench [--labels 50] [--judges 4] [--prompts 60] [--real]`: the demo's first round, judged by
its own model, gold labels by the true checker; with `--real` SmolLM2 on the real demo's prompts and its checkers. The
judges are the demo's own, five votes of it, another template, and one that writes its check out at greater length.
"""

import argparse
import random
import time
from typing import TYPE_CHECKING

from sqlalchemy import select

from backend.db import reading, tables
from backend.values import JSON, Verdict
from tests.bench.place import data_folder, run_stage

if TYPE_CHECKING:
    from backend.services.access import Actor
    from backend.services.judge_bench.results import BenchView

BUDGET_SECONDS = 180.0


def judges_of(judge: JSON, number: int) -> list[JSON]:
    """The round's judge, and others made of it: more votes, other words, more room."""
    template = str(judge["template"])
    others: list[JSON] = [
        {},
        {"votes": 5, "temperature": 0.7},
        {"template": f"{template}\n"},
        {"votes": 3, "temperature": 1.0, "top_p": 0.95},
        {"max_tokens": int(judge["max_tokens"]) // 2},
        {"accept_at": 0.9, "votes": 5, "temperature": 0.7},
    ]
    return [judge | others[n % len(others)] for n in range(number)]


def mark_gold(actor: "Actor", round_id: int, labels: int, truth: dict[int, bool]) -> None:
    """Let the true checker's word be the known label of so many samples, drawn at random."""
    from backend.services.queue import gold

    drawn = random.Random(0).sample(sorted(truth), min(labels, len(truth)))
    for verdict in Verdict:
        ids = [id_ for id_ in drawn if truth[id_] is (verdict is Verdict.accept)]
        if ids:
            gold.mark(actor, round_id, ids, verdict)


def demo_truth(round_id: int) -> dict[int, bool]:
    """What the checker of the demo's task says of each sample."""
    from backend.demo import countdown

    sample, prompt = tables.Sample, tables.Prompt
    query = select(sample.id, prompt.text, sample.text).join(prompt, prompt.id == sample.prompt_id)
    with reading() as db:
        rows = db.execute(query.where(sample.round_id == round_id)).all()
    return {id_: countdown.is_correct(asked, text) for id_, asked, text in rows}


def answer_truth(round_id: int) -> dict[int, bool]:
    """Whether each sample gives the prompt's known answer."""
    from backend.judges.exact_match import ExactMatch
    from backend.pipeline import groups as group_values
    from backend.values import Split

    with reading() as db:
        groups = group_values.load(db, group_values.group_rows(db, round_id, Split.train), labels=False)
    judgments = ExactMatch().judge(None, groups, seed=0)
    return {judgment.sample_id: judgment.score == 1 for judgment in judgments if judgment.score is not None}


def run_bench(actor: "Actor", bench_id: int) -> "BenchView":
    """Run the job of a bench in this process."""
    from backend.jobs import transitions
    from backend.pipeline.run import run_job
    from backend.services.judge_bench import results

    with reading() as db:
        bench = db.get_one(tables.JudgeBench, bench_id)
        job = db.get_one(tables.Job, bench.job_id)
    attempt = transitions.start(job.id, job.workflow_id, "bench")
    assert attempt is not None
    run_job(job.id, attempt)
    return results.get(actor, bench_id)


def main() -> None:
    from backend.services import demo, rounds
    from backend.services.demo import real_demo
    from backend.services.judge_bench import opening
    from backend.services.judge_bench.entries import BenchEntry
    from backend.services.people import accounts

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--labels", type=int, default=50, help="samples with a label")
    parser.add_argument("--judges", type=int, default=4, help="judges on the bench")
    parser.add_argument("--prompts", type=int, default=60, help="prompts of the round that is judged")
    parser.add_argument("--real", action="store_true", help="SmolLM2-135M in place of the demo's model")
    asked = parser.parse_args()
    with data_folder():
        actor = accounts.local_owner()
        project_id = (real_demo if asked.real else demo).create(actor)
        plan = rounds.defaults(actor, project_id)
        changes: JSON = {"seed": 1, "is_reviewed": True, "num_prompts": asked.prompts}
        if asked.real:
            changes["recipe"] = real_demo.recipe("self_rewarding")  # one of its recipes whose judge is the model
        round_id = rounds.launch(actor, project_id, rounds.Plan(**plan.__dict__ | changes))
        run_stage(round_id), run_stage(round_id)
        mark_gold(actor, round_id, asked.labels, (answer_truth if asked.real else demo_truth)(round_id))
        with reading() as db:
            row = db.get_one(tables.Round, round_id)
        judge = rounds.judge_of(row.recipe, row.phase)
        entries = [BenchEntry(entry, row.judge_id or row.policy_id) for entry in judges_of(judge, asked.judges)]
        started = time.perf_counter()
        bench_view = run_bench(actor, opening.open_bench(actor, project_id, entries, number=asked.labels))
        seconds = time.perf_counter() - started
    report(bench_view, seconds)


def report(bench_view: "BenchView", seconds: float) -> None:
    """Print what each judge came to, and the time of all."""
    from app.pages.judge_bench import shown

    reply = shown.bench(bench_view)
    for row in reply["rows"]:
        figures = f"kappa {row['kappa']}, precision {row['precision']}, recall {row['recall']}, unread {row['unread']}"
        print(
            f"{row['title']}: {figures}, {row['tokens']} tokens, {row['seconds']} s {row.get('error', '')}", flush=True
        )
    within = "within" if seconds <= BUDGET_SECONDS else "OVER"
    what = f"judge bench, {bench_view.line.samples} labels, {len(bench_view.judges)} judges"
    text = f"{seconds:.1f} s from opening to the last figures, {within} the budget of {BUDGET_SECONDS:.0f} s"
    print(f"{what}: {text}", flush=True)


if __name__ == "__main__":
    main()
