from backend.registry import import_all
from backend.trainers import Trainer
from backend.values import WarningLevel
from backend.warning_rules.difficulty_out_of_band import DifficultyOutOfBand
from tests.unit.warning_rules.seen import evidence

EASY, HALF = [{"right": True}] * 4, [{"right": True}, {"right": False}] * 2


def test_prompts_that_are_all_right_are_out_of_the_band():
    finding = DifficultyOutOfBand().find(evidence([EASY] * 30 + [HALF] * 10, is_online=True))
    # 30 of 40: 0.75, Wilson's interval from 0.598.
    assert (finding.value, finding.n) == (0.75, 40)
    assert DifficultyOutOfBand().level(finding) is WarningLevel.red
    assert finding.prompt_ids[0] == 1


def test_without_reinforcement_learning_it_is_not_told():
    finding = DifficultyOutOfBand().find(evidence([EASY] * 40))
    assert (finding.value, finding.missing) == (None, "The recipe trains by no reinforcement learning.")


def test_trainers_say_whether_they_learn_from_rewards():
    import_all()
    online = {name for name, value in Trainer.registry.items() if value.trains_on_rewards}
    assert {"grpo", "rloo", "environment_grpo", "multi_turn_grpo", "guided_grpo", "grpo_self_score"} <= online
    assert not online & {"sft", "dpo", "kto", "distill"}
