"""SELF: Self-Evolution with Language Feedback. Lu et al. 2023. Neither a number nor a known answer decides.

**SELF: Self-Evolution with Language Feedback.** Lu, Zhong, Huang, Wang, Zhu, Mi, Wang, Wang, Zeng, Shang, Jiang, Liu.
2023. arXiv 2310.00533.

*The paper.* First the model learns two skills, to give feedback on its own answer in words and to refine the answer
after it. Then, on prompts without answers, it answers, gives feedback, refines, and is fine-tuned on the prompt and the
refined answer, where its own feedback finds nothing more to refine~. It repeats on new prompts. Neither a number nor a
verifier decides.

*Different here.*
- Two phases: the first round trains on known answers, later ones on prompts alone. Import for the first one chats that
  end with feedback or with a refined answer, in the form of the recipe's own questions.
- The feedback is that of `read_critique.txt`: steps, first wrong step, verdict. Its verdict on the refined answer
  decides.
- The paper mixes the first stage's data in later, too~: set `mix_share` for that.
- One sample a turn at temperature 0.7, and the training settings are ours.

*Quoted.* None: the abstract gives no figures.
"""

from backend.recipes import Phase, Recipe, Step, register
from backend.recipes import _parts as parts
from backend.recipes._taught import taught

REFINE = "Write the answer to the task once more, with everything put right that you found wrong."
ONE = parts.Sample(n=1, temperature=0.7)
FEEDBACK = parts.Ask(template=parts.CRITIQUE)
DRAFTS = parts.PromptSet(), Step(ONE, name="drafts"), FEEDBACK, Step(ONE, name="feedback")
REFINED = parts.Ask(template=REFINE, follow=True, strip=True), Step(ONE, name="refined")
ACCEPTED = FEEDBACK, Step(ONE, name="review"), parts.ReadCritique(), parts.FromChildren(by="rate", accept_at=1.0)
KEPT = Step(parts.AboveThreshold(keep="accepted"), of="refined")

register(
    Recipe(
        name="language_feedback_evolution",
        title="Self-Evolution with Language Feedback (SELF)",
        paper="2310.00533",
        phases=(taught(), Phase(*DRAFTS, *REFINED, *ACCEPTED, KEPT, parts.SFT())),
        metrics=(parts.HeldOutAccuracy(), parts.CorrectionFlips(turn="refined")),
    )
)
