"""Definitions as rows: what indicators, their dimensions, and published tables mean, for whoever reads with SQL.

Belongs here: turning definitions into rows. Not here: the definitions (indicators.py, tables.py), the views (warehouse).
"""

from __future__ import annotations

from collections.abc import Iterator

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.forms import Field
from g60pipeline.contracts.indicators import Component, Indicator, IndicatorFile
from g60pipeline.contracts.project import Project

Cell = str | int | float | bool | None
Rows = list[dict[str, Cell]]


def _formula(component: Component | None) -> str | None:
    if component is None:
        return None
    condition = f" WHERE {component.where}" if component.where else ""
    return f"{component.value} FROM {component.from_}{condition}"


def _indicator(indicator: Indicator, file: IndicatorFile) -> dict[str, Cell]:
    disclosure = indicator.disclosure
    return {
        "indicator_id": indicator.id,
        "theme": file.theme,
        "theme_zh": file.title.zh,
        "theme_en": file.title.en,
        "label_zh": indicator.label.zh,
        "label_en": indicator.label.en,
        "definition_zh": indicator.definition.zh,
        "definition_en": indicator.definition.en,
        "kind": indicator.kind,
        "unit_code": indicator.unit,
        "numerator_formula": _formula(indicator.numerator),
        "denominator_formula": _formula(indicator.denominator),
        "over_months": indicator.over_months,
        "years": indicator.years,
        "base_period": indicator.base_period,
        "time_bases": ";".join(indicator.time),
        "levels": ";".join(indicator.levels),
        "dimensions": ";".join(indicator.dimensions) or None,
        "missing_policy": indicator.missing,
        "threshold_ratio": indicator.threshold,
        "target": indicator.target,
        "minimum_contributors": disclosure.minimum_contributors if disclosure else None,
        "may_count_twice": indicator.may_count_twice,
        "owner": file.owner,
    }


def indicator_rows(project: Project) -> Rows:
    """Return a row per indicator."""
    return [_indicator(indicator, file) for file in project.indicator_files for indicator in file.indicators]


def _field_behind(project: Project, relation: str, dimension: str) -> Field | None:
    """A form's field, also where a mart passes it on under its name."""
    forms = project.marts[relation].forms if relation in project.marts else (relation,)
    fields = (project.forms[form].field_by_name.get(dimension) for form in forms)
    return next((field for field in fields if field is not None), None)


def _dimension(project: Project, relation: str, dimension: str) -> tuple[Text, str | None]:
    field = _field_behind(project, relation, dimension)
    mart = project.marts.get(relation)
    if mart is not None:
        text = mart.columns[dimension].description
    else:
        assert field is not None
        text = Text(zh=field.heading, en=dimension.replace("_", " "))
    return text, field.code_list if field else None


def dimension_rows(project: Project) -> Rows:
    """Return a row per indicator and dimension: its names, and the code list of its parts where there is one."""
    rows: Rows = []
    for indicator in project.indicators.values():
        for name in indicator.dimensions:
            text, code_list = _dimension(project, indicator.numerator.from_, name)
            rows.append({
                "indicator_id": indicator.id, "dimension": name, "code_list": code_list,
                "label_zh": text.zh, "label_en": text.en,
            })  # fmt: skip
    return rows


def _table_rows(project: Project) -> Iterator[dict[str, Cell]]:
    for table in project.tables.values():
        yield {
            "table_name": table.name, "column_name": "", "position": 0,
            "text_zh": f"{table.title.zh}：{table.description.zh}", "text_en": f"{table.title.en}: {table.description.en}",
            "type": None, "unit": None, "unit_column": None, "key_position": None, "is_nullable": None,
            "version": table.version,
        }  # fmt: skip
        for position, column in enumerate(table.columns, start=1):
            yield {
                "table_name": table.name, "column_name": column.name, "position": position,
                "text_zh": column.text.zh, "text_en": column.text.en, "type": column.type, "unit": column.unit,
                "unit_column": column.unit_column, "key_position": column.key_position,
                "is_nullable": column.is_nullable, "version": table.version,
            }  # fmt: skip


def table_rows(project: Project) -> Rows:
    """Return a row per published table, and per column of it."""
    return list(_table_rows(project))
