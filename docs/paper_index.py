"""The page of the paper index, `backend/recipes/README.md`, from the docstrings of the recipes' modules."""

from collections.abc import Iterator, Mapping

HEAD = """# The paper index

One entry per recipe: what the paper did, what is different here, and the numbers we quote, with their source. The
numbers are the papers' own, on their models and data; none of them was measured with Rondo. A fact marked ~ was not
checked against the paper's text.

A recipe is a list of steps, run from top to bottom, or phases of them over the rounds of a line; where it is one part
of each kind, it is written as slots. Every round starts from two explicit checkpoints: the policy and the reference. A
trainer's `start` says whose weights it trains: the policy's, or with `base` those that the policy descends from. An
unset judge is the policy.

What holds for all of them: a judge's reply without a verdict has no score and is no side of a pair; samples that were
cut off are left out; and where people review, their word stands above every score. The papers have no reviewers.

The order is that of what the systems need, in waves: first those of the core parts; then judges that are trained,
reward models, online RL, schedules, several turns, own prompts and distillation; then steps, trees, code, environments,
several policies, and ways of use that change no weights. Newer entries stand at the end, by name."""
ORDER = """
self_rewarding temporal_self_rewarding self_consistency_preference lmsi dive east concise_self_training nft
rlsc only_prompting_self_rewarding weak_supervision_self_reinforcement spin_diffusion spin irpo star
rejection_sampling rest_em meta_rewarding self_rationalizing_judge self_principled_critique self_judge spark
laser critique_in_the_loop self_evolving_critic cot_monitor uncertainty_enhanced_po principle_following_reward
implicit_self_improvement self_motivated_learning distill_data_and_rewards rest rso eva self_steering
constitutional_ai learning_by_teaching self_rewarding_self_improving ssr_zero majority_self_training serl
intuitor direct_reasoning_optimization reinforced_pretraining know_rl inherent_efficiency
decoupled_exploration_rewards oversampled_rl self_budgeter self_search_rl decentralized_rl think_tuning
guided_hybrid_po self_evolving_curriculum prompt_curriculum ladder co_evolving_data bstar
multimodal_self_evolving easy_to_hard reasoning_as_policy_improvement language_feedback_evolution score s2r
rise reflect_retry_reward reflect_evo self_correction_learning separate_corrector equilibrium_planner
edit_collaboration tailored_learning i_sheep self_guide ensemble_instruct self_specialization
parser_self_training translation_self_learning back_training self_supervised_icl self_tuning
knowledge_instruct domain_self_evolution progressive_target_refinement self_distilled_further_pretraining
corrective_self_distillation self_evolution_kd mix_cpt process_self_rewarding rest_mcts solve_and_test
absolute_zero rest_meets_react multiagent_finetuning self_refine behavior_handbook
""".split()  # noqa: SIM905
"""The entries that have a place in the order of `HEAD`. A new recipe is not entered here: it follows these."""


def paper_index_page(texts: Mapping[str, str]) -> Iterator[str]:
    """Yield the head and a section for each entry; `texts`: the Markdown of the entries, by the recipe's name."""
    yield HEAD
    for name in sorted(texts, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name)):
        yield from ("", f"## `{name}`", "", texts[name])
