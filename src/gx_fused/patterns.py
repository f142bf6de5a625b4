"""Regular expressions: the few that mean the same in Python and in Polars, and all others on distinct values.

Belongs here: deciding which text a pattern finds, exactly as Great Expectations' pandas metric (`str.contains`, a
search with Python's `re`). Not here: what finding or not finding means to a rule (rules.py).
"""

from __future__ import annotations

import re

import pandas as pd
import polars as pl

# Literals, escaped punctuation, plain classes, groups that do not capture, `|`, quantifiers, ^ first and $ last.
# Not \d \w \s \b (their tables differ), not look-around, flags, nested classes or possessive quantifiers.
_LITERAL = r"[A-Za-z0-9_ @#%=:;,/<>!\"'-]|[^\x00-\x7f]|\.|\\[][.\-/(){}+*?^$|\\]"
_IN_CLASS = r"(?:[A-Za-z0-9_ .,:;/@#%+*=!?<>()|]|[^\x00-\x7f]|\\[][.\-^\\])"
_CLASS = rf"\[\^?(?:[A-Z]-[A-Z]|[a-z]-[a-z]|[0-9]-[0-9]|[^\x00-\x7f]-[^\x00-\x7f]|{_IN_CLASS}(?!-[^]]))+-?\]"
_QUANTIFIER = r"(?:[*+?]|\{[0-9]{1,2}(?:,[0-9]{0,2})?\})?"
_SAFE = re.compile(rf"\^?(?:(?:{_LITERAL}|{_CLASS}){_QUANTIFIER}|\(\?:|\)[*+?]?|\|)*(\$?)", re.DOTALL)

# Python's $ also stands before a line feed at the end; not so where pandas searches with Arrow.
_END = r"\n?\z" if bool(pd.Series(["a\n"]).str.contains("a$")[0]) else r"\z"


def translate(pattern: str) -> str | None:
    """Return the pattern for Polars, or None when it is not known to mean the same there."""
    safe = _SAFE.fullmatch(pattern)
    if safe is None:
        return None
    return pattern[:-1] + _END if safe[1] else pattern


def is_supported(pattern: object) -> bool:
    """Whether the pattern is one that pandas searches for without a word: it compiles and captures nothing."""
    if not isinstance(pattern, str):
        return False
    try:
        return re.compile(pattern).groups == 0
    except re.error:
        return False


def find(column: pl.Expr, values: pl.Series, pattern: str) -> pl.Expr:
    """Return whether the pattern is found in the column's text; null for null."""
    translated = translate(pattern)
    if translated is not None:
        return column.str.contains(translated)
    distinct = values.drop_nulls().unique()
    texts = pd.Series(distinct.to_list(), dtype=object).astype(str)
    found = pl.Series(texts.str.contains(pattern).to_numpy().astype(bool))
    return column.is_in(distinct.filter(found).implode())
