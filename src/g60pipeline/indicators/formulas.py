"""A numerator or denominator in words, from the syntax tree of its SQL: what is added up or counted, and of which rows.

Belongs here: which phrase fits. Not here: the phrases, which the caller's catalogue holds (`formula_…`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from sqlglot import exp

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.forms import Field
from g60pipeline.contracts.indicators import Component
from g60pipeline.contracts.lineage import Formula, Formulas
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.fragments import DIALECT, parse_component

Words = Mapping[str, Text]
_AGGREGATES: dict[type[exp.Expr], str] = {exp.Sum: "sum", exp.Min: "min", exp.Max: "max", exp.Avg: "mean"}
_COMPARISONS: dict[type[exp.Expr], str] = {
    exp.GTE: "≥", exp.GT: "＞", exp.LTE: "≤", exp.LT: "＜", exp.NEQ: "≠",
}  # fmt: skip


def describe_formulas(project: Project, words: Words) -> Formulas:
    """Return the formulas of all indicators by id; KeyError for a phrase that the catalogue lacks."""
    found: dict[str, dict[Literal["numerator", "denominator"], Formula]] = {}
    for indicator in project.indicators.values():
        sides = found.setdefault(indicator.id, {})
        sides["numerator"] = describe_component(project, indicator.numerator, words)
        if indicator.denominator is not None:
            sides["denominator"] = describe_component(project, indicator.denominator, words)
    return found


def describe_component(project: Project, component: Component, words: Words) -> Formula:
    """Say in both languages what a component adds up or counts."""
    zh, en = (_Writer(project, component, words, language).write() for language in ("zh", "en"))
    return Formula(zh, en, component.value, component.where)


@dataclass(frozen=True)
class _Writer:
    project: Project
    component: Component
    words: Words
    language: Literal["zh", "en"]

    def write(self) -> str:
        fragment = parse_component(self.component)
        aggregate, relation = self._aggregate(fragment.aggregate), self._relation()
        if fragment.where is None:
            return self._say("of", aggregate=aggregate, relation=relation)
        condition = self._condition(fragment.where)
        return self._say("of_where", aggregate=aggregate, relation=relation, condition=condition)

    def _say(self, key: str, **quoted: object) -> str:
        return str(getattr(self.words[f"formula_{key}"], self.language)).format(**quoted)

    def _relation(self) -> str:
        name = self.component.from_
        held = self.project.forms.get(name) or self.project.marts[name]
        return str(getattr(held.title, self.language))

    def _aggregate(self, tree: exp.Expr) -> str:
        if isinstance(tree, exp.WithinGroup):
            share = float(tree.this.this.name)
            column = self._term(tree.expression.expressions[0].this)
            return self._say("median" if share == 0.5 else "quantile", column=column, percent=f"{share:.0%}")
        if isinstance(tree, exp.Count):
            if isinstance(tree.this, exp.Distinct):
                return self._say("distinct", column=self._term(tree.this.expressions[0]))
            is_rows = isinstance(tree.this, exp.Star)
            return self._say("rows") if is_rows else self._say("filled", column=self._term(tree.this))
        phrase = _AGGREGATES.get(type(tree))
        return self._sql(tree) if phrase is None else self._say(phrase, column=self._term(tree.this))

    def _term(self, tree: exp.Expr) -> str:
        if isinstance(tree, exp.Column):
            return self._say("column", column=self._label(tree.name))
        if isinstance(tree, exp.Sub):
            return self._say("minus", left=self._term(tree.this), right=self._term(tree.expression))
        return self._sql(tree)

    def _condition(self, tree: exp.Expr) -> str:
        if isinstance(tree, exp.And | exp.Or):
            key = "and" if isinstance(tree, exp.And) else "or"
            return self._say(key, left=self._condition(tree.this), right=self._condition(tree.expression))
        if isinstance(tree, exp.Column):
            return self._say("yes", column=self._label(tree.name))
        if isinstance(tree, exp.Not):
            return self._negated(tree.this)
        if isinstance(tree, exp.Is):
            return self._say("blank", column=self._term(tree.this))
        return self._compared(tree)

    def _negated(self, tree: exp.Expr) -> str:
        if isinstance(tree, exp.Column):
            return self._say("no", column=self._label(tree.name))
        if isinstance(tree, exp.Is):
            return self._say("not_blank", column=self._term(tree.this))
        return self._say("not", condition=self._condition(tree))

    def _compared(self, tree: exp.Expr) -> str:
        column = tree.this
        if not isinstance(column, exp.Column):
            return self._sql(tree)
        if isinstance(tree, exp.In):
            values = [self._value(column.name, item) for item in tree.expressions]
            joined = str(getattr(self.words["formula_separator"], self.language)).join(values)
            return self._say("one_of", column=self._label(column.name), values=joined)
        if isinstance(tree, exp.EQ):
            value = self._value(column.name, tree.expression)
            return self._say("is", column=self._label(column.name), value=value)
        sign = _COMPARISONS.get(type(tree))
        if sign is None:
            return self._sql(tree)
        value = self._value(column.name, tree.expression)
        return self._say("compared", column=self._label(column.name), sign=sign, value=value)

    def _field(self, name: str) -> Field | None:
        """The form's field of that name; a mart hands columns on under the names of its forms' fields."""
        relation = self.component.from_
        mart = self.project.marts.get(relation)
        forms = (relation,) if mart is None else mart.forms
        fields = (self.project.forms[form].field_by_name.get(name) for form in forms)
        return next((field for field in fields if field is not None), None)

    def _label(self, name: str) -> str:
        mart = self.project.marts.get(self.component.from_)
        if mart is not None:
            return str(getattr(mart.columns[name].description, self.language))
        field = self._field(name)
        return name.replace("_", " ") if field is None or self.language == "en" else field.heading

    def _value(self, column: str, tree: exp.Expr) -> str:
        field = self._field(column)
        listed = self.project.code_lists.get(field.code_list or "") if field is not None else None
        code = listed.by_code.get(tree.name) if listed is not None else None
        if code is None:
            return (
                f"{Decimal(tree.name):,}"
                if isinstance(tree, exp.Literal) and not tree.is_string
                else tree.name
            )
        return code.label_zh if self.language == "zh" else code.label_en

    def _sql(self, tree: exp.Expr) -> str:
        return tree.sql(dialect=DIALECT)
