"""What a template says and asks of one field: prompt, hint, check of what is typed, running total, cells.

Belongs here: the contract of a field in the words and formulas of a spreadsheet. Not here: formats and places
(template_style.py, template_sheet.py).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from g60pipeline.contracts.forms import Field, Form
from g60pipeline.reports.template_order import Choice, Order

_SUMMABLE = {"stock", "flow", "flow_ytd"}
_USCC_LENGTH = 18
_MOST = 10**15  # beyond it a spreadsheet loses digits
_FIRST_DATE = date(1900, 1, 1)
_CREDIT_CODE = "uscc"


@dataclass(frozen=True)
class FieldText:
    """A field of a form in an order, in the catalogue's words."""

    order: Order
    form: Form
    field: Field

    @property
    def choice(self) -> Choice | None:
        """What its cells are chosen from."""
        return self.order.choice(self.form, self.field)

    @property
    def kind(self) -> str:
        """How a cell is filled in: a key of the catalogue's hints."""
        if self.field.is_list:
            return "several"
        if self.field.type == "boolean":
            return "boolean"
        if self.field.code_list is not None:
            return "chosen"
        return _CREDIT_CODE if self.field.format == _CREDIT_CODE else self.field.type

    @property
    def hint(self) -> str:
        """What stands above the heading where there is no running total."""
        return self.order.texts.hints[self.kind].format(**self.order.quoted)

    def _unit_label(self, unit: str) -> str:
        return self.order.project.code_lists["measurement_units"].label_zh(unit)

    @property
    def prompt(self) -> str:
        """The help of the contract and what else there is to know before filling in a cell."""
        help_ = self.field.description.zh.rstrip("。")
        return f"{help_}。" + "".join(self._sentences())

    def _sentences(self) -> Iterator[str]:
        texts, field, quoted = self.order.texts.prompts, self.field, self.order.quoted
        is_number = field.type in ("integer", "decimal")
        yield texts["required" if is_number else "required_text"] if field.is_required else texts["optional"]
        if self.kind in ("chosen", "several", "date", "timestamp"):
            yield texts[self.kind].format(**quoted)
        if field.allows_not_applicable:
            yield texts["not_applicable"]
        yield from self._unit_sentences()
        if field.is_prefilled and self.order.last_month.get(self.form.name):
            yield texts["prefilled"]

    def _unit_sentences(self) -> Iterator[str]:
        texts, field = self.order.texts.prompts, self.field
        if field.unit_field is None:
            if field.unit is not None:
                yield texts["unit"].format(unit=self._unit_label(field.unit))
            return
        heading = self.form.field_by_name[field.unit_field].heading
        yield texts["unit"].format(unit=texts["unit_field"].format(heading=heading)).replace("。。", "。")
        if field.unit is not None:
            yield texts["unit_default"].format(heading=heading, unit=self._unit_label(field.unit))

    # --- check of what is typed

    def validation(self, first_cell: str) -> dict[str, Any]:
        """Return the check and the prompt of the field's cells; formulas are relative to the first of them."""
        check, error = self._check(first_cell)
        bounds = {"bounds": self._bounds(), "max_length": self.field.max_length}
        return {
            **check,
            "input_title": self.field.heading,
            "input_message": self.prompt,
            "error_title": self.order.texts.words["error_title"],
            "error_message": self.order.texts.errors[error].format(**self.order.quoted, **bounds)
            if error
            else None,
        }

    def _check(self, cell: str) -> tuple[dict[str, Any], str]:
        """Return the check and the key of its error; "" where anything goes."""
        field, choice = self.field, self.choice
        if choice is not None:
            return {"validate": "list", "source": f"={choice.name}"}, "chosen"
        if field.allows_not_applicable:
            return {"validate": "custom", "value": self._number_or_not_applicable(cell)}, "not_applicable"
        if field.type in ("integer", "decimal"):
            minimum, maximum = self._limits()
            kind = "integer" if field.type == "integer" else "decimal"
            return {
                "validate": kind,
                "criteria": "between",
                "minimum": minimum,
                "maximum": maximum,
            }, field.type
        if field.type in ("date", "timestamp"):
            return {"validate": "date", "criteria": ">=", "value": _FIRST_DATE}, field.type
        return self._text_check()

    def _text_check(self) -> tuple[dict[str, Any], str]:
        if self.field.format == _CREDIT_CODE:
            return {"validate": "length", "criteria": "==", "value": _USCC_LENGTH}, _CREDIT_CODE
        if self.field.max_length is not None:
            return {"validate": "length", "criteria": "<=", "value": self.field.max_length}, "length"
        return {"validate": "any"}, ""

    def _limits(self) -> tuple[float, float]:
        minimum, maximum = self.field.minimum, self.field.maximum
        return (-_MOST if minimum is None else minimum), (_MOST if maximum is None else maximum)

    def _number_or_not_applicable(self, cell: str) -> str:
        minimum, maximum = self._limits()
        whole = f",{cell}=INT({cell})" if self.field.type == "integer" else ""
        within = f"AND({cell}>={minimum:.16g},{cell}<={maximum:.16g}{whole})"
        return f'=IF(ISNUMBER({cell}),{within},{cell}="不适用")'

    def _bounds(self) -> str:
        texts, minimum, maximum = self.order.texts.errors, self.field.minimum, self.field.maximum
        if minimum is None and maximum is None:
            return ""
        said = {
            "minimum": f"{minimum:g}" if minimum is not None else "",
            "maximum": f"{maximum:g}" if maximum is not None else "",
        }
        key = "at_most" if minimum is None else "at_least" if maximum is None else "between"
        return texts[key].format(**said)

    # --- running total

    @property
    def has_total(self) -> bool:
        """Say whether the column's sum means anything: a count or an amount of which a unit reports several."""
        field = self.field
        is_alone = any(key.code_list == "units" for key in self.form.key_fields)
        return field.measure in _SUMMABLE and field.unit not in (None, "rank") and not is_alone

    def total_formula(self, cells: str, unit_cells: str | None) -> str:
        """Return the sum of the cells in the field's own unit; `unit_cells` say in which unit each row is."""
        others = "".join(
            f'+SUMIF({unit_cells},"{label}",{cells})*({factor:f}-1)'
            for label, factor in (self._other_units() if unit_cells else ())
        )
        return f"=SUM({cells}){others}"

    def _other_units(self) -> Iterator[tuple[str, Decimal]]:
        units = self.order.project.code_lists["measurement_units"]
        own = units.by_code[self.field.unit or ""].attributes
        for code in self.order.valid(units):
            factor = Decimal(code.attributes["factor"]) / Decimal(own["factor"])
            if code.attributes["dimension"] == own["dimension"] and factor != 1:
                yield code.label_zh, factor

    @property
    def total_format(self) -> str:
        """Number format of the total, which says what it is and in which unit."""
        number = "#,##0" if self.field.type == "integer" else "#,##0.00"
        unit = self._unit_label(self.field.unit or "")
        return self.order.texts.words["total_format"].format(number=number, unit=unit)

    # --- cells

    def cell(self, value: Any) -> Any:
        """Return a typed value as a clerk would write it."""
        if isinstance(value, bool):
            yes, no = self.order.texts.booleans
            return yes if value else no
        if self.field.code_list is None or not isinstance(value, str):
            return value
        codes = self.order.project.code_lists[self.field.code_list]
        return (
            ";".join(codes.written(code) for code in value.split(";"))
            if self.field.is_list
            else codes.written(value)
        )
