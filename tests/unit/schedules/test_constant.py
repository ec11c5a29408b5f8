from backend.schedules.constant import Constant


def test_changes_nothing_in_any_round():
    assert Constant().changes([]) == {}
    assert Constant().changes([{"held_out_accuracy": 0.5}] * 3) == {}
