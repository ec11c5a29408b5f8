"""SPIN-Diffusion in its text form: SPIN until own texts cannot be told from the data. Yuan et al. 2024.

**Self-Play Fine-Tuning of Diffusion Models for Text-to-Image Generation (SPIN-Diffusion).** Yuan, Chen, Ji, Gu. 2024.
arXiv 2402.10210.

*The paper.* SPIN for diffusion models: the model competes with its earlier versions, images of the data set stand above
its own, and one image for each prompt is enough. Its loss compares denoising errors over the steps of the diffusion~.

*Different here.*
- Rondo trains language models. This recipe is the text form, which is `spin`: the same steps, the same pairs. Nothing
  of the loss for images is in it.
- What it adds is the end of the self-play: rounds that follow each other by themselves stop when own texts cannot be
  told from the data, which is where the method has nothing more to teach~. Told apart is measured by a
  nearest-neighbour test between the first sample and the known answer of each prompt, on counts of words, and 0.55 is
  our limit. By hand the next round can be launched all the same.

*Quoted.* Above supervised fine-tuning from its first iteration, and above methods of RLHF by its second with less data
(abstract). These are image models.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

OPPONENT = parts.Sample(n=1, temperature=1.0, top_p=1.0, max_tokens=256, take_imported=False)

register(
    Recipe(
        name="spin_diffusion",
        title="Self-Play Fine-Tuning of Diffusion Models for Text-to-Image Generation (SPIN-Diffusion)",
        paper="2402.10210",
        steps=(
            parts.PromptSet(),
            Step(OPPONENT, name="opponent"),
            Step(parts.OwnAnswers(), by="data"),
            parts.AnchoredPairs(chosen_from=("data",), rejected_from=("policy",), require_higher=False),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        earlier_rounds=True,
        earlier_rounds_limit=1,
        schedule=parts.StopOnWarning(warnings=("cannot_be_told_apart",)),
        metrics=(parts.HeldOutAccuracy(), parts.TwoSampleAccuracy(), parts.PairGap()),
    )
)
