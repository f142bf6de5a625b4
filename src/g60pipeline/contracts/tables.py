"""Published tables as readers are promised them: a contract in `schemas/tables/` and one SELECT in `assets/published/`.

Belongs here: a contract's keys and their reading. Not here: the views (warehouse, indicators), what may change between two
versions of a contract (table_changes.py), who may read (warehouse.roles).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field as Attr
from pydantic import model_validator

from g60pipeline.contracts.base import ContractError, Model, Text, read_model
from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.indicators import Scorecard
from g60pipeline.contracts.odcs import Description, Identifier, LogicalType

SCHEMA = "pub_v1"
SCORECARD_KEYS = ("period", "release_id", "subject_code", "subject_zh", "subject_en")

_LOGICAL: dict[str, LogicalType] = {
    "VARCHAR": "string", "BIGINT": "integer", "DOUBLE PRECISION": "number", "NUMERIC(38, 12)": "number",
    "BOOLEAN": "boolean", "DATE": "date", "TIMESTAMP": "timestamp",
}  # fmt: skip
PhysicalType = Literal[
    "VARCHAR", "BIGINT", "DOUBLE PRECISION", "NUMERIC(38, 12)", "BOOLEAN", "DATE", "TIMESTAMP"
]


class ColumnExtras(Model):
    """What a column has beyond the standard. `unit_column`: the unit of measure stands in that column, row by row."""

    unit: str | None = None
    unit_column: Identifier | None = None


class ColumnProperty(Model):
    """`customProperties` entry of a property."""

    property: Literal["column"]
    value: ColumnExtras


class TableProperty(Model):
    """A column: `businessName` says what it is in Chinese, `description` in English; `required` is never null."""

    name: Identifier
    businessName: str
    logicalType: LogicalType
    physicalType: PhysicalType
    description: str
    required: bool = False
    primaryKey: bool = False
    primaryKeyPosition: int = -1
    customProperties: tuple[()] | tuple[ColumnProperty] = ()

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> TableProperty:
        if _LOGICAL[self.physicalType] != self.logicalType:
            raise ValueError(f"{self.physicalType} is not {self.logicalType}")
        if self.primaryKey and not self.required:
            raise ValueError("a column of the key is required")
        return self


class TableExtras(Model):
    """What a table has beyond the standard: its title, its description in Chinese."""

    title: Text
    zh: str


class TableExtrasProperty(Model):
    """`customProperties` entry `table`."""

    property: Literal["table"]
    value: TableExtras


class TableSchema(Model):
    """The table."""

    name: Identifier
    physicalName: str
    businessName: str
    description: str
    dataGranularityDescription: str
    customProperties: tuple[TableExtrasProperty]
    properties: Annotated[tuple[TableProperty, ...], Attr(min_length=1)]

    @model_validator(mode="after")
    def _has_a_key(self) -> TableSchema:
        positions = sorted(column.primaryKeyPosition for column in self.properties if column.primaryKey)
        if not positions or positions != list(range(1, len(positions) + 1)):
            raise ValueError("needs a primary key whose positions are 1, 2, …")
        if len({column.name for column in self.properties}) < len(self.properties):
            raise ValueError("a column stands twice")
        return self


class TableDocument(Model):
    """One file of `schemas/tables/`."""

    apiVersion: Literal["v3.1.0"]
    kind: Literal["DataContract"]
    id: str
    name: Identifier
    version: str = Attr(pattern=r"^[1-9]\d*\.\d+\.\d+$")
    status: Literal["active", "deprecated"]
    domain: str
    description: Description
    schema_: tuple[TableSchema] = Attr(alias="schema")


class PublishedColumn(Model):
    """A column that readers may rely on. `type` is SQL's, in PostgreSQL's words."""

    name: str
    type: PhysicalType
    logical_type: LogicalType
    text: Text
    unit: str | None = None
    unit_column: str | None = None
    is_nullable: bool = True
    key_position: int | None = None


class PublishedTable(Model):
    """A table of `pub_v1`. `sql` is empty where it follows from a scorecard of the same name."""

    name: str
    version: str
    is_deprecated: bool = False
    title: Text
    description: Text
    grain: str
    columns: tuple[PublishedColumn, ...]
    sql: str = Attr(default="", exclude=True)

    @property
    def full_name(self) -> str:
        """Name with the schema."""
        return f"{SCHEMA}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """Columns in the promised order."""
        return tuple(column.name for column in self.columns)

    @property
    def key(self) -> tuple[str, ...]:
        """Columns that identify a row, in order."""
        keys = [column for column in self.columns if column.key_position is not None]
        return tuple(column.name for column in sorted(keys, key=lambda column: column.key_position or 0))


def _read_column(property_: TableProperty) -> PublishedColumn:
    extras = property_.customProperties[0].value if property_.customProperties else ColumnExtras()
    return PublishedColumn(
        name=property_.name,
        type=property_.physicalType,
        logical_type=property_.logicalType,
        text=Text(zh=property_.businessName, en=property_.description),
        unit=extras.unit,
        unit_column=extras.unit_column,
        is_nullable=not property_.required,
        key_position=property_.primaryKeyPosition if property_.primaryKey else None,
    )


def _column_faults(table: PublishedTable, units: CodeList) -> Iterator[str]:
    for column in table.columns:
        if column.unit is not None and column.unit not in units.by_code:
            yield f"{column.name} is in {column.unit}, which is no unit of measure"
        if column.unit_column is not None and column.unit_column not in table.column_names:
            yield f"the unit of {column.name} stands in {column.unit_column}, which is no column"


def _scorecard_faults(table: PublishedTable, scorecards: dict[str, Scorecard]) -> Iterator[str]:
    scorecard = scorecards.get(table.name)
    if scorecard is not None and table.column_names != (*SCORECARD_KEYS, *scorecard.time):
        yield "its columns are not those of its scorecard, in order"


def find_table_faults(
    tables: dict[str, PublishedTable], units: CodeList, scorecards: tuple[Scorecard, ...]
) -> list[str]:
    """Say what of the tables points nowhere: units of measure, columns; and which scorecard has other columns."""
    by_name = {scorecard.name: scorecard for scorecard in scorecards}
    return [
        f"schemas/tables/{table.name}.odcs.yaml: {fault}"
        for table in tables.values()
        for fault in (*_column_faults(table, units), *_scorecard_faults(table, by_name))
    ]


def read_table(path: Path, sql: Path | None = None) -> PublishedTable:
    """Read one contract, and its SELECT where there is one; ContractError names file and line."""
    document = read_model(TableDocument, path)
    schema = document.schema_[0]
    names = {
        path.name.removesuffix(".odcs.yaml"),
        document.name,
        schema.name,
        schema.physicalName.removeprefix(f"{SCHEMA}."),
    }
    if len(names) > 1:
        raise ContractError(f"{path}:1: file, contract and table have different names: {sorted(names)}")
    extras = schema.customProperties[0].value
    return PublishedTable(
        name=document.name,
        version=document.version,
        is_deprecated=document.status == "deprecated",
        title=extras.title,
        description=Text(zh=extras.zh, en=schema.description),
        grain=schema.dataGranularityDescription,
        columns=tuple(_read_column(property_) for property_ in schema.properties),
        sql=sql.read_text(encoding="utf-8").strip() if sql is not None and sql.exists() else "",
    )


def read_tables(contracts: Path, queries: Path | None = None) -> dict[str, PublishedTable]:
    """Read every contract of a folder by the table's name; `queries` holds the SELECTs."""
    tables = [
        read_table(path, queries / f"{path.name.removesuffix('.odcs.yaml')}.sql" if queries else None)
        for path in sorted(contracts.glob("*.odcs.yaml"))
    ]
    return {table.name: table for table in tables}
