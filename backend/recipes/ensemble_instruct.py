"""Ensemble-Instruct: several models answer, and the answer most like the others is kept. Lee et al. 2023.

**Ensemble-Instruct: Generating Instruction-Tuning Data with a Heterogeneous Mixture of LMs.** Lee, Sultan, El-Kurdi,
Naseem, Munawar, Florian, Roukos, Fernandez Astudillo. 2023. arXiv 2310.13961.

*The paper.* Self-instruct with models of 10 to 40 billion parameters. Tasks that need an input and tasks that need none
are written by pipelines of their own, with simpler templates; then several different models answer, and of their
answers the one that agrees most with the others is kept.

*Different here.*
- Both pipelines draw their examples (6 and 2) from the same prompt sets; the paper parts the seed tasks, too, and shows
  more of them~.
- A task and its input are one prompt, written at once; the paper writes the input in a step of its own~.
- The roles `first`, `second` and `third` answer, greedily; `first` also writes the tasks. Bind three different models.
- Kept is the answer whose mean ROUGE-L with the other two is highest, from 0.1 up; the paper's consensus takes pairs in
  turn~.
- New tasks keep the rules of self-instruct and have a ROUGE-L below 0.7 with all others.
- People may decide on the tasks without input, before they are adopted. Training settings are ours.

*Quoted.* None: the abstract gives no figures. It says that the data is better than that of self-instruct.
"""

from typing import Any

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

PLAIN = "Below stand some tasks.\n\n{examples}\n\nWrite one more task that needs no input. Reply with the task alone."
WITH_INPUT = (
    "Below stand some tasks.\n\n{examples}\n\nWrite one more task, and below it an input that it is to be done with. "
    "Reply with task and input alone."
)
MODELS = ("first", "second", "third")
NEW = parts.AllOf(judges=(parts.PromptRules(), parts.Novelty(below=0.7)))
ONE = parts.Sample(n=1, temperature=0.0)
FLOOR = parts.TextSimilarity(compare_to="siblings", accept_at=0.1)
LIKE_OTHERS = parts.AllOf(judges=(parts.SurfaceRules(allow_truncated=False), FLOOR))


def tasks(name: str, template: str) -> tuple[Any, ...]:
    """New tasks of one kind, each answered by all models; of the answers the one that is most like the others."""
    written = Step(parts.Sample(n=1, temperature=0.7, max_tokens=256), name=name, by=MODELS[0])
    answers = (Step(ONE, name=f"{name}_{model}", by=model) for model in MODELS)
    kept = parts.AboveThreshold(keep="accepted", max_per_prompt=1)
    return parts.FewShotPrompts(template=template), written, NEW, parts.Adopt(), *answers, LIKE_OTHERS, kept


STEPS = (*tasks("plain", PLAIN), *tasks("with_input", WITH_INPUT), parts.SFT())
METRICS = (parts.HeldOutSimilarity(), parts.Length(), parts.DistinctN())
register(Recipe(name="ensemble_instruct", title="Ensemble-Instruct", paper="2310.13961", steps=STEPS, metrics=METRICS))
