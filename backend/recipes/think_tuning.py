"""ThinkTuning: a teacher of the same size adds remarks to some of the policy's completions. RRV et al. 2025.

**ThinkTuning: Instilling Cognitive Reflections without Distillation.** RRV, Dineen, Handa, Uddin, Parmar, Baral, Zhou.
2025. EMNLP 2025. arXiv 2508.07616.

*The paper.* A student answers, and a teacher of the same size remarks on some of the answers, so that the student
learns how to think about its own work. Plain and guided completions are trained on together by GRPO. In the released
code a tenth of the completions get a remark at first; the share falls, and below 6 % there are no remarks any more.
Only completions that ended by themselves get one, unless the teacher has no feedback, and it is put behind the
completion. All tokens of a guided completion count, with the weight p / (p + gamma), gamma rising with the advantage
from -0.001 to 0.001; 5 completions of each prompt.

*Different here.*
- In the code a bound makes gamma -0.001 for every advantage; here it rises as its formula says.
- The teacher is the reference, so the model that the round starts from, unless another role is named in `remarks_by`.
  It writes greedily. What it is asked is in words of ours, without worked examples; the code's are not checked~.
- A remark that was cut off is not used. Texts with a remark are marked: `guided` is the remark's share of the tokens.
- Each generation is trained on in one optimizer step, as the weights are those of the policy that wrote it.
- Training settings are ours.

*Quoted.* 3.85 % better than zero-shot prompting on average; over GRPO 2.08 % on MATH-500, 2.23 % on AIME and 3.99 % on
GPQA-Diamond (abstract).
"""

from backend.recipes import Recipe, register
from backend.recipes import _parts as parts

TRAINER = parts.TeacherRemarkGRPO(
    reward=parts.ExactMatch(), remarks_by="reference", num_generations=5, per_device_train_batch_size=10
)

register(
    Recipe(
        name="think_tuning",
        title="ThinkTuning: Instilling Cognitive Reflections without Distillation",
        paper="2508.07616",
        steps=(parts.PromptSet(), parts.AllPrompts(), TRAINER),
        metrics=(parts.HeldOutAccuracy(),),
    )
)
