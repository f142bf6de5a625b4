"""What an indicator may read: a form's rows in force or a mart, with columns, kinds of measure and the
forms behind it.

Belongs here: names resolved from contracts, and lineage by name. Not here: SQL (so no sqlglot: Dagster's
definitions load this module).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from g60pipeline.contracts.forms import FieldType, Form
from g60pipeline.contracts.indicators import Indicator, IndicatorFile, Mart
from g60pipeline.contracts.odcs import Measure
from g60pipeline.contracts.project import Project

CLUSTER_COLUMN = "cluster_code"


@dataclass(frozen=True)
class Column:
    """A column as an indicator sees it."""

    type: FieldType
    measure: Measure | None = None
    unit: str | None = None


@dataclass(frozen=True)
class Relation:
    """A form's rows in force or a mart. `forms`: whose returns its rows come from; none means the house's own
    ledger.
    """

    name: str
    rows: Literal["snapshot", "events"]
    columns: dict[str, Column]
    forms: tuple[str, ...]

    @property
    def table(self) -> str:
        """Name of its rows in the world of a run."""
        return f"run_{self.name}"

    @property
    def has_clusters(self) -> bool:
        """Say whether its rows belong to clusters."""
        return CLUSTER_COLUMN in self.columns


_TECHNICAL = {
    "submission_id": Column("integer"),
    "row_version": Column("integer"),
    "reporting_unit_code": Column("text"),
    "period": Column("text"),
    "month_index": Column("integer"),
    "sheet_row": Column("integer"),
}


def _form_relation(form: Form) -> Relation:
    columns = {field.name: Column(field.type, field.measure, field.unit) for field in form.fields}
    rows = "events" if form.rows == "events" else "snapshot"
    return Relation(form.name, rows, _TECHNICAL | columns, (form.name,))


def _mart_relation(mart: Mart) -> Relation:
    columns = {
        name: Column(column.type, column.measure, column.unit) for name, column in mart.columns.items()
    }
    return Relation(mart.name, mart.rows, columns, mart.forms)


def find_relation(project: Project, name: str) -> Relation:
    """Return the form or mart of that name; KeyError when there is neither."""
    if name in project.forms:
        return _form_relation(project.forms[name])
    return _mart_relation(project.marts[name])


def relations_of(indicator: Indicator) -> tuple[str, ...]:
    """Names of the forms and marts that an indicator reads, numerator's first."""
    components = (indicator.numerator, indicator.denominator)
    return tuple(dict.fromkeys(component.from_ for component in components if component is not None))


def relations_of_theme(file: IndicatorFile) -> tuple[str, ...]:
    """Names of the forms and marts that a theme reads, sorted: a Dagster asset's upstream."""
    return tuple(sorted({name for indicator in file.indicators for name in relations_of(indicator)}))


def forms_of(project: Project, names: Iterable[str]) -> tuple[str, ...]:
    """Forms whose returns the named forms and marts rest on, sorted."""
    return tuple(sorted({form for name in names for form in find_relation(project, name).forms}))
