"""Assets `mart/<name>` and `indicator/<theme>`: what the warehouse computes from core.

Belongs here: one asset per file of `assets/marts/` and `assets/indicators/`, one per scorecard. Not here: their SQL.
"""

from typing import Any

import dagster as dg

from g60pipeline.contracts.indicators import IndicatorFile, Scorecard
from g60pipeline.defs.keys import VERDICTS
from g60pipeline.defs.lineage import column_lineage
from g60pipeline.defs.metadata import columns_of, mart_schema, spec, table_metadata
from g60pipeline.defs.partitions import MONTHS, ONE_RUN, WRITER, months_of
from g60pipeline.defs.resources import House, project
from g60pipeline.indicators.relations import relations_of


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


@dg.multi_asset(name="marts", specs=_mart_specs(), can_subset=True, pool=WRITER)
def marts(context: dg.AssetExecutionContext, house: House) -> Any:
    """Create or replace the views that changed; they cost nothing and read one another's tables."""
    from g60pipeline.operations.marts import create_marts

    create_marts(house.warehouse)
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata=column_lineage(key))


def _theme_relations(file: IndicatorFile) -> list[str]:
    return sorted({name for indicator in file.indicators for name in relations_of(indicator)})


def _theme_spec(file: IndicatorFile) -> dg.AssetSpec:
    listed = "\n".join(f"- {i.label.zh} / {i.label.en} (`{i.id}`)" for i in file.indicators)
    return spec(
        ["indicator", file.theme],
        deps=[_relation_key(name) for name in _theme_relations(file)],
        group="indicators",
        description=f"{file.title.zh} / {file.title.en}\n\n{listed}",
        kinds={"sql", "table"},
        metadata={"dagster/table_name": "mart.indicator_value", "indicators": len(file.indicators)},
        partitions_def=MONTHS,
    )


@dg.multi_asset(
    name="indicators",
    specs=[_theme_spec(file) for file in project().indicator_files],
    can_subset=True,
    backfill_policy=ONE_RUN,
    pool=WRITER,
)
def indicators(context: dg.AssetExecutionContext, house: House) -> Any:
    """Compute what changed of the selected themes: the run's months, and earlier or later ones that returns reach."""
    from g60pipeline.operations.compute import update_indicators

    months = months_of(context)
    keys = {key.path[-1]: key for key in sorted(context.selected_asset_keys)}
    columns = columns_of(house, "mart.indicator_vintage")
    for done in update_indicators(house.warehouse, months, list(keys)):
        key = keys[done.theme]
        for month in (month for month in done.months if month not in months):
            context.log_event(
                dg.AssetMaterialization(key, "a return of another month reached it", partition=month)
            )
        counts = {"months_computed": len(done.months), "values_changed": done.changed_count}
        yield dg.MaterializeResult(asset_key=key, metadata={**columns, **counts, **column_lineage(key)})


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
        group="scorecards",
        description=f"{scorecard.title.zh}：{scorecard.description.zh}\n\n{scorecard.title.en}. {scorecard.description.en}",
        kinds={"sql", "table"},
        metadata=table_metadata(dg.TableSchema([*keys, *columns]), f"mart.{scorecard.name}"),
    )


@dg.multi_asset(
    name="scorecards",
    specs=[_scorecard_spec(scorecard) for scorecard in project().scorecards],
    can_subset=True,
    pool=WRITER,
)
def scorecards(context: dg.AssetExecutionContext, house: House) -> Any:
    """Create or replace the views that set indicator values side by side, where they changed."""
    from g60pipeline.operations.marts import create_marts

    create_marts(house.warehouse)
    for key in sorted(context.selected_asset_keys):
        yield dg.MaterializeResult(asset_key=key, metadata=column_lineage(key))
