"""README.md of a snapshot."""

from __future__ import annotations

from g60pipeline.contracts.base import Text
from g60pipeline.reports.snapshot_readme import build_readme
from snapshot_world import ROWS, TABLES


def test_readers_are_told_in_both_languages() -> None:
    text = build_readme(TABLES, ROWS, [(Text(zh="最新发布", en="Newest release"), "2021-12.2")], "NA")
    assert "- 最新发布 / Newest release: 2021-12.2" in text
    assert "| `figure` | 指标值 / figure | one row per key | 4 |" in text
    for file in (
        "g60.xlsx",
        "g60.duckdb",
        "parquet/",
        "csv/",
        "datapackage.json",
        "SHA256SUMS",
        "current.json",
        "latest",
    ):
        assert f"`{file}`" in text
    assert "缺失值：CSV 中写作 `NA`" in text
    assert "A missing value is `NA` in CSV" in text
