"""Small tables to protect: indicators, rows, what they rest on, and a release made of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pandas as pd

from g60pipeline.contracts.indicators import Indicator
from g60pipeline.disclosure.attacker import Verdict, attack, judge_attack
from g60pipeline.disclosure.cells import Release, redact
from g60pipeline.disclosure.protect import derive_knowledge, protect

RULE = {"contributors": ["enterprise"], "minimum_contributors": 3, "p": 0.1, "protection": 0.1}
HIERARCHY = {"C1": "A", "C2": "A", "C3": "B", "A": "D", "B": "D", "C": "D", "E": "D", "D": "CITY"}
TEXT = {"zh": "x", "en": "x"}
Row = tuple[str, str, str, str, float]


def indicator(name: str = "output", where: str | None = None, **more: Any) -> Indicator:
    """An indicator that sums money of enterprises."""
    numerator = {"from": "register", "value": "SUM(amount)", "where": where}
    given = {
        "id": name,
        "label": TEXT,
        "definition": TEXT,
        "kind": "value",
        "unit": "wan_yuan",
        "numerator": numerator,
        "time": ["month", "year_to_date"],
        "levels": ["cluster", "unit", "district"],
        "missing": "exclude_unit",
        "threshold": 0.8,
        "disclosure": RULE,
    }
    return Indicator.model_validate({**given, **more})


def rows(
    figures: Mapping[str, float | tuple[float | None, float | None]],
    indicator_id: str = "output",
    period: str = "2021-03",
    time_basis: str = "month",
) -> list[dict[str, Any]]:
    """Rows from `subject` or `subject/dimension/code` → value, or numerator and denominator of a ratio."""
    made: list[dict[str, Any]] = []
    for name, figure in figures.items():
        subject, dimension, code = [*name.split("/"), "", ""][:3]
        numerator, denominator = figure if isinstance(figure, tuple) else (figure, None)
        value = numerator if denominator is None or numerator is None else numerator / denominator
        level = "district" if subject == "D" else "cluster" if subject[-1].isdigit() else "unit"
        made.append(
            {
                "indicator_id": indicator_id,
                "period": period,
                "time_basis": time_basis,
                "level": level,
                "subject_code": subject,
                "dimension": dimension,
                "dimension_code": code,
                "value": value,
                "numerator": numerator,
                "denominator": denominator,
                "status": "published",
            }
        )
    return made


def resting_on(
    made: Iterable[Mapping[str, Any]], few: Sequence[str] = (), field: str = "few"
) -> pd.DataFrame:
    """Contributions: nine alike for every row, but two for the subjects (`subject` or `subject/dimension/code`) in `few`."""
    found: list[dict[str, Any]] = []
    for row in made:
        name = "/".join(filter(None, (row["subject_code"], row["dimension"], row["dimension_code"])))
        for side in ("numerator", "denominator"):
            if row[side] is None:
                continue
            share = 2 if name in few else 9
            part = abs(row[side]) / share
            amounts = {
                "contributor_count": share,
                "largest_contribution": part,
                "second_largest_contribution": part,
            }
            found.append({**row, "side": side, "contributor": "enterprise", **amounts})
    return pd.DataFrame(found)


def release(
    made: list[dict[str, Any]], few: Sequence[str] = (), changes: pd.DataFrame | None = None
) -> Release:
    """A release of these rows."""
    return Release(pd.DataFrame(made), resting_on(made, few), changes)


def publish(
    new: Release, indicators: Sequence[Indicator], previous: Sequence[Release] = ()
) -> tuple[Release, Verdict, pd.DataFrame]:
    """Protect a release and attack it together with those before it."""
    made = Release(protect(new, indicators, [HIERARCHY], previous))
    chain = [*previous, made]
    knowledge = derive_knowledge(chain, indicators, [HIERARCHY])
    found = attack([redact(r.values) for r in chain], knowledge)
    return made, judge_attack(found, chain, {i.id: 0.1 for i in indicators}), found


def hidden(made: Release, kind: str | None = None) -> set[str]:
    """Names of the suppressed rows."""
    values = made.values
    chosen = values[values["suppression"].eq(kind) if kind else values["suppression"].ne("")]
    parts = zip(chosen["subject_code"], chosen["dimension"], chosen["dimension_code"], strict=True)
    return {"/".join(filter(None, part)) for part in parts}
