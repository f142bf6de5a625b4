"""Random tables and chains of releases: the attacker never recovers a suppressed value."""

from __future__ import annotations

from disclosure_world import hidden, indicator, publish, release, resting_on, rows
from hypothesis import given, settings
from hypothesis import strategies as st

from g60pipeline.disclosure.cells import Release

UNITS, KINDS = "ABC", "xy"
OUTPUT = indicator(levels=["unit", "district"], dimensions=["kind"])
amounts = st.lists(st.integers(0, 1000), min_size=len(UNITS) * len(KINDS), max_size=len(UNITS) * len(KINDS))
chosen = st.sets(st.sampled_from([f"{unit}/kind/{kind}" for unit in UNITS for kind in KINDS]), max_size=2)


def _table(cells: list[int]) -> dict[str, float]:
    names = [f"{unit}/kind/{kind}" for unit in UNITS for kind in KINDS]
    parts = {name: float(cell) for name, cell in zip(names, cells, strict=True)}
    units = {unit: sum(v for name, v in parts.items() if name[0] == unit) for unit in UNITS}
    kinds = {f"D/kind/{kind}": sum(v for name, v in parts.items() if name[-1] == kind) for kind in KINDS}
    return {**parts, **units, **kinds, "D": sum(units.values())}


@settings(max_examples=20, deadline=None)
@given(amounts, chosen)
def test_one_release(cells: list[int], few: set[str]) -> None:
    made, verdict, _ = publish(release(rows(_table(cells)), sorted(few)), [OUTPUT])
    assert (verdict.exact, verdict.within_protection) == (0, 0)
    assert bool(hidden(made)) == any(_table(cells)[name] for name in few)


@settings(max_examples=10, deadline=None)
@given(amounts, amounts, chosen, chosen)
def test_a_month_released_again_and_the_next(
    cells: list[int], others: list[int], few: set[str], later: set[str]
) -> None:
    first, _, _ = publish(release(rows(_table(cells)), sorted(few)), [OUTPUT])
    changed = cells[:3]
    again = [*others[:3], *cells[3:]]
    delta = {name: _table(again)[name] - _table(cells)[name] for name in _table(cells)}
    changes = resting_on(
        rows(delta), few=[name for name in delta if name[0] in "AD"] if changed != others[:3] else ()
    )
    second, verdict, _ = publish(
        release(rows(_table(again)), sorted(few | later), changes), [OUTPUT], [first]
    )
    assert verdict.exact == 0
    public = second.values[second.values["suppression"].eq("")]
    assert not public["value"].isna().any()


@settings(max_examples=10, deadline=None)
@given(st.lists(amounts, min_size=3, max_size=3), chosen)
def test_months_of_a_year(months: list[list[int]], few: set[str]) -> None:
    out: list[Release] = []
    total = [0] * len(months[0])
    for number, cells in enumerate(months, start=1):
        total = [a + b for a, b in zip(total, cells, strict=True)]
        period = f"2021-{number:02d}"
        made = [
            *rows(_table(cells), period=period),
            *rows(_table(total), period=period, time_basis="year_to_date"),
        ]
        done, verdict, _ = publish(release(made, sorted(few)), [OUTPUT], out)
        assert (verdict.exact, verdict.within_protection) == (0, 0)
        out.append(done)
