"""Indicators, marts, scorecards and published figures as the dictionary shows them.

Belongs here: what is said of each and what it rests on. Not here: forms (dictionary_forms.py), layout.
"""

from __future__ import annotations

from collections.abc import Iterator

from g60pipeline.contracts.base import Text
from g60pipeline.contracts.indicators import Disclosure, Figure, Indicator, Mart, Scorecard
from g60pipeline.contracts.lineage import Node
from g60pipeline.reports.dictionary import (
    ColumnEntry,
    Fact,
    FigureEntry,
    IndicatorEntry,
    MartEntry,
    Ref,
    ScorecardEntry,
    Sources,
    Theme,
    column_ref,
    indicator_ref,
)
from g60pipeline.reports.numbers import format_percent

_SIDES = ("numerator", "denominator")


def describe_themes(sources: Sources) -> tuple[Theme, ...]:
    """Indicators by theme."""
    return tuple(
        Theme(
            file.theme,
            file.title,
            file.owner,
            tuple(_indicator(sources, file.theme, indicator) for indicator in file.indicators),
        )
        for file in sources.project.indicator_files
    )


def _indicator(sources: Sources, theme: str, indicator: Indicator) -> IndicatorEntry:
    node = Node("indicator", theme, indicator.id)
    carried = sources.carried_from(node, "form")
    placed = frozenset(found for found in sources.lineage.ancestors(node) if found.layer == "form") - carried
    formulas = sources.formulas[indicator.id]
    return IndicatorEntry(
        ref=indicator_ref(indicator),
        indicator=indicator,
        kind=sources.say(
            f"kind_{indicator.kind}", months=indicator.over_months, years=indicator.years, base=indicator.base_period
        ),
        formulas=tuple((side, formulas[side]) for side in _SIDES if side in formulas),
        facts=tuple(_facts(sources, indicator)),
        rests_on=sources.refer_all(carried),
        placed_by=sources.refer_all(placed),
        scorecards=tuple(
            scorecard_ref(card) for card in sources.project.scorecards if indicator.id in card.time
        ),
        figures=tuple(figure_ref(f) for f in _figures(sources) if f.read.indicator == indicator.id),
    )  # fmt: skip


def _facts(sources: Sources, indicator: Indicator) -> Iterator[Fact]:
    yield Fact("unit", sources.unit(indicator.unit))
    yield Fact("time", _join(sources, [f"time_{time}" for time in indicator.time]))
    yield Fact("levels", _join(sources, [f"level_{level}" for level in indicator.levels]))
    if indicator.dimensions:
        yield Fact("dimensions", _columns(sources, indicator, indicator.dimensions))
    threshold = format_percent(indicator.threshold)
    yield Fact("missing", sources.say(f"missing_{indicator.missing}", threshold=threshold))
    if indicator.disclosure is not None:
        yield Fact("disclosure", _disclosure(sources, indicator, indicator.disclosure))
    if indicator.target is not None:
        target = format_percent(indicator.target) if indicator.unit == "ratio" else f"{indicator.target:g}"
        yield Fact("target", Text(zh=target, en=target))
    flags = {"may_count_twice": indicator.may_count_twice, "parts_only": indicator.parts_only}
    labels = [name for name, is_set in flags.items() if is_set]
    if labels:
        yield Fact("labels", _join(sources, labels))


def _disclosure(sources: Sources, indicator: Indicator, rule: Disclosure) -> Text:
    names = rule.contributors or ((rule.counted_by,) if rule.counted_by is not None else ())
    columns = _columns(sources, indicator, names)
    said = sources.say("disclosure_contributors", count=rule.minimum_contributors, columns=columns)
    if rule.p is None:
        return said
    more = sources.say("disclosure_p", p=format_percent(rule.p))
    return Text(zh=f"{said.zh}；{more.zh}", en=f"{said.en}; {more.en}")


def _join(sources: Sources, keys: list[str]) -> Text:
    return _list(sources, [sources.words[key] for key in keys])


def _list(sources: Sources, texts: list[Text]) -> Text:
    separator = sources.words["separator"]
    return Text(
        zh=separator.zh.join(text.zh for text in texts), en=separator.en.join(text.en for text in texts)
    )


def _columns(sources: Sources, indicator: Indicator, names: tuple[str, ...]) -> Text:
    """Names of columns of what the indicator reads, in words."""
    relation = indicator.numerator.from_
    mart = sources.project.marts.get(relation)
    if mart is not None:
        return _list(sources, [mart.columns[name].description for name in names])
    fields = sources.project.forms[relation].field_by_name
    return _list(sources, [Text(zh=fields[name].heading, en=name.replace("_", " ")) for name in names])


def describe_marts(sources: Sources) -> tuple[MartEntry, ...]:
    """Every mart with where its columns come from."""
    return tuple(
        MartEntry(
            Ref("marts", f"mart-{mart.name}", mart.title, mart.name),
            mart,
            tuple(_column(sources, mart, name) for name in mart.columns),
        )
        for mart in sources.project.marts.values()
    )


def _column(sources: Sources, mart: Mart, name: str) -> ColumnEntry:
    column = mart.columns[name]
    node = Node("mart", mart.name, name)
    facts = [sources.say(f"type_{column.type}")]
    if column.measure is not None:
        facts.append(sources.say(f"measure_{column.measure}"))
    if column.unit is not None:
        facts.append(sources.unit(column.unit))
    if node in sources.lineage.constants:
        facts.append(sources.say("constant"))
    ledgers = sorted(f"{found.table}.{found.name}" for found in sources.carried_from(node, "ledger"))
    fields = sources.refer_all(sources.carried_from(node, "form"))
    return ColumnEntry(column_ref(mart, name), column, tuple(facts), fields, tuple(ledgers))


def scorecard_ref(scorecard: Scorecard) -> Ref:
    """Where a scorecard stands."""
    return Ref("scorecards", f"scorecard-{scorecard.name}", scorecard.title, scorecard.name)


def describe_scorecards(sources: Sources) -> tuple[ScorecardEntry, ...]:
    """Every scorecard with its columns' indicators."""
    indicators = sources.project.indicators
    return tuple(
        ScorecardEntry(
            scorecard_ref(card),
            card,
            sources.say(f"level_{card.level}"),
            tuple(
                (
                    indicator_ref(indicators[name]),
                    sources.say(f"time_{time}"),
                    sources.unit(indicators[name].unit),
                )
                for name, time in card.time.items()
            ),
        )
        for card in sources.project.scorecards
    )


def _figures(sources: Sources) -> tuple[Figure, ...]:
    return sources.project.figures.figures if sources.project.figures else ()


def figure_ref(figure: Figure) -> Ref:
    """Where a published figure stands."""
    return Ref("figures", f"figure-{figure.id}", figure.measure, figure.id)


def describe_figures(sources: Sources) -> tuple[FigureEntry, ...]:
    """Every published figure."""
    return tuple(_figure(sources, figure) for figure in _figures(sources))


def _figure(sources: Sources, figure: Figure) -> FigureEntry:
    sign, unit = sources.say(f"comparator_{figure.comparator}"), sources.unit(figure.unit)
    number = f"{figure.value:,.{figure.decimals}f}"
    value = Text(zh=f"{sign.zh} {number} {unit.zh}", en=f"{sign.en} {number} {unit.en}")
    return FigureEntry(
        figure_ref(figure), figure, value, indicator_ref(sources.project.indicators[figure.read.indicator])
    )
