"""Several releases: months of a year, and a month that is released again."""

from __future__ import annotations

from disclosure_world import hidden, indicator, publish, release, resting_on, rows

OUTPUT = indicator(levels=["unit", "district"])


def _month(period: str, month: dict[str, float], year: dict[str, float]) -> list[dict[str, object]]:
    return [*rows(month, period=period), *rows(year, period=period, time_basis="year_to_date")]


JANUARY = {"D": 60.0, "A": 10.0, "B": 20.0, "C": 30.0}
FEBRUARY = {"D": 66.0, "A": 11.0, "B": 22.0, "C": 33.0}
BOTH = {subject: JANUARY[subject] + FEBRUARY[subject] for subject in JANUARY}


def test_a_year_is_not_opened_by_its_months() -> None:
    first, _, _ = publish(release(_month("2021-01", JANUARY, JANUARY), few=["A"]), [OUTPUT])
    second, verdict, _ = publish(release(_month("2021-02", FEBRUARY, BOTH)), [OUTPUT], [first])
    assert hidden(first) == {"A", "B"}
    assert "A" in hidden(second), "year less month would give January's figure away"
    assert (verdict.exact, verdict.within_protection) == (0, 0)


def test_a_late_unit_is_not_the_difference_of_two_totals() -> None:
    early = {"D": 50.0, "B": 20.0, "C": 30.0}
    first, _, _ = publish(release(rows(early)), [OUTPUT])
    assert hidden(first) == set()
    late = {**early, "A": 10.0, "D": 60.0}
    changes = resting_on(rows({"D": 10.0, "A": 10.0}), few=["D", "A"])
    second, verdict, _ = publish(release(rows(late), ["A"], changes), [OUTPUT], [first])
    assert hidden(second) == {"A", "D"}
    assert (verdict.exact, verdict.within_protection) == (0, 0)


def test_a_safe_late_unit_is_published() -> None:
    early = {"D": 50.0, "B": 20.0, "C": 30.0}
    first, _, _ = publish(release(rows(early)), [OUTPUT])
    late = rows({**early, "A": 10.0, "D": 60.0})
    second, _, _ = publish(release(late, (), resting_on(rows({"D": 10.0}))), [OUTPUT], [first])
    assert hidden(second) == set()


def test_a_change_by_one_contributor_hides_the_new_figures() -> None:
    first, _, _ = publish(release(rows({"D": 60.0, "A": 10.0, "B": 20.0, "C": 30.0})), [OUTPUT])
    again = rows({"D": 65.0, "A": 15.0, "B": 20.0, "C": 30.0})
    changes = resting_on(rows({"D": 5.0, "A": 5.0}), few=["D", "A"])
    second, verdict, found = publish(release(again, (), changes), [OUTPUT], [first])
    assert hidden(second) == {"A", "D"}
    assert verdict.exact == 0
    lower, upper = found[found["subject_code"].eq("A")].iloc[0][["lower", "upper"]]
    assert lower <= 15 - 0.5
    assert upper >= 15 + 0.5


def test_an_unexplained_change_is_taken_to_rest_on_too_few() -> None:
    first, _, _ = publish(release(rows({"D": 60.0, "A": 10.0, "B": 20.0, "C": 30.0})), [OUTPUT])
    again = release(rows({"D": 65.0, "A": 15.0, "B": 20.0, "C": 30.0}))
    second, verdict, _ = publish(again, [OUTPUT], [first])
    assert hidden(second) == {"A", "D"}
    assert verdict.exact == 0


def test_what_was_hidden_is_not_opened_while_it_is_unchanged() -> None:
    figures = {"D": 60.0, "A": 10.0, "B": 20.0, "C": 30.0}
    first, _, _ = publish(release(rows(figures), few=["A"]), [OUTPUT])
    second, verdict, _ = publish(release(rows(figures)), [OUTPUT], [first])
    assert hidden(second) == hidden(first) == {"A", "B"}
    assert verdict.exact == 0


def test_a_published_figure_is_not_chosen_as_a_complement_for_it_hides_nothing() -> None:
    figures = {"D": 60.0, "A": 10.0, "B": 20.0, "C": 30.0}
    first, _, _ = publish(release(rows(figures)), [OUTPUT])
    second, _, _ = publish(release(rows(figures), few=["A"]), [OUTPUT], [first])
    values = second.values.set_index("subject_code")
    assert values.loc["A", "reason"] == "follows_from_published"
    assert hidden(second) == set()
