"""Metacognitive Reuse: recurring reasoning becomes a handbook of behaviors. Didolkar et al. 2025."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts

REFLECT = (
    "Go through your solution once more: is it right, which steps were long although they are common, and which short "
    "rules would have made it shorter or safer? Rules that serve many problems are wanted, not this one's answer."
)
COLLECT = "Now write each rule on a line of its own, a name and an instruction:\n\nbehavior_NAME: INSTRUCTION"
ONE = parts.Sample(n=1, temperature=0.6, max_tokens=2048)
TRACES = parts.PromptSet(), Step(ONE, name="traces")
THOUGHTS = parts.Ask(template=REFLECT, follow=True), Step(ONE, name="reflections")
BEHAVIORS = parts.Ask(template=COLLECT, follow=True), Step(ONE, name="behaviors"), parts.KeepAll()
HANDBOOK = Phase(*TRACES, *THOUGHTS, *BEHAVIORS, parts.DistillLesson())
# The policy answers with its handbook by now, and rows hold the prompts alone.
GUIDED = parts.PromptSet(), Step(parts.Sample(n=4, temperature=0.6, max_tokens=2048), name="guided")
FILTERED = parts.ExactMatch(), parts.AboveThreshold(threshold=1.0)
LEARN = Phase(*GUIDED, *FILTERED, parts.SFT(max_length=4096))
METRICS = (parts.HeldOutAccuracy(), parts.HeldOutTokens())
TITLE = "Metacognitive Reuse: a Handbook of Behaviors"
register(Recipe(name="behavior_handbook", title=TITLE, paper="2509.13237", phases=(HANDBOOK, LEARN), metrics=METRICS))
