"""The stable name of a finding: what an explanation of it refers to, in feedback that is sent back and in the ledger.

Belongs here: the name. Not here: who finds something (intake, quality), what is said of it (messages, contracts).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def finding_key(finding: Mapping[str, Any]) -> str:
    """Return the name of a finding, given as a row of `ops.finding`: form, rule, field and the row's own key.

    It stays when rows move, and from one return of a unit and month to the next. Where the row has no key of its own,
    the cell stands for it; an asterisk stands for what does not apply. The key of a row comes last, as it may hold any
    text.
    """
    form, rule, field = (_text(finding.get(name)) or "*" for name in ("form", "rule", "field"))
    return f"{form}/{rule}/{field}/{_row(finding)}"


def _row(finding: Mapping[str, Any]) -> str:
    key = _text(finding.get("row_key"))
    if key.strip("|"):
        return key
    place = "!".join(text for name in ("sheet", "cell") if (text := _text(finding.get(name))))
    return f"@{place}" if place else "*"


def _text(value: Any) -> str:
    """Return the text without breaks and outer spaces, which a cell may lose; whatever is no text is absent."""
    return " ".join(value.split()) if isinstance(value, str) else ""
