"""ReflectEvo: Improving Meta Introspection of Small LLMs by Learning Self-Reflection. Li et al. 2025."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

ASKED = "{prompt}\n\nThis answer is wrong:\n\n{response}\n\n{principle} Do not write a new answer yet."
WAYS = (
    "Go through the answer step by step, and say at which step it goes wrong and why.",
    "Say what kind of mistake was made, where it stands, and what to watch for to avoid it.",
    "Say what the question asks, where the answer departs from it, and how you would go about it now.",
)
RETRY = "Now answer the question once more, with what you found in mind."
ONE, FOUR = parts.Sample(n=1, temperature=0.7), parts.Sample(n=4, temperature=1.0)
FIRST = parts.PromptSet(), Step(ONE, name="first"), parts.ExactMatch()
REFLECTIONS = parts.Ask(template=ASKED, about="rejected", principles=WAYS), Step(FOUR, name="reflections")
RETRIES = parts.Ask(template=RETRY, follow=True), Step(ONE, name="retries"), parts.ExactMatch()
GOOD = parts.FromChildren(by="rate", accept_at=1.0)  # a reflection is as good as what comes of it
LEARN = Step(parts.AboveThreshold(keep="accepted"), of="reflections"), Step(parts.SFT(), name="reflector")
PREFER = Step(parts.RightAndWrong(), of="reflections"), parts.DPO(start="reflector", reference="reflector")
STEPS = (*FIRST, *REFLECTIONS, *RETRIES, GOOD, *LEARN, *PREFER)
METRICS = (parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="retries"))
TITLE = "ReflectEvo: Learning Self-Reflection"
register(Recipe(name="reflect_evo", title=TITLE, paper="2505.16475", steps=STEPS, metrics=METRICS))
