"""Which cells a rule looks at, through the columns that it is computed from.

Belongs here: reading contracts. Not here: computing anything (derive), finding the cells of one row (parts.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from g60pipeline.contracts.forms import Form, Rule
from g60pipeline.contracts.project import Project

# Functions of a row that look at other rows of its form.
_LOOKS_AROUND = frozenset({"row_value"})
# Functions that find a row of an earlier month by its key.
_BY_KEY = frozenset({
    "factor_to_history", "is_copy_of_previous", "previous", "previous_year_to_date", "relative_change",
    "spreads_from_history",
})  # fmt: skip


class Reads:
    """Which fields of which forms a rule looks at, through the columns that it is computed from."""

    def __init__(self, project: Project) -> None:
        self.forms: dict[str, Form] = {**project.forms, "cover": project.cover}
        self._known: dict[tuple[str, str], frozenset[tuple[str, str]]] = {}

    def of(self, form: Form, rule: Rule) -> frozenset[tuple[str, str]]:
        """The fields, as form and field; every form that is looked at stands there with an empty field."""
        key = (form.name, rule.id)
        if key not in self._known:
            self._known[key] = frozenset(self._fields(form, rule.columns))
        return self._known[key]

    def _fields(self, form: Form, names: Sequence[str]) -> Iterator[tuple[str, str]]:
        columns = form.derived_by_name
        for name in names:
            if name in form.field_by_name:
                yield form.name, name
            elif name in columns:
                yield from self._behind(form, columns[name].arguments)
                if columns[name].function in _BY_KEY:
                    yield from ((form.name, field.name) for field in form.key_fields)

    def _behind(self, form: Form, arguments: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
        texts = list(_texts(list(arguments.values())))
        others = [self.forms[text] for text in texts if text in self.forms]
        yield from ((other.name, "") for other in others)
        for looked_at in (form, *others):
            yield from self._fields(looked_at, texts)

    def looks_around(self, form: Form, rule: Rule) -> bool:
        """Whether the rule sees other rows of its own form."""
        columns = form.derived_by_name
        functions = {columns[name].function for name in _all_columns(form, rule.columns)}
        return "column_list" in rule.kwargs or bool(functions & _LOOKS_AROUND)


def _texts(values: Sequence[Any]) -> Iterator[str]:
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list | tuple):
            yield from _texts(value)
        elif isinstance(value, dict):
            yield from _texts(list(value.values()))


def _all_columns(form: Form, names: Sequence[str]) -> Iterator[str]:
    columns = form.derived_by_name
    for name in names:
        if name in columns:
            yield name
            yield from _all_columns(form, list(_texts(list(columns[name].arguments.values()))))
