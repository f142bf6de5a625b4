"""Values of corrections: from what YAML can hold to the type of a form's field, exactly.

Belongs here: types, codes and bounds of one value. Not here: which field it is for (corrections.py), texts of cells
(intake.text): a correction is written as the warehouse holds it, never as a clerk would write it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

from pydantic import AfterValidator, WithJsonSchema

from g60pipeline.contracts.codelists import CodeList
from g60pipeline.contracts.forms import Field, FieldType

_PLACES = 6  # of a decimal column
_LIMIT = Decimal(10) ** 18
# A YAML number with a point is a float, which holds six places exactly only up to here.
_FLOAT_LIMIT = 1e9


def _is_scalar(value: Any) -> Any:
    if isinstance(value, list | dict):
        raise ValueError("is one value, not several")
    return value


Scalar = Annotated[
    Any, AfterValidator(_is_scalar), WithJsonSchema({"type": ["string", "number", "boolean", "null"]})
]


def _integer(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is no whole number")
    return value


def _decimal(value: Any) -> Decimal:
    if isinstance(value, float) and abs(value) >= _FLOAT_LIMIT:
        raise ValueError(f"{value!r} is not exact; write a number with a point of this size in quotes")
    if isinstance(value, bool) or not isinstance(value, int | float | str | Decimal):
        raise ValueError(f"{value!r} is no number")
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        raise ValueError(f"{value!r} is no number") from None
    if not number.is_finite() or abs(number) >= _LIMIT:
        raise ValueError(f"{value!r} is no number that a column holds")
    if number != round(number, _PLACES):
        raise ValueError(f"{value!r} has more than {_PLACES} places")
    return Decimal(f"{number.normalize():f}")


def _boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"{value!r} is neither true nor false")
    return value


def _date(value: Any) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(_text(value))
    except ValueError:
        raise ValueError(f"{value!r} is no date such as '2021-12-31'") from None


def _timestamp(value: Any) -> datetime:
    try:
        instant = value if isinstance(value, datetime) else datetime.fromisoformat(_text(value))
    except ValueError:
        raise ValueError(f"{value!r} is no time such as '2021-12-31 09:30'") from None
    if instant.tzinfo is not None:
        raise ValueError(f"{value!r} has a time zone; times are Beijing's")
    return instant


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text; put it in quotes")
    if not value or value != value.strip():
        raise ValueError(f"{value!r} is blank or has spaces around it; a blank cell is null")
    return value


_READERS: dict[FieldType, Any] = {
    "integer": _integer,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _date,
    "timestamp": _timestamp,
    "text": _text,
}


def read_value(field: Field, value: Any, code_lists: Mapping[str, CodeList]) -> Any:
    """Return the value in the field's type, None for a blank; ValueError when it is none or not in its code list."""
    if value is None:
        return None
    typed = _READERS[field.type](value)
    if field.code_list is not None:
        known = code_lists[field.code_list].by_code
        for code in typed.split(";") if field.is_list else [typed]:
            if code not in known:
                raise ValueError(f"{code} is not in the code list {field.code_list}")
    return typed


def read_valid_value(field: Field, value: Any, code_lists: Mapping[str, CodeList]) -> Any:
    """Return a value that is to be put in; ValueError also when it is out of the bounds that the contract declares."""
    typed = read_value(field, value, code_lists)
    if typed is None:
        return None
    if field.minimum is not None and typed < field.minimum:
        raise ValueError(f"{typed} is below {field.minimum:g}")
    if field.maximum is not None and typed > field.maximum:
        raise ValueError(f"{typed} is above {field.maximum:g}")
    if field.max_length is not None and len(typed) > field.max_length:
        raise ValueError(f"is longer than {field.max_length}")
    if field.pattern is not None and not re.search(field.pattern, typed):
        raise ValueError(f"{typed} does not match {field.pattern}")
    return typed


def write_value(value: Any) -> str | None:
    """Return a typed value as the ledger writes it, the same text whatever database it was read from; None: blank."""
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return value.isoformat(" ") if isinstance(value, datetime) else str(value)
