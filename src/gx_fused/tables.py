"""Frames as the rules see them: Polars columns whose kind, and so whose meaning in Great Expectations, is known.

Belongs here: reading pandas and Polars frames, and giving rows back as pandas would show them. Not here: what a rule
makes of a column (rules.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol, cast

import numpy as np
import pandas as pd
import polars as pl
from pandas.api.types import infer_dtype

Kind = Literal["int", "float", "bool", "text", "time", "empty", "opaque"]

# Integers beyond this are not all floats, and comparing them depends on how a library rounds.
EXACT_INTEGER = 2**53


@dataclass(frozen=True)
class Column:
    """A column whose missing values are null. An opaque one holds only whether a value is there: True or null.

    `is_masked`: pandas compares a missing value with `NA` for an answer, and not with False.
    """

    kind: Kind
    values: pl.Series
    is_masked: bool = False


class Table(Protocol):
    """A frame to validate. Rows are named by position."""

    @property
    def height(self) -> int:
        """Count of rows."""
        ...

    @property
    def is_plain(self) -> bool:
        """Whether every column's name stands once and the index has no name."""
        ...

    @property
    def has_unique_labels(self) -> bool:
        """Whether every row has an index label of its own."""
        ...

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        ...

    def column(self, name: str) -> Column:
        """Return a column as rules see it."""
        ...

    def take(self, name: str, positions: np.ndarray[Any, Any]) -> pd.Series:
        """Return some rows of a column as pandas shows them."""
        ...

    def labels(self, positions: np.ndarray[Any, Any]) -> list[Any]:
        """Return the index labels of some rows."""
        ...

    def to_pandas(self) -> pd.DataFrame:
        """Return the frame for Great Expectations' own metrics."""
        ...


class PandasTable:
    """A pandas frame."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self._frame = frame
        self._columns: dict[str, Column] = {}
        self.height = len(frame)

    @property
    def is_plain(self) -> bool:
        """Whether every column's name stands once and the index has no name."""
        return self._frame.columns.is_unique and not any(name is not None for name in self._frame.index.names)

    @property
    def has_unique_labels(self) -> bool:
        """Whether every row has an index label of its own."""
        return self._frame.index.is_unique

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self._frame.columns

    def column(self, name: str) -> Column:
        """Return a column as rules see it."""
        if name not in self._columns:
            self._columns[name] = read_pandas(self._frame[name])
        return self._columns[name]

    def take(self, name: str, positions: np.ndarray[Any, Any]) -> pd.Series:
        """Return some rows of a column as pandas shows them."""
        return self._frame[name].iloc[positions]

    def labels(self, positions: np.ndarray[Any, Any]) -> list[Any]:
        """Return the index labels of some rows."""
        return self._frame.index[positions].to_list()

    def to_pandas(self) -> pd.DataFrame:
        """Return the frame."""
        return self._frame


class PolarsTable:
    """A Polars frame. It means what the pandas frame of `to_pandas` means."""

    is_plain = True
    has_unique_labels = True

    def __init__(self, frame: pl.DataFrame) -> None:
        self._series = {series.name: series for series in frame.get_columns()}
        self._columns: dict[str, Column] = {}
        self.height = frame.height

    def has(self, name: str) -> bool:
        """Whether there is such a column."""
        return name in self._series

    def column(self, name: str) -> Column:
        """Return a column as rules see it."""
        if name not in self._columns:
            self._columns[name] = read_polars(self._series[name])
        return self._columns[name]

    def take(self, name: str, positions: np.ndarray[Any, Any]) -> pd.Series:
        """Return some rows of a column as pandas shows them."""
        series = self._series[name]
        return _to_pandas(series[positions], bool(series.null_count()))

    def labels(self, positions: np.ndarray[Any, Any]) -> list[Any]:
        """Return the positions, which are the labels of a frame without an index."""
        return positions.tolist()

    def to_pandas(self) -> pd.DataFrame:
        """Return the frame: integers with nulls as floats, texts and dates as objects."""
        columns = {name: _to_pandas(s, bool(s.null_count())) for name, s in self._series.items()}
        return pd.DataFrame(columns, index=pd.RangeIndex(self.height))


def open_table(frame: pd.DataFrame | pl.DataFrame) -> Table:
    """Return the table of a pandas or Polars frame."""
    return PolarsTable(frame) if isinstance(frame, pl.DataFrame) else PandasTable(frame)


def read_pandas(series: pd.Series) -> Column:
    """Read a pandas column; opaque where its type's meaning is not one of those that were proved."""
    dtype = series.dtype
    if isinstance(dtype, pd.StringDtype):
        masked = dtype.na_value is pd.NA
        return _text(series, masked)
    if isinstance(dtype, pd.BooleanDtype):
        return Column("bool", _from_objects(series, pl.Boolean), is_masked=True)
    if isinstance(dtype, pd.api.extensions.ExtensionDtype):
        return _masked_integer(series) if pd.api.types.is_integer_dtype(dtype) else _opaque(series)
    return _read_numpy(series)


def _read_numpy(series: pd.Series) -> Column:
    dtype = cast("np.dtype[Any]", series.dtype)
    if dtype == np.float64:
        return Column("float", pl.Series(series.to_numpy(), nan_to_null=True))
    if dtype.kind in "iu":
        return _exact(pl.Series(series.to_numpy()), is_masked=False) or _opaque(series)
    if dtype.kind == "b":
        return Column("bool", pl.Series(series.to_numpy()))
    if dtype.kind == "M" and np.datetime_data(dtype)[0] in ("ns", "us", "ms"):
        return Column("time", pl.Series(series.to_numpy()))
    return _read_objects(series) if dtype.kind == "O" else _opaque(series)


def _read_objects(series: pd.Series) -> Column:
    kind = infer_dtype(series, skipna=True)
    if kind == "string":
        return _text(series, is_masked=False)
    if kind == "boolean":
        return Column("bool", _from_objects(series, pl.Boolean))
    if kind == "empty":
        return _empty(len(series))
    return _opaque(series)


def _text(series: pd.Series, is_masked: bool) -> Column:
    try:
        return Column("text", _from_objects(series, pl.String), is_masked)
    except UnicodeEncodeError:  # a lone surrogate: Python has such texts, UTF-8 has not
        return _opaque(series)


def _from_objects(series: pd.Series, dtype: type[pl.DataType]) -> pl.Series:
    """Read objects of one type; None is what most columns have for missing, and the quickest to read."""
    try:
        return pl.Series(series.tolist(), dtype=dtype, strict=True)
    except (TypeError, ValueError):
        objects = series.astype(object)
        return pl.Series(objects.where(objects.notna(), None).tolist(), dtype=dtype, strict=True)


def _masked_integer(series: pd.Series) -> Column:
    values = pl.Series("v", series.to_numpy(dtype=str(series.dtype).lower(), na_value=0))
    present = pl.Series(series.notna().to_numpy())
    return _exact(pl.select(pl.when(present).then(values)).to_series(), is_masked=True) or _opaque(series)


def _exact(values: pl.Series, is_masked: bool) -> Column | None:
    bounds = [cast("int | None", values.min()), cast("int | None", values.max())]
    if any(bound is not None and abs(bound) > EXACT_INTEGER for bound in bounds):
        return None
    return Column("int", values, is_masked)


def _opaque(series: pd.Series) -> Column:
    return _present(pl.Series(series.notna().to_numpy()))


def _present(present: pl.Series) -> Column:
    return Column("opaque", pl.select(pl.when(present).then(pl.lit(True))).to_series())


def read_polars(series: pl.Series) -> Column:
    """Read a Polars column; opaque where its type's meaning is not one of those that were proved."""
    dtype = series.dtype
    if dtype == pl.Null:
        return _empty(len(series))
    if dtype.is_integer():
        return _exact(series, is_masked=False) or _present(series.is_not_null())
    if dtype == pl.Float64:
        return Column("float", series.fill_nan(None))
    if dtype == pl.String or dtype == pl.Boolean:
        kind: Kind = "text" if dtype == pl.String else "bool"
        return _empty(len(series)) if series.null_count() == len(series) else Column(kind, series)
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        return Column("time", series)
    return _present(series.is_not_null() & series.is_not_nan() if dtype.is_float() else series.is_not_null())


def _empty(size: int) -> Column:
    return Column("empty", pl.repeat(None, size, dtype=pl.Boolean, eager=True))


def _to_pandas(series: pl.Series, has_missing: bool) -> pd.Series:
    dtype = series.dtype
    if dtype.is_integer() and has_missing:
        return pd.Series(series.cast(pl.Float64).to_numpy())
    is_numpy = dtype.is_numeric() or (isinstance(dtype, pl.Datetime) and dtype.time_zone is None)
    if (is_numpy and not dtype.is_decimal()) or (dtype == pl.Boolean and not has_missing):
        return pd.Series(series.to_numpy())
    return pd.Series(cast("Sequence[Any]", series.to_list()), dtype=object)
