"""Template rewriting on a judge that is wrong on purpose: its agreement with unseen labels before and after.

`python -m tests.bench.rewrite_template [--seeds N] [--prompts N] [--rewrites N]`: the demo's model judges its own answers
by templates that it cannot follow, and the task's own checker stands for people. The judge's replies are the model's; the
model that writes templates is scripted, since nothing that small can: once it writes the right one among others, once it
knows none.
"""

import argparse
import time
from typing import Any

from backend import demo
from backend.demo import countdown
from backend.engines import Engine
from backend.engines.scripted import Scripted
from backend.judges.written_verdict import WrittenVerdict
from backend.pipeline import rewrite
from backend.pipeline.rewrite import optimizer
from backend.pipeline.rewrite.cases import Case, split
from backend.pipeline.rewrite.trial import JudgeTrial
from backend.registry import import_all
from backend.values import Group, Prompt, Sample, Sampling

WRONG = {
    "reads the answer as the task": "{response}? {prompt}",
    "ignores what was asked": "1 2 3 = 6? {response}\n{prompt}",
}
RIGHT = demo.JUDGE_TEMPLATE
HELPFUL = (
    "```\n{response}?\n```",
    "```\n{prompt}! {response}\n```",
    f"```\n{RIGHT}\n```",
    "```\nIs it right? {response}\n```",
)
"""What the scripted model writes: one that loses a placeholder, poor ones, and the right one."""
USELESS = ("```\n{response}?\n```", "```\n{prompt}! {response}!\n```", "I do not know.")


def make_cases(engine: Engine, prompts: int, seed: int) -> list[Case]:
    """The model's answers to new problems, each with the checker's verdict for people's."""
    questions = [
        countdown.prompt(countdown_problem) for countdown_problem in countdown.make_problems(prompts, seed=seed)
    ]
    chats = [[{"role": "user", "content": text}] for text in questions]
    answers = engine.complete(chats, Sampling(temperature=1.0, max_tokens=demo.MAX_TOKENS, n=2, seed=seed))
    cases = []
    for number, (question, chat, several) in enumerate(zip(questions, chats, answers, strict=True)):
        for place, entry in enumerate(several):
            sample = Sample(
                2 * number + place + 1, number, entry.text, entry.finish_reason, entry.num_tokens, None, place
            )
            group = Group(Prompt(number, chat, None, {}), (sample,))
            cases.append(Case(group, countdown.is_correct(question, entry.text), question))
    return cases


def rewritten(engine: Engine, writer: Engine, template: str, cases: list[Case], rewrites: int) -> dict[str, Any]:
    """What a rewrite of this template comes to, where so many are written at most."""
    judge = WrittenVerdict(template=template, max_tokens=demo.MAX_TOKENS)
    view, unseen = split(cases)
    trial = JudgeTrial(judge, engine, seed=0, asked=lambda number: None)
    best_template = optimizer.search(trial, view, rewrite.reflector(writer), rewrites=rewrites, seed=0)
    return rewrite.compared(trial, best_template, view, unseen)


WRITERS = {
    "scripted, knows the right one": Scripted(replies=HELPFUL),
    "scripted, knows none": Scripted(replies=USELESS),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--prompts", type=int, default=100)
    parser.add_argument("--rewrites", type=int, default=8)
    given = parser.parse_args()
    import_all()
    from backend.engines.transformers import Transformers

    print("| the judge | writes templates | seed | unseen labels | before | after | gain | kept | judge calls | s |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    with Transformers(model=str(demo.MODEL_FOLDER), batch_size=demo.BATCH_SIZE) as engine:
        for seed in range(1, given.seeds + 1):
            cases = make_cases(engine, given.prompts, seed)
            for wrong, template in WRONG.items():
                for who, writer in WRITERS.items():
                    began = time.perf_counter()
                    result = rewritten(engine, writer, template, cases, given.rewrites)
                    print(row(wrong, who, seed, result, time.perf_counter() - began), flush=True)


def row(wrong: str, who: str, seed: int, result: dict[str, Any], seconds: float) -> str:
    """One line of the table."""
    unseen = result["unseen"]
    shares = " | ".join(
        f"{100 * entry['value']:.1f} ({100 * entry['low']:.1f} to {100 * entry['high']:.1f})"
        for entry in (unseen["before"], unseen["after"], unseen["gain"])
    )
    kept = "yes" if result["is_kept"] else "no"
    return (
        f"| {wrong} | {who} | {seed} | {unseen['labels']} | {shares} | {kept} | {result['calls']:,} | {seconds:.0f} |"
    )


if __name__ == "__main__":
    main()
