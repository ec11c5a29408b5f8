"""Reflect, Retry, Reward: Self-Improving LLMs via Reinforcement Learning. Bensal et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

REFLECT = (
    "This answer is wrong. Say in a few sentences what went wrong, so that you do better at the next try. Do not write "
    "a new answer yet."
)
RETRY = "Now answer the question once more, with what you found in mind."
FIRST = parts.PromptSet(), Step(parts.Sample(n=1, temperature=0.7), name="first"), parts.ExactMatch()
FAILED = parts.Ask(template=REFLECT, about="rejected", follow=True), parts.AllPrompts()
TRAINER = parts.MultiTurnGRPO(
    reward=parts.ExactMatch(),
    turn_kinds=("thought", "answer"),
    follow_ups=(RETRY,),
    credit="outcome",
    max_length=2048,  # of the question, the first answer, the reflection and the retry
    trained_turns=(1,),  # the reflection alone; the first answer is part of what is asked
)
TITLE = "Reflect, Retry, Reward"
STEPS = (*FIRST, *FAILED, TRAINER)
METRICS = (parts.HeldOutAccuracy(),)
register(Recipe(name="reflect_retry_reward", title=TITLE, paper="2505.24726", steps=STEPS, metrics=METRICS))
