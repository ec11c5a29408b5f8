"""ReST-EM: sample, keep what is right, fine-tune the base model anew in each round. Singh et al. 2023.

**Beyond Human Data: Scaling Self-Training for Problem-Solving with Language Models (ReST-EM).** Singh, Co-Reyes,
Agarwal and others. 2023. arXiv 2312.06585.

*The paper.* As in `rejection_sampling`: 32 samples per problem~ (temperature 0.7~, top-k 40~), reward 1 or 0, at most
10 right ones of a problem~. What makes it ReST-EM is where training starts: every iteration fine-tunes the base model~
on the newest samples alone~, while the samples come from the newest model.

*Different here.*
- Which ten right samples of a problem are kept is chosen by the round's seed.
- Duplicate texts of a prompt count once before the cap of 10.
- What people accepted is kept before what only the check accepted.
- The paper chooses the checkpoint of an iteration on validation data~; here it is the last one.
- Training is TRL's SFT with its mean over all completion tokens of a batch; its settings are ours.

*Quoted.* None: the abstract claims gains over fine-tuning on human data on MATH and APPS with PaLM 2, without figures.
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import SFT, AboveThreshold, ExactMatch, HeldOutAccuracy, PassAtK, PromptSet, Sample

register(
    Recipe(
        name="rest_em",
        title="ReST-EM: Beyond Human Data",
        paper="2312.06585",
        steps=(
            PromptSet(),
            Sample(n=32, temperature=0.7, top_k=40),
            ExactMatch(),
            AboveThreshold(threshold=1.0, max_per_prompt=10, order="random"),
            SFT(start="base"),
        ),
        metrics=(HeldOutAccuracy(), PassAtK(k=8, n=8)),
    )
)
