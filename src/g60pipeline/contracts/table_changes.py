"""What changed between two sets of published contracts, and whether their versions say so.

Breaking: a reader's query can fail or mean something else: a table or column is gone, a type, unit or key is another, a
null is new. Compatible: something is new, a promise is stricter, a title reads otherwise. In between: a text that says
what a column means was changed; only people can tell whether the meaning was, so it is warned of.

A breaking change needs a new major version of the table's contract, any other one a new minor version.

Belongs here: comparing. Not here: where the two sets come from (table_lock.py, cli).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from g60pipeline.contracts.base import Model
from g60pipeline.contracts.tables import PublishedColumn, PublishedTable

Weight = Literal["breaking", "meaning", "compatible"]


class Change(Model):
    """One change. `column` is blank for the table itself."""

    table: str
    column: str = ""
    weight: Weight
    text: str


class Verdict(Model):
    """What changed, and what the versions fail to say."""

    changes: tuple[Change, ...]
    faults: tuple[str, ...]


def _compare_column(old: PublishedColumn, new: PublishedColumn) -> Iterator[tuple[Weight, str]]:
    for what, before, after in (
        ("type", old.type, new.type),
        ("unit", old.unit or old.unit_column, new.unit or new.unit_column),
    ):
        if before != after:
            yield "breaking", f"{what} was {before}, is {after}"
    if new.is_nullable and not old.is_nullable:
        yield "breaking", "may be null now"
    if old.is_nullable and not new.is_nullable:
        yield "compatible", "is never null any more"
    if old.text != new.text:
        yield "meaning", f"said {old.text.zh} / {old.text.en}, says {new.text.zh} / {new.text.en}"


def _compare_columns(old: PublishedTable, new: PublishedTable) -> Iterator[Change]:
    before, after = ({column.name: column for column in table.columns} for table in (old, new))
    for name in before.keys() - after.keys():
        yield Change(table=old.name, column=name, weight="breaking", text="is gone or renamed")
    for name in after.keys() - before.keys():
        yield Change(table=old.name, column=name, weight="compatible", text="is new")
    for name in before.keys() & after.keys():
        for weight, text in _compare_column(before[name], after[name]):
            yield Change(table=old.name, column=name, weight=weight, text=text)


def _compare_table(old: PublishedTable, new: PublishedTable) -> Iterator[Change]:
    yield from _compare_columns(old, new)
    kept = [
        [name for name in table.column_names if name in other.column_names]
        for table, other in ((old, new), (new, old))
    ]
    found: list[tuple[bool, Weight, str]] = [
        (old.key != new.key, "breaking", f"key was {', '.join(old.key)}, is {', '.join(new.key)}"),
        (kept[0] != kept[1], "compatible", "columns stand in another order"),
        ((old.description, old.grain) != (new.description, new.grain), "meaning", "description or grain was changed"),
        (old.title != new.title, "compatible", f"title was {old.title.en}, is {new.title.en}"),
        (old.is_deprecated != new.is_deprecated, "compatible", "is deprecated" if new.is_deprecated else "is active again"),
    ]  # fmt: skip
    for differs, weight, text in found:
        if differs:
            yield Change(table=old.name, weight=weight, text=text)


def _steps(old: PublishedTable, new: PublishedTable) -> tuple[bool, bool]:
    """Whether the major, and whether the major or the minor version went up."""
    before, after = (tuple(int(part) for part in table.version.split(".")) for table in (old, new))
    return after[0] > before[0], after[:2] > before[:2]


def _version_faults(old: PublishedTable, new: PublishedTable, changes: list[Change]) -> Iterator[str]:
    is_major, is_minor = _steps(old, new)
    versions = f"(version was {old.version}, is {new.version})"
    if any(change.weight == "breaking" for change in changes) and not is_major:
        yield f"{new.name}: a breaking change needs a new major version {versions}"
    elif changes and not is_minor:
        yield f"{new.name}: a change needs a new minor version {versions}"


def _table_verdict(
    name: str, old: PublishedTable | None, new: PublishedTable | None
) -> tuple[list[Change], list[str]]:
    if old is None:
        return [Change(table=name, weight="compatible", text="is new")], []
    if new is None:
        fault = (
            [] if old.is_deprecated else [f"{name}: a table must be deprecated in one version before it goes"]
        )
        return [Change(table=name, weight="breaking", text="is gone or renamed")], fault
    changes = sorted(_compare_table(old, new), key=lambda change: (change.column, change.weight, change.text))
    return changes, list(_version_faults(old, new, changes))


def compare_tables(old: Mapping[str, PublishedTable], new: Mapping[str, PublishedTable]) -> Verdict:
    """Compare two sets of contracts by the tables' names."""
    changes: list[Change] = []
    faults: list[str] = []
    for name in sorted(old.keys() | new.keys()):
        found, wrong = _table_verdict(name, old.get(name), new.get(name))
        changes += found
        faults += wrong
    return Verdict(changes=tuple(changes), faults=tuple(faults))
