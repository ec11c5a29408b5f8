from backend.mixers.earlier_rounds import EarlierRounds
from backend.values import Past
from tests.unit.mixers.training_rows import ids, row

NOW = [row(1, "4"), row(2, "5", prompt=2)]
TRAINED = [row(3, "4", age=1), row(4, "six", age=1), row(5, "six", age=2), row(6, "4", prompt=2, age=2)]


def test_rows_of_earlier_rounds_follow_and_the_newest_of_equal_ones_stays():
    mixture = EarlierRounds().mix(NOW, (), Past(trained=iter(TRAINED)), seed=0)
    # 3 says what 1 says, 5 what 4 says; 6 says it to another prompt.
    assert ids(mixture.rows) == [1, 2, 4, 6]
    assert mixture.dropped == {"same text in a newer round": 2}


def test_only_the_nearest_rounds_count():
    assert ids(EarlierRounds(limit=1).mix(NOW, (), Past(trained=iter(TRAINED)), seed=0).rows) == [1, 2, 4]


def test_what_selectors_kept_can_be_taken_instead():
    past = Past(trained=iter(TRAINED[:1]), selected=iter(TRAINED))
    assert ids(EarlierRounds(take="selected").mix(NOW, (), past, seed=0).rows) == [1, 2, 4, 6]


def test_another_rejected_text_or_label_is_another_row():
    pair, other = row(1, "a", rejected="b"), row(2, "a", rejected="c", age=1)
    assert len(EarlierRounds().mix([pair], (), Past(trained=[other]), seed=0).rows) == 2
    good, bad = row(1, "a", label=True), row(2, "a", label=False, age=1)
    assert len(EarlierRounds().mix([good], (), Past(trained=[bad]), seed=0).rows) == 2


def test_of_all_earlier_rows_those_with_the_highest_weight_are_added():
    past = [row(3, "a", weight=0.4, age=1), row(4, "b", weight=0.9, age=1), row(5, "c", weight=0.9, age=2)]
    mixture = EarlierRounds(most=2).mix(NOW, (), Past(trained=iter(past)), seed=0)
    assert ids(mixture.rows) == [1, 2, 4, 5]
    assert mixture.dropped == {"lower weight": 1}
    # Of equal weights the newest; this round's own rows all stay.
    assert ids(EarlierRounds(most=1).mix(NOW, (), Past(trained=iter(past)), seed=0).rows) == [1, 2, 4]


def test_the_same_reply_to_another_question_about_the_prompt_is_another_row():
    # What a judge replies to three texts that answer one prompt.
    now, same, other = (
        row(n, "Y", asked=text, age=n - 1) for n, text in ((1, "is 4 right?"), (2, "is 4 right?"), (3, "5?"))
    )
    mixture = EarlierRounds().mix([now], (), Past(trained=[same, other]), seed=0)
    assert (ids(mixture.rows), mixture.dropped) == ([1, 3], {"same text in a newer round": 1})


def test_two_plain_texts_of_one_prompt_are_two_rows():
    now, same, other = (row(n, "", asked=text, age=n - 1) for n, text in ((1, "a task"), (2, "a task"), (3, "another")))
    assert ids(EarlierRounds().mix([now], (), Past(trained=[same, other]), seed=0).rows) == [1, 3]
