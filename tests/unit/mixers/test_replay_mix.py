import pytest

from backend.errors import InvalidInput
from backend.mixers.replay_mix import ReplayMix
from backend.values import Past
from tests.unit.mixers.training_rows import ids, row

NEW = [row(n) for n in range(1, 11)] + [row(11, kind="edit")]
OLD = [row(n, age=1, uses=1, origin="earlier") for n in range(20, 24)] + [row(24, age=2, uses=3, origin="earlier")]


def mixed(now=NEW, old=OLD, seeds=(), **knobs):
    return ReplayMix(**knobs).mix(now, (), Past(trained=iter(old), seeds=iter(seeds)), seed=1)


def test_every_origin_has_its_share_and_the_scarcest_decides_the_size():
    # 5 old rows are a quarter of 20; 15 new ones are wanted, but there are 10: these are three quarters of 13.
    result = mixed(own_new=0.75, own_old=0.25)
    assert len(result.rows) == 13
    assert sum(record.age == 0 for record in result.rows) == 10
    assert sum(record.age > 0 for record in result.rows) == 3
    # The edit has no share.
    assert result.dropped == {"over its share": 1}


def test_a_size_can_be_asked_for_and_no_row_comes_twice():
    result = mixed(own_new=0.5, own_old=0.5, rows=6)
    assert len(set(ids(result.rows))) == 6
    assert result.dropped == {"over its share": 8}


def test_what_trainings_have_read_often_enough_is_used_up():
    result = mixed(own_new=0.5, own_old=0.5, max_uses=3)
    assert 24 not in ids(result.rows)
    assert result.dropped["used up"] == 1


def test_people_and_files_are_origins_of_their_own():
    seeds = [row(None, "known", prompt=9, kind="import", origin="mix")]
    replay_mix = mixed(human=0.5, own_new=0.0, own_old=0.0, imported=0.5, seeds=seeds)
    assert [(record.kind, record.completion) for record in replay_mix.rows] == [
        ("edit", "text 11"),
        ("import", "known"),
    ]


def test_a_missing_origin_is_an_error_and_nothing_is_filled_up():
    with pytest.raises(InvalidInput, match=r"has 0 rows that a model wrote in an earlier round \(own_old\)"):
        mixed(old=(), own_new=0.5, own_old=0.5)
    with pytest.raises(InvalidInput, match=r"has 5 rows .* 50% of 20 rows are 10. Set other shares or fewer rows"):
        mixed(own_new=0.5, own_old=0.5, rows=20)


def test_shares_have_to_add_up():
    with pytest.raises(ValueError, match=r"add up to 0\.9\. Make them 1"):
        ReplayMix(own_new=0.5, own_old=0.4)
    assert ReplayMix(own_new=0.5, own_old=0.0, imported=0.5).reads_seeds
    assert not ReplayMix().reads_seeds


def test_the_same_seed_takes_the_same_rows():
    assert mixed(rows=6).rows == mixed(rows=6).rows
