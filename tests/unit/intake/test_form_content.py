"""Typed rows of a form: what identifies their content."""

from __future__ import annotations

from g60pipeline.intake.forms import TypedRow, hash_content


def test_the_fingerprint_of_content_knows_neither_order_nor_place_but_every_value_and_text() -> None:
    one, two = TypedRow(4, {"a": 1, "b": None}, {"a": "1"}), TypedRow(5, {"a": 2, "b": None}, {"a": "２"})
    known = hash_content([one, two])
    assert (
        hash_content([TypedRow(7, two.values, two.texts), TypedRow(9, dict(one.values), one.texts)]) == known
    )
    others = [
        TypedRow(4, {"a": 1, "b": None}, {"a": "1", "b": "不适用"}),
        TypedRow(4, {"a": 0, "b": None}, {"a": "1"}),
    ]
    assert len({known, *(hash_content([other, two]) for other in others), hash_content([one, two, two])}) == 4
