"""Back-Training: natural outputs, synthetic inputs. Kulshreshtha et al. 2021."""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

SHAPE = parts.SurfaceRules(min_words=2, max_words=150, allow_truncated=False)
CONSISTENT = parts.RoundTrip(accept_at=0.3)  # answered, the input has to lead back to the text

register(
    Recipe(
        name="back_training",
        title="Back-Training for Unsupervised Domain Adaptation",
        paper="2104.08801",
        steps=(
            parts.InversePrompts(),  # the prompt sets hold natural texts of the target domain
            Step(parts.Sample(n=1, temperature=0.7, max_tokens=256), name="inputs"),
            parts.AllOf(judges=(SHAPE, CONSISTENT)),
            parts.Adopt(keep_answer=True),
            parts.OwnAnswers(),  # no model writes what is trained on
            parts.KeepAll(),
            parts.SFT(),
        ),
        metrics=(parts.HeldOutSimilarity(), parts.Length()),
    )
)
