"""Compare ways to run the same 36 rules over a frame in memory: Great Expectations, gx_fused, pandera, plain Polars.

Belongs here: measuring. Not here: whether the answers are right beyond being equal across tools (tests/gx_fused).
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

os.environ["GX_ANALYTICS_ENABLED"] = "false"

import great_expectations as gx
import great_expectations.expectations as gxe
import numpy as np
import polars as pl
from great_expectations.core.batch_definition import BatchDefinition
from great_expectations.core.expectation_suite import ExpectationSuite
from great_expectations.core.expectation_validation_result import ExpectationSuiteValidationResult
from great_expectations.data_context.types.base import ProgressBarsConfig

from gx_fused import validate
from gx_fused.tables import PolarsTable

EXAMPLE = "example: python bench/engine.py --rows 5000 100000 --repeat 3 --json > engine.json"
WRONG = 0.01
Failing = dict[str, np.ndarray[Any, Any]]

INDUSTRIES = [f"C{number:02d}" for number in range(13, 44)]
REQUIRED = ("unit_code", "month", "cluster_code", "credit_code", "name", "industry", "size")
SETS: dict[str, list[Any]] = {
    "industry": INDUSTRIES, "size": ["large", "medium", "small", "micro"], "cluster_code": [f"K{n}" for n in range(9)],
    "is_key": [True], "status": ["active", "stopped"],
}  # fmt: skip
RANGES: dict[str, tuple[float, float]] = {
    "employees": (0, 200_000), "members": (0, 20_000), "new_members": (0, 500), "output": (0, 1e6),
    "output_ytd": (0, 1e7), "profit": (-1e5, 1e6), "ratio_output": (0.1, 10), "ratio_members": (0.5, 2),
    "energy": (0, 1e5), "patents": (0, 1_000),
}  # fmt: skip
PATTERNS = {
    "unit_code": "^U[0-9]{3}$", "month": "^20[0-9]{2}-(?:0[1-9]|1[0-2])$", "credit_code": "^[0-9A-Z]{18}$",
    "cluster_code": "^K[0-9]$",
}  # fmt: skip
PAIRS = [
    ("employees", "members"), ("members", "new_members"), ("output_ytd", "output"), ("output", "profit"),
    ("reported_on", "founded_on"), ("employees", "patents"), ("output", "energy"),
]  # fmt: skip


def build_frame(rows: int) -> pl.DataFrame:
    """Build an enterprise register of which about one row in a hundred is wrong, rule by rule."""
    random = np.random.default_rng(12)
    number = np.arange(rows)
    day = np.datetime64("2021-01-01", "us") + random.integers(0, 300, rows).astype("timedelta64[D]")
    employees = random.integers(100, 5_000, rows).astype(float)
    output = random.gamma(2, 500, rows) + 200
    columns: dict[str, Any] = {
        "unit_code": [f"U{n % 400:03d}" for n in number], "month": ["2021-12"] * rows,
        "cluster_code": [f"K{n % 9}" for n in number], "credit_code": [f"91310{n:013d}" for n in number],
        "name": [f"上海企业{n}" for n in number], "industry": [INDUSTRIES[n % 31] for n in number],
        "size": random.choice(SETS["size"], rows).tolist(), "status": ["active"] * rows, "is_key": [True] * rows,
        "employees": employees, "members": employees * 0.05, "new_members": employees * 0.01, "output": output,
        "output_ytd": output * 3, "profit": output * 0.1, "ratio_output": random.uniform(0.5, 2, rows),
        "ratio_members": random.uniform(0.9, 1.1, rows), "energy": output * 0.2, "patents": employees * 0.02,
        "founded_on": day - np.timedelta64(4000, "D"), "reported_on": day,
    }  # fmt: skip
    frame = pl.DataFrame(columns, strict=True)
    return frame.with_columns(
        _spoil(name, dtype, random.random(rows)) for name, dtype in frame.schema.items()
    )


def _spoil(name: str, dtype: pl.DataType, chance: np.ndarray[Any, Any]) -> pl.Expr:
    draw = pl.lit(pl.Series(chance))
    if dtype == pl.String:
        wrong = pl.when(draw < WRONG / 2).then(None).when(draw < WRONG).then(pl.lit("?"))
    elif dtype == pl.Boolean:
        wrong = pl.when(draw < WRONG).then(pl.lit(False))
    elif dtype == pl.Float64:
        wrong = pl.when(draw < WRONG / 2).then(None).when(draw < WRONG).then(-pl.col(name) - 1e6)
    else:
        wrong = pl.when(draw < WRONG).then(pl.datetime(1800, 1, 1, time_unit="us"))
    return wrong.otherwise(pl.col(name)).alias(name)


def build_suite() -> ExpectationSuite:
    """Build the 36 rules: 7 not null, unique, compound unique, 4 patterns, 5 sets, 10 ranges, 1 of dates, 7 pairs."""
    expectations: list[Any] = [gxe.ExpectColumnValuesToNotBeNull(column=name) for name in REQUIRED]
    expectations += [gxe.ExpectColumnValuesToBeUnique(column="credit_code")]
    expectations += [gxe.ExpectCompoundColumnsToBeUnique(column_list=["unit_code", "name"])]
    expectations += [
        gxe.ExpectColumnValuesToMatchRegex(column=c, regex=regex) for c, regex in PATTERNS.items()
    ]
    expectations += [
        gxe.ExpectColumnValuesToBeInSet(column=c, value_set=members) for c, members in SETS.items()
    ]
    expectations += [
        gxe.ExpectColumnValuesToBeBetween(column=c, min_value=low, max_value=high)
        for c, (low, high) in RANGES.items()
    ]
    expectations += [gxe.ExpectColumnValueLengthsToBeBetween(column="name", min_value=2, max_value=60)]
    expectations += [
        gxe.ExpectColumnPairValuesAToBeGreaterThanB(
            column_A=left, column_B=right, or_equal=True, ignore_row_if="either_value_is_missing"
        )
        for left, right in PAIRS
    ]
    for number, expectation in enumerate(expectations):
        expectation.meta = {"rule": f"rule_{number:02d}"}
    return ExpectationSuite(name="register", expectations=expectations)


def plain_rules() -> list[pl.Expr]:
    """Return the same rules in the same order, written by hand: the floor."""
    unexpected = [pl.col(name).is_null() for name in REQUIRED]
    unexpected += [pl.col("credit_code").is_not_null() & pl.struct("credit_code").is_duplicated()]
    compound = ["unit_code", "name"]
    unexpected += [pl.any_horizontal(pl.col(compound).is_not_null()) & pl.struct(compound).is_duplicated()]
    unexpected += [~pl.col(name).str.contains(regex) for name, regex in PATTERNS.items()]
    unexpected += [~pl.col(name).is_in(members) for name, members in SETS.items()]
    unexpected += [(pl.col(name) < low) | (pl.col(name) > high) for name, (low, high) in RANGES.items()]
    unexpected += [~pl.col("name").str.len_chars().is_between(2, 60)]
    return unexpected + [pl.col(left) < pl.col(right) for left, right in PAIRS]


def run_floor(frame: pl.DataFrame) -> Failing:
    """Run the rules written by hand in one pass."""
    asked = [
        pl.arg_where(rule).implode().alias(f"rule_{number:02d}") for number, rule in enumerate(plain_rules())
    ]
    answers = frame.select(asked)
    return {name: answers[name][0].to_numpy() for name in answers.columns}


def read_failing(result: ExpectationSuiteValidationResult) -> Failing:
    """Read the positions of failing rows by rule."""
    failing: Failing = {}
    for one in result.results:
        config = one.expectation_config
        if config is None or "unexpected_index_list" not in one.result:
            raise RuntimeError(f"no rows named: {one.exception_info}")
        failing[config.meta["rule"]] = np.asarray(one.result["unexpected_index_list"], dtype=np.int64)
    return failing


def build_stock(suite: ExpectationSuite) -> Callable[[Any], Failing]:
    """Return Great Expectations' own way."""
    context = gx.get_context(mode="ephemeral")
    context.variables.progress_bars = ProgressBarsConfig(globally=False)
    asset = context.data_sources.add_pandas("bench").add_dataframe_asset("register")
    definition: BatchDefinition[Any] = asset.add_batch_definition_whole_dataframe("whole")

    def run(frame: Any) -> Failing:
        batch = definition.get_batch(batch_parameters={"dataframe": frame})
        return read_failing(batch.validate(suite, result_format="COMPLETE"))

    return run


def build_pandera() -> Callable[[pl.DataFrame], Failing] | None:
    """Return pandera's way, with its own failure cases; None where it is not installed."""
    try:
        import pandera.polars as pa
    except ImportError:
        return None
    rules = plain_rules()

    def check(rule: pl.Expr, name: str) -> Any:
        return pa.Check(lambda data: data.lazyframe.select((~rule).fill_null(True)), name=name)

    schema = pa.DataFrameSchema(checks=[check(rule, f"rule_{n:02d}") for n, rule in enumerate(rules)])

    def run(frame: pl.DataFrame) -> Failing:
        try:
            schema.validate(frame, lazy=True)
        except pa.errors.SchemaErrors as errors:
            cases = errors.failure_cases.select("check", "index").unique(maintain_order=True)
            parts = cases.partition_by("check", as_dict=True)
            return {str(key[0]): part["index"].sort().to_numpy() for key, part in parts.items()}
        return {}

    return run


def assert_equal(answers: dict[str, Failing]) -> int:
    """Compare failing rows across tools; SystemExit where they differ."""
    base = answers["floor"]
    for side, failing in answers.items():
        wrong = [rule for rule, rows in base.items() if not np.array_equal(rows, failing.get(rule, rows[:0]))]
        if wrong:
            raise SystemExit(f"{side} disagrees with the floor on {', '.join(wrong)}")
    return sum(map(len, base.values()))


def measure(rows: int, repeat: int) -> dict[str, Any]:
    """Measure all sides at one size, in alternating order; medians of wall and CPU seconds."""
    frame, suite = build_frame(rows), build_suite()
    stock, pandera = build_stock(suite), build_pandera()
    as_pandas = PolarsTable(frame).to_pandas()
    sides: dict[str, Callable[[], Failing]] = {
        "floor": lambda: run_floor(frame),
        "gx_fused": lambda: read_failing(validate(suite, frame, "COMPLETE")),
        "gx_fused_from_pandas": lambda: read_failing(validate(suite, as_pandas, "COMPLETE")),
        "gx": lambda: stock(as_pandas),
    }
    if pandera is None:
        print("pandera is not installed: left out", file=sys.stderr)
    else:
        sides["pandera"] = lambda: pandera(frame)
    failing_count = assert_equal({name: side() for name, side in sides.items()})
    wall: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(repeat):
        for name in list(sides)[:: 1 if turn % 2 else -1]:
            started = time.perf_counter()
            sides[name]()
            wall[name].append(time.perf_counter() - started)
    seconds = {name: statistics.median(taken) for name, taken in wall.items()}
    return {"rows": rows, "rules": len(suite.expectations), "failing": failing_count, "seconds": seconds}


def show(measured: dict[str, Any]) -> str:
    """Return a table: each side's seconds, and how many times gx_fused's they are."""
    ours = measured["seconds"]["gx_fused"]
    head = f"{measured['rows']:,} rows, {measured['rules']} rules, {measured['failing']:,} failing rows named by all"
    lines = [
        f"  {name:22}{taken * 1000:12.1f} ms{taken / ours:8.1f}x"
        for name, taken in measured["seconds"].items()
    ]
    return "\n".join([head, *lines])


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument(
        "--rows", type=int, nargs="+", default=[5_000, 100_000, 1_000_000], help="sizes of the frame"
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs of each side")
    parser.add_argument("--json", action="store_true", help="print one JSON document")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    measured = [measure(rows, arguments.repeat) for rows in arguments.rows]
    print(json.dumps(measured, indent=2) if arguments.json else "\n".join(map(show, measured)))


if __name__ == "__main__":
    main()
