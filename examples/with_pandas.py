"""Five questions to `pub_v1` with pandas: `python examples/with_pandas.py URL` (duckdb:///… or postgresql+psycopg://…)."""

from __future__ import annotations

import sys

import pandas as pd
import sqlalchemy as sa

MONTH = "2021-12"
COVERAGE = "key_enterprise_organisation_coverage"


def read(engine: sa.Engine, table: str) -> pd.DataFrame:
    """Read one published table."""
    return pd.read_sql(f"SELECT * FROM pub_v1.{table}", engine)


def values(engine: sa.Engine) -> pd.DataFrame:
    """The month's figures in whole, on the boundaries of their time."""
    table = read(engine, "indicator_value")
    return table[(table["period"] == MONTH) & (table["boundaries"] == "as_was")]


def coverage(engine: sa.Engine) -> pd.DataFrame:
    """How far do organisations cover key enterprises, by unit, and on how many units does each figure rest?"""
    table = values(engine)
    table = table[
        (table["indicator_id"] == COVERAGE) & (table["time_basis"] == "end") & (table["dimension"] == "")
    ]
    table = table[table["level"].isin(["unit", "district"])].sort_values(["level", "subject_code"])
    return table[["level", "subject_code", "subject_zh", "value", "numerator", "denominator", "reporting_unit_count",
                  "expected_unit_count", "status"]]  # fmt: skip


def revisions(engine: sa.Engine) -> pd.DataFrame:
    """What changed between the last two releases, and why? The parts add up to the change."""
    releases, table = read(engine, "release"), read(engine, "revision")
    newest = releases[(releases["period"] == MONTH) & releases["is_newest"]]
    table = table.merge(newest[["release_id", "previous_release_id"]])
    table = table[(table["dimension"] == "") & (table["boundaries"] == "as_was")]
    return table.sort_values(["indicator_id", "level", "subject_code"])[
        ["indicator_id", "level", "subject_code", "subject_zh", "value_before", "value_after", "late_returns",
         "corrections", "overlays", "definitions", "boundaries_change", "note"]]  # fmt: skip


def new_members(engine: sa.Engine) -> pd.DataFrame:
    """How many new members did each cluster win over the year? Do not add them up: some count in two clusters."""
    table = values(engine)
    table = table[
        (table["indicator_id"] == "cluster_new_member_count") & (table["time_basis"] == "year_to_date")
    ]
    table = table[(table["level"] == "cluster") & (table["dimension"] == "")].sort_values("subject_code")
    return table[["subject_code", "subject_zh", "value", "note", "status"]]


def not_shown(engine: sa.Engine) -> pd.DataFrame:
    """Which figures have no value, and why?"""
    table = values(engine)
    table = table[table["status"].isin(["withheld", "suppressed", "missing"])]
    return table.sort_values(["indicator_id", "level", "subject_code", "dimension_code"])[
        ["indicator_id", "level", "subject_code", "subject_zh", "dimension_code", "status", "status_zh",
         "reporting_unit_count", "expected_unit_count"]]  # fmt: skip


def ranking(engine: sa.Engine) -> pd.DataFrame:
    """Which unit stands where, and how far down could the units that show no value push it?"""
    table = coverage(engine)
    table = table[table["level"] == "unit"]
    shown = table[table["value"].notna()].copy()
    shown["best_rank"] = shown["value"].rank(method="min", ascending=False).astype(int)
    shown["worst_rank"] = shown["best_rank"] + table["value"].isna().sum()
    shown = shown.sort_values(["best_rank", "subject_code"])
    return shown[["subject_code", "subject_zh", "value", "best_rank", "worst_rank"]]


QUESTIONS = (coverage, revisions, new_members, not_shown, ranking)

if __name__ == "__main__":
    reader = sa.create_engine(sys.argv[1])
    for question in QUESTIONS:
        print(question.__doc__, question(reader).to_string(index=False), sep="\n", end="\n\n")
