"""Self-Judge (Self-J): a judge without references, taught by one that sees them. Ye and Ng 2024."""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._reward_words import KNOWN, RATE

ANSWERS = parts.PromptSet(), Step(parts.Sample(n=4, temperature=1.0), name="answers")
SCORE = parts.ReadScore(lowest=1, highest=10, accept_at=1)
SEEN = parts.Ask(template=RATE + KNOWN), Step(parts.Sample(n=3, temperature=0.7), name="judgments"), SCORE
TRUE = parts.Recalibrated(), parts.AgreesWithLabel(reader=SCORE, tolerance=1.0), parts.AboveThreshold(keep="accepted")
IN_VIEW = parts.Sample(n=1, temperature=0.7, conditions={"informed": "{prompt}" + KNOWN}, take_imported=False)
UNSEEN = parts.Ask(template=RATE), Step(IN_VIEW, name="judgments", by="informed"), SCORE
SELECTIVE = Step(parts.AdditiveRubric(template=RATE, lowest=1, highest=10, accept_at=6), by="reference_free")
BEST_OR_NONE = parts.AboveThreshold(threshold=6, max_per_prompt=1)

register(
    Recipe(
        name="self_judge",
        title="Self-Judge: Selective Instruction Following with Alignment Self-Evaluation",
        paper="2409.00935",
        phases=(
            Phase(*ANSWERS, *SEEN, *TRUE, Step(parts.SFT(), name="informed")),
            Phase(*ANSWERS, *UNSEEN, parts.AboveThreshold(keep="accepted"), Step(parts.SFT(), name="reference_free")),
            Phase(*ANSWERS, SELECTIVE, BEST_OR_NONE, parts.SFT()),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.JudgeQuality()),
    )
)
