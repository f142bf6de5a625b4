from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from g60pipeline.sample.model import dice, interpolate, spread


@given(st.integers(0, 10**9), st.lists(st.floats(0.1, 1e6), min_size=1, max_size=50))
def test_parts_add_up_to_the_total_and_keep_the_weights(total: int, weights: list[float]) -> None:
    parts = spread(total, weights)

    assert sum(parts) == total
    assert all(abs(part - total * w / sum(weights)) <= 1 for part, w in zip(parts, weights, strict=True))


def test_a_minimum_is_kept() -> None:
    assert spread(5, [100, 1, 1], minimum=1) == [3, 1, 1]


def test_a_line_meets_both_its_ends() -> None:
    assert [interpolate(30, 36, step) for step in (0, 6, 12)] == [30, 33, 36]


def test_one_purposes_chance_does_not_depend_on_anothers() -> None:
    assert dice(1, "a").random() == dice(1, "a").random()
    assert len({dice(seed, purpose).random() for seed in (1, 2) for purpose in "ab"}) == 4
