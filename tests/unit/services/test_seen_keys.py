"""Keys that came before are known with the first row that had them."""

import random

from backend.services.prompts.seen import SeenKeys


def test_keys_are_known_as_a_dict_knows_them() -> None:
    chance, seen, plain = random.Random(1), SeenKeys(), dict[int, int]()
    number = 0
    for size in (1, 3, 50, 2, 700, 1, 90, 0, 400):
        keys = [chance.choice((0, 2**64 - 1, chance.randrange(2**64), chance.randrange(300))) for _ in range(size)]
        assert seen.find(keys) == {key: plain[key] for key in keys if key in plain}
        fresh: dict[int, int] = {}
        for key in keys:
            number += 1
            if key not in plain:
                fresh.setdefault(key, number)
        seen.add(fresh)
        plain |= fresh
    assert seen.find([*plain]) == plain
    assert len(seen._runs) < 10
