"""Five questions to `pub_v1` with Polars: `python examples/with_polars.py URL` (duckdb:///… or postgresql+psycopg://…)."""

from __future__ import annotations

import sys

import polars as pl
import sqlalchemy as sa

MONTH = "2021-12"
COVERAGE = "key_enterprise_organisation_coverage"


def read(engine: sa.Engine, table: str) -> pl.DataFrame:
    """Read one published table."""
    with engine.connect() as connection:
        return pl.read_database(f"SELECT * FROM pub_v1.{table}", connection, infer_schema_length=None)


def values(engine: sa.Engine) -> pl.DataFrame:
    """The month's figures, on the boundaries of their time."""
    return read(engine, "indicator_value").filter(period=MONTH, boundaries="as_was")


def coverage(engine: sa.Engine) -> pl.DataFrame:
    """How far do organisations cover key enterprises, by unit, and on how many units does each figure rest?"""
    return (
        values(engine)
        .filter(pl.col("level").is_in(["unit", "district"]), indicator_id=COVERAGE, time_basis="end", dimension="")
        .sort("level", "subject_code")
        .select("level", "subject_code", "subject_zh", "value", "numerator", "denominator", "reporting_unit_count",
                "expected_unit_count", "status")
    )  # fmt: skip


def revisions(engine: sa.Engine) -> pl.DataFrame:
    """What changed between the last two releases, and why? The parts add up to the change."""
    newest = read(engine, "release").filter("is_newest", period=MONTH)
    return (
        read(engine, "revision")
        .join(newest, on=["release_id", "previous_release_id"], how="semi")
        .filter(dimension="", boundaries="as_was")
        .sort("indicator_id", "level", "subject_code")
        .select("indicator_id", "level", "subject_code", "subject_zh", "value_before", "value_after", "late_returns",
                "corrections", "overlays", "definitions", "boundaries_change", "note")
    )  # fmt: skip


def new_members(engine: sa.Engine) -> pl.DataFrame:
    """How many new members did each cluster win over the year? Do not add them up: some count in two clusters."""
    return (
        values(engine)
        .filter(
            indicator_id="cluster_new_member_count", time_basis="year_to_date", level="cluster", dimension=""
        )
        .sort("subject_code")
        .select("subject_code", "subject_zh", "value", "note", "status")
    )


def not_shown(engine: sa.Engine) -> pl.DataFrame:
    """Which figures have no value, and why?"""
    return (
        values(engine)
        .filter(pl.col("status").is_in(["withheld", "suppressed", "missing"]))
        .sort("indicator_id", "level", "subject_code", "dimension_code")
        .select("indicator_id", "level", "subject_code", "subject_zh", "dimension_code", "status", "status_zh",
                "reporting_unit_count", "expected_unit_count")
    )  # fmt: skip


def ranking(engine: sa.Engine) -> pl.DataFrame:
    """Which unit stands where, and how far down could the units that show no value push it?"""
    table = coverage(engine).filter(level="unit")
    best = pl.col("value").rank("min", descending=True).cast(pl.Int64)
    return (
        table.filter(pl.col("value").is_not_null())
        .with_columns(best_rank=best, worst_rank=best + table["value"].null_count())
        .sort("best_rank", "subject_code")
        .select("subject_code", "subject_zh", "value", "best_rank", "worst_rank")
    )


QUESTIONS = (coverage, revisions, new_members, not_shown, ranking)

if __name__ == "__main__":
    reader = sa.create_engine(sys.argv[1])
    for question in QUESTIONS:
        print(question.__doc__, question(reader), sep="\n", end="\n\n")
