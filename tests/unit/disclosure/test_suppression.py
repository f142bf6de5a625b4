"""One release: primary and complementary suppression, proven by the attacker."""

from __future__ import annotations

import pandas as pd
import pytest
from disclosure_world import HIERARCHY, RULE, TEXT, hidden, indicator, publish, release, resting_on, rows

from g60pipeline.contracts.indicators import Disclosure
from g60pipeline.disclosure.attacker import attack
from g60pipeline.disclosure.cells import DisclosureError, Release, redact
from g60pipeline.disclosure.primary import judge
from g60pipeline.disclosure.protect import derive_knowledge, protect

OUTPUT = indicator(levels=["unit", "district"], dimensions=["kind"])


def test_nothing_is_suppressed_where_nothing_is_primary() -> None:
    made, verdict, _ = publish(release(rows({"D": 60, "A": 10, "B": 20, "C": 30})), [OUTPUT])
    assert hidden(made) == set()
    assert verdict.hidden == 0


def test_one_small_unit_takes_the_smallest_other_with_it() -> None:
    made, verdict, found = publish(release(rows({"D": 60, "A": 10, "B": 20, "C": 30}), few=["A"]), [OUTPUT])
    assert hidden(made, "primary") == {"A"}
    assert hidden(made, "secondary") == {"B"}
    assert (verdict.hidden, verdict.exact, verdict.within_protection) == (2, 0, 0)
    first = found[found["subject_code"].eq("A")].iloc[0]
    assert (first["lower"], first["upper"]) == pytest.approx((0, 30))


def test_the_attacker_recovers_what_has_no_complement() -> None:
    made = release(rows({"D": 60, "A": 10, "B": 20, "C": 30})).values.assign(suppression="", reason="")
    made.loc[made["subject_code"].eq("A"), "suppression"] = "primary"
    chain = [Release(made)]
    found = attack([redact(made)], derive_knowledge(chain, [OUTPUT], [HIERARCHY]))
    assert list(found["is_exact"]) == [True]
    assert found["lower"].iloc[0] == pytest.approx(10)


def test_two_by_two_table_hides_four_cells() -> None:
    table = {
        "D": 100, "D/kind/x": 40, "D/kind/y": 60,
        "A": 50, "A/kind/x": 20, "A/kind/y": 30,
        "B": 50, "B/kind/x": 20, "B/kind/y": 30,
    }  # fmt: skip
    made, verdict, _ = publish(release(rows(table), few=["A/kind/x"]), [OUTPUT])
    assert hidden(made) == {"A/kind/x", "A/kind/y", "B/kind/x", "B/kind/y"}
    assert (verdict.exact, verdict.within_protection) == (0, 0)


def test_a_complement_too_small_to_protect_is_not_enough() -> None:
    made, verdict, _ = publish(release(rows({"D": 1051, "A": 1000, "B": 1, "C": 50}), few=["A"]), [OUTPUT])
    assert {"A"} < hidden(made)
    assert hidden(made) != {"A", "B"}
    assert verdict.within_protection == 0


def test_a_single_unit_takes_everything_above_it() -> None:
    made, verdict, _ = publish(
        release(rows({"C3": 20, "B": 20, "D": 20}), few=["C3", "B", "D"]), [indicator()]
    )
    assert hidden(made) == {"C3", "B", "D"}
    assert verdict.exact == 0


def test_a_small_cluster_is_hidden_up_the_hierarchy() -> None:
    figures = {"C1": 10, "C2": 20, "C3": 30, "A": 30, "B": 30, "E": 25, "D": 85}
    made, verdict, _ = publish(release(rows(figures), few=["C3", "B"]), [indicator()])
    assert hidden(made, "primary") == {"C3", "B"}
    assert hidden(made, "secondary") == {"E"}
    assert (verdict.exact, verdict.within_protection) == (0, 0)


def test_equal_measures_are_suppressed_in_both_indicators() -> None:
    twin = indicator("twin", levels=["unit", "district"], disclosure=None)
    figures = {"D": 60, "A": 10, "B": 20, "C": 30}
    made = [*rows(figures), *rows(figures, "twin")]
    contributions = resting_on(rows(figures), few=["A"])
    done, verdict, _ = publish(Release(pd.DataFrame(made), contributions), [OUTPUT, twin])
    kinds = done.values.set_index(["indicator_id", "subject_code"])["suppression"]
    assert dict(kinds["output"]) == dict(kinds["twin"])
    assert kinds["twin", "A"] == "primary"
    assert verdict.exact == 0


def test_a_ratio_gives_neither_side_away() -> None:
    numerator = {"from": "register", "value": "SUM(amount)", "where": "inside"}
    denominator = {"from": "register", "value": "SUM(amount)"}
    inside = indicator("inside", where="inside", levels=["unit", "district"])
    share = indicator(
        "share", kind="ratio", numerator=numerator, denominator=denominator, levels=["unit", "district"]
    )
    whole, part = {"D": 60, "A": 10, "B": 20, "C": 30}, {"D": 30, "A": 4, "B": 12, "C": 14}
    made = [*rows(whole), *rows(part, "inside"), *rows({s: (part[s], whole[s]) for s in whole}, "share")]
    contributions = pd.concat([resting_on(made), resting_on(rows(part, "inside"), few=["A"])])
    contributions = contributions[
        ~(contributions["indicator_id"].eq("inside") & contributions["subject_code"].eq("A"))
        | contributions["contributor_count"].eq(2)
    ]
    done, verdict, found = publish(Release(pd.DataFrame(made), contributions), [OUTPUT, inside, share])
    kinds = done.values.set_index(["indicator_id", "subject_code"])["suppression"]
    assert kinds["inside", "A"] == kinds["share", "A"] == "primary"
    assert kinds["output", "A"] == ""
    assert (verdict.exact, verdict.within_protection) == (0, 0)
    a_inside = found[found["indicator_id"].eq("inside") & found["subject_code"].eq("A")].iloc[0]
    assert a_inside["upper"] <= 10 + 1e-6, "a part is never more than its whole, and the attacker knows it"


def test_what_both_figures_of_a_pair_give_away_is_protected_too() -> None:
    inside = indicator("inside", where="inside", levels=["unit", "district"], time=["month"])
    share = indicator(
        "share",
        kind="ratio",
        levels=["unit"],
        numerator={"from": "register", "value": "SUM(amount)", "where": "inside"},
        denominator={"from": "register", "value": "SUM(amount)"},
    )
    made = [*rows({"A": 10}), *rows({"A": 7}, "inside"), *rows({"A": (7, 10)}, "share")]
    contributions = resting_on(made)
    lone = (
        contributions[contributions["indicator_id"].eq("share")]
        .head(1)
        .assign(side="remainder", contributor_count=1)
    )
    done, verdict, _ = publish(
        Release(pd.DataFrame(made), pd.concat([contributions, lone])), [OUTPUT, inside, share]
    )
    assert verdict.exact == 0
    kinds = done.values.set_index("indicator_id")["suppression"]
    assert kinds["share"]
    assert kinds["inside"] or kinds["output"]


def test_what_the_district_published_itself_stays_and_says_so() -> None:
    waiver = {
        "figure": "F01",
        "period": "2021-03",
        "time": "month",
        "level": "unit",
        "subject": "A",
        "reason": TEXT,
    }
    waived = indicator(levels=["unit", "district"], disclosure={**RULE, "published_by_district": [waiver]})
    figures = {"D": 60, "A": 10, "B": 20, "C": 30}
    made, verdict, _ = publish(release(rows(figures), few=["A", "B"]), [waived])
    values = made.values.set_index("subject_code")
    assert values.loc["A", "suppression"] == ""
    assert values.loc["A", "reason"] == "published_by_district"
    assert hidden(made) == {"B", "C"}
    assert verdict.exact == 0


def test_what_follows_from_a_waived_figure_is_said_to_follow() -> None:
    waiver = {
        "figure": "F01",
        "period": "2021-03",
        "time": "month",
        "level": "cluster",
        "subject": "C3",
        "reason": TEXT,
    }
    waived = indicator(disclosure={**RULE, "published_by_district": [waiver]})
    made, verdict, _ = publish(
        release(rows({"C3": 20, "B": 20, "A": 30, "D": 50}), few=["C3", "B"]), [waived]
    )
    values = made.values.set_index("subject_code")
    assert values.loc["B", "suppression"] == ""
    assert values.loc["B", "reason"] in ("follows_from_published", "published_by_district")
    assert verdict.exact == 0


def test_sums_that_do_not_hold_are_no_relations() -> None:
    made, _, found = publish(release(rows({"D": 55, "A": 10, "B": 20, "C": 30}), few=["A"]), [OUTPUT])
    assert hidden(made) == {"A"}
    assert found["upper"].iloc[0] == float("inf")


def test_an_unknown_number_of_contributors_is_too_few() -> None:
    made = rows({"D": 30, "A": 10, "B": 20})
    done, _, _ = publish(Release(pd.DataFrame(made), None), [OUTPUT])
    assert hidden(done) == {"D", "A", "B"}


@pytest.mark.parametrize(
    ("value", "count", "largest", "second", "reason"),
    [
        (100, 2, 50, 50, "few_contributors"),
        (100, 5, 20, 20, ""),
        (100, 5, 90, 5, "dominated"),
        (100, 3, 50, 45, ""),
        (100, 3, 50, 46, "dominated"),
        (0, 0, 0, 0, ""),
    ],
)
def test_rule(value: float, count: float, largest: float, second: float, reason: str) -> None:
    row = {"contributor_count": count, "largest_contribution": largest, "second_largest_contribution": second}
    assert judge(value, [row], Disclosure.model_validate(RULE)) == reason


def test_every_contributor_column_must_pass() -> None:
    good = {"contributor_count": 9, "largest_contribution": 20, "second_largest_contribution": 20}
    assert (
        judge(100, [good, {**good, "contributor_count": 1}], Disclosure.model_validate(RULE))
        == "few_contributors"
    )


def test_redacted_rows_keep_no_trace() -> None:
    made = release(rows({"D": 60, "A": 10, "B": 20, "C": 30}), few=["A"])
    values = made.values.assign(coverage_ratio=0.9)
    seen = redact(protect(Release(values, made.contributions), [OUTPUT], [HIERARCHY]))
    gone = seen[seen["subject_code"].isin(["A", "B"])]
    assert gone[["value", "numerator", "denominator", "coverage_ratio"]].isna().all(axis=None)
    assert set(gone["status"]) == {"suppressed"}
    assert not {"suppression", "reason"} & set(seen.columns)


def test_the_same_frame_in_another_order_gives_the_same_suppressions() -> None:
    figures = {"D": 100, "A": 25, "B": 25, "C": 25, "E": 25}
    one = release(rows(figures), few=["A"])
    other = Release(one.values.sample(frac=1, random_state=3), one.contributions)
    assert hidden(Release(protect(one, [OUTPUT], [HIERARCHY]))) == hidden(
        Release(protect(other, [OUTPUT], [HIERARCHY]))
    )


def test_wrong_frames_are_refused() -> None:
    made = pd.DataFrame(rows({"D": 60, "A": 60}))
    with pytest.raises(DisclosureError, match="lacks status"):
        Release(made.drop(columns="status"))
    with pytest.raises(DisclosureError, match="more than once"):
        Release(pd.concat([made, made]))
    with pytest.raises(DisclosureError, match="true value"):
        Release(made.assign(suppression="primary", value=None, numerator=None))
