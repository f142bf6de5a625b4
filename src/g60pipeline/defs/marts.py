"""Assets `mart/<name>` and `indicator/<theme>`: what the warehouse computes from core.

Belongs here: one asset per file of `assets/marts/` and `assets/indicators/`, one per scorecard. Not here: their SQL.
"""

from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

import dagster as dg

from g60pipeline.contracts.indicators import IndicatorFile, Scorecard
from g60pipeline.contracts.periods import Period
from g60pipeline.defs.metadata import columns_of, mart_schema, spec, table_metadata
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, months_of
from g60pipeline.defs.resources import House, project
from g60pipeline.defs.verdicts import VERDICTS
from g60pipeline.indicators.relations import relations_of

if TYPE_CHECKING:
    from g60pipeline.indicators.compile import CompiledTheme

Dialect = Literal["duckdb", "postgres"]


def _relation_key(name: str) -> dg.AssetKey:
    return dg.AssetKey(["mart" if name in project().marts else "core", name])


def _mart_specs() -> list[dg.AssetSpec]:
    return [
        spec(
            ["mart", mart.name],
            deps=[dg.AssetKey(["core", form]) for form in mart.forms] or [VERDICTS],
            group="marts",
            description=f"{mart.title.zh}：{mart.description.zh}\n\n{mart.title.en}. {mart.description.en} {mart.grain}.",
            kinds={"sql", "view"},
            metadata=table_metadata(mart_schema(mart), f"mart.{mart.name}"),
        )
        for mart in project().marts.values()
    ]


@dg.multi_asset(name="marts", specs=_mart_specs(), can_subset=True)
def marts(context: dg.AssetExecutionContext, house: House) -> Any:
    """Create or replace all views; they cost nothing and read one another's tables."""
    from g60pipeline.indicators.marts import mart_view_sql
    from g60pipeline.warehouse.marts import create_mart_view, dialect_name

    dialect = dialect_name(house.warehouse)
    with house.warehouse.transaction() as connection:
        for mart in house.project.marts.values():
            create_mart_view(connection, mart, mart_view_sql(mart, dialect))
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key)


def _theme_relations(file: IndicatorFile) -> list[str]:
    return sorted({name for indicator in file.indicators for name in relations_of(indicator)})


def _theme_spec(file: IndicatorFile) -> dg.AssetSpec:
    listed = "\n".join(f"- {i.label.zh} / {i.label.en} (`{i.id}`)" for i in file.indicators)
    return spec(
        ["indicator", file.theme],
        deps=[_relation_key(name) for name in _theme_relations(file)],
        group="indicators",
        description=f"{file.title.zh} / {file.title.en}\n\n{listed}",
        kinds={"sql", "duckdb"},
        metadata={"dagster/table_name": "mart.indicator_value", "indicators": len(file.indicators)},
        partitions_def=MONTHS,
    )


@cache
def _compiled(theme: str, dialect: Dialect) -> "CompiledTheme":
    from g60pipeline.indicators.check import check_project
    from g60pipeline.indicators.compile import compile_indicators

    check_project(project())
    file = next(file for file in project().indicator_files if file.theme == theme)
    return compile_indicators(project(), file.indicators, dialect)


@dg.multi_asset(
    name="indicators",
    specs=[_theme_spec(file) for file in project().indicator_files],
    can_subset=True,
    backfill_policy=ONE_RUN,
)
def indicators(context: dg.AssetExecutionContext, house: House) -> Any:
    """Compute every indicator of the selected themes for the run's months; one transaction per theme."""
    months = months_of(context)
    keys = sorted(context.selected_asset_keys)
    # Planning a statement takes one core, and compiling the next theme another.
    with ThreadPoolExecutor(max_workers=2) as pool:
        done = [pool.submit(_compute, house, key.path[-1], months) for key in keys]
    for future in done:
        future.result()
    columns = columns_of(house, "mart.indicator_value")
    for key in keys:
        yield dg.MaterializeResult(asset_key=key, metadata=columns)


def _compute(house: House, theme: str, months: list[str]) -> None:
    """Replace the values of a theme's indicators for the months, on a connection of its own."""
    from g60pipeline.indicators.compile import run_table_statements
    from g60pipeline.warehouse.marts import dialect_name, replace_rows, run_statements

    warehouse = house.warehouse
    dialect = dialect_name(warehouse)
    compiled = _compiled(theme, dialect)
    ids = sorted({statement.indicator_id for statement in compiled.statements})
    selects = [statement.sql for statement in compiled.statements]
    with warehouse.transaction() as connection:
        run_statements(connection, run_table_statements([Period.parse(month) for month in months], dialect))
        run_statements(connection, compiled.tables)
        replace_rows(connection, warehouse.table("mart.indicator_value"), months, selects, indicator_id=ids)


def _scorecard_spec(scorecard: Scorecard) -> dg.AssetSpec:
    themes = [f.theme for f in project().indicator_files if any(i.id in scorecard.time for i in f.indicators)]
    columns = [
        dg.TableColumn(name, "float", description=project().indicators[name].label.zh)
        for name in scorecard.time
    ]
    keys = [
        dg.TableColumn("period", "text"),
        dg.TableColumn("subject_code", "text"),
        dg.TableColumn("label_zh", "text"),
    ]
    return spec(
        ["mart", scorecard.name],
        deps=[dg.AssetKey(["indicator", theme]) for theme in themes],
        group="marts",
        description=f"{scorecard.title.zh}：{scorecard.description.zh}\n\n{scorecard.title.en}. {scorecard.description.en}",
        kinds={"sql", "table"},
        metadata=table_metadata(dg.TableSchema([*keys, *columns]), f"mart.{scorecard.name}"),
        partitions_def=MONTHS,
    )


@dg.multi_asset(
    name="scorecards",
    specs=[_scorecard_spec(scorecard) for scorecard in project().scorecards],
    can_subset=True,
    backfill_policy=ONE_RUN,
)
def scorecards(context: dg.AssetExecutionContext, house: House) -> Any:
    """Pivot indicator values into the wide tables."""
    from g60pipeline.indicators.compile import run_table_statements
    from g60pipeline.indicators.marts import scorecard_sql
    from g60pipeline.warehouse.marts import dialect_name, replace_rows, run_statements

    months, warehouse = months_of(context), house.warehouse
    dialect = dialect_name(warehouse)
    by_name = {scorecard.name: scorecard for scorecard in house.project.scorecards}
    for key in sorted(context.selected_asset_keys):
        name = key.path[-1]
        with warehouse.transaction() as connection:
            run_statements(
                connection, run_table_statements([Period.parse(month) for month in months], dialect)
            )
            replace_rows(
                connection, warehouse.table(f"mart.{name}"), months, [scorecard_sql(by_name[name], dialect)]
            )
        yield dg.MaterializeResult(asset_key=key)
