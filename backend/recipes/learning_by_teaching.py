"""Can LLMs Learn by Teaching? Ning et al. 2024. A rationale is worth what a student solves after seeing it.

**Can LLMs Learn by Teaching? A Preliminary Study.** Ning, Wang, Li, Lin, Yao, Fu, Blaschko, Dai, Yang, Wang. 2024.
NeurIPS 2024. arXiv 2406.14629.

*The paper.* A teacher writes rationales, and each is shown to students, who then solve similar problems. How well they
do is the score of the rationale. It serves to choose the teacher's answer, to make preference pairs for DPO, and to
improve examples over several turns after students' failures.

*Different here.*
- The second of the three uses: DPO of the best above the worst rationale of a prompt. For the first put
  `above_threshold` with one text a prompt in its place; the third is left out.
- The score is the students' accuracy alone. The paper adds whether the rationale's own answer is right~.
- Similar problems are the three prompts of the round that are most alike in their words; where prompts have a note of
  what they belong to, name it in `exam_prompts`. The paper uses variants of the problem~.
- One student, the role `student`, answers each problem once, greedily. Number of rationales (8), beta = 0.1~ and the
  training settings are ours.
- People may decide on the rationales.

*Quoted.* None: the abstract gives no figures. It says that strong models improve by teaching weaker ones, and that
several students are better than one.
"""

from backend.recipes import Recipe, Step, register
from backend.recipes import _parts as parts

register(
    Recipe(
        name="learning_by_teaching",
        title="Learning by Teaching (LbT)",
        paper="2406.14629",
        steps=(
            parts.PromptSet(),
            Step(parts.Sample(n=8, temperature=1.0), name="rationales"),
            parts.ExamPrompts(n=3),  # similar questions, each after the rationale
            Step(parts.Sample(n=1, temperature=0.0), name="exam", by="student"),
            parts.ExactMatch(),
            parts.FromChildren(by="rate"),  # not whether its own answer is right
            Step(parts.BestVersusWorst(), of="rationales"),
            parts.DPO(beta=0.1, reference="policy"),
        ),
        metrics=(parts.HeldOutAccuracy(), parts.JudgeQuality()),
    )
)
