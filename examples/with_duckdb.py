"""Five questions to `pub_v1` in a DuckDB file: `python examples/with_duckdb.py warehouse.duckdb`. Nothing is written."""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

QUESTIONS = sorted((Path(__file__).parent / "sql").glob("*.sql"))


def answer(file: str, question: Path) -> list[tuple[object, ...]]:
    """Rows that the question's SQL yields."""
    with duckdb.connect(file, read_only=True) as connection:
        return connection.execute(question.read_text(encoding="utf-8")).fetchall()


if __name__ == "__main__":
    for path in QUESTIONS:
        print(path.stem, *answer(sys.argv[1], path), sep="\n", end="\n\n")
