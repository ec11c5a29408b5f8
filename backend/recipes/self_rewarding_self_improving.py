"""Self Rewarding Self Improving. Simonds et al. 2025. The policy's own verdict, without a reference, is the reward.

**Self Rewarding Self Improving.** Simonds, Lopez, Yoshiyama, Garmier. 2025. arXiv 2505.08827. Its second version is
called RLSR: Reinforcement Learning from Self Reward.

*The paper.* The policy judges its own answers without a reference, and its verdict is the reward of RL. With problems
that it writes itself the loop needs no data. A formal check is used to measure, never as the reward. Tried on Countdown
and on integrals.

*Different here.*
- Prompts come from imported sets. For problems that the policy writes put `few_shot_prompts`, `sample`, `prompt_rules`
  and `adopt` in the place of `prompt_set`.
- The verdict is the written check of `written_verdict`, greedy, by the policy as it is at each step~.
- Its trainer is GRPO~ with 8 completions of each prompt; the settings are ours.
- A verdict that cannot be read is no reward, where others take it for "wrong".

*Quoted.* Qwen 2.5 7B gains 8 % and surpasses GPT-4o on integration (abstract of the first version).
"""

from backend.recipes import Recipe, register
from backend.recipes._parts import GRPO, AllPrompts, HeldOutAccuracy, PromptSet, WrittenVerdict

register(
    Recipe(
        name="self_rewarding_self_improving",
        title="Self Rewarding Self Improving",
        paper="2505.08827",
        steps=(PromptSet(), AllPrompts(), GRPO(reward=WrittenVerdict(), judge_by="live")),
        metrics=(HeldOutAccuracy(),),  # known answers are for measuring alone
    )
)
