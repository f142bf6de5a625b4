"""The command `g60`. Belongs here: arguments, what is printed, exit codes. Not here: the work (operations, defs).

Exit codes: 0 fine, 1 a failure that is explained on stderr, 2 wrong usage, 3 ran, but submissions were returned.
`g60 check` says more: 3 returned, 4 only warnings to be explained, 5 unreadable or refused.
"""

from __future__ import annotations

import os
import sys

from g60pipeline.cli import (
    contracts,
    corrections,
    documents,
    explain,
    months,
    publish,
    releases,
    returns,
    roles,
    values,
)
from g60pipeline.cli.common import app

__all__ = [
    "app",
    "contracts",
    "corrections",
    "documents",
    "explain",
    "main",
    "months",
    "publish",
    "releases",
    "returns",
    "roles",
    "values",
]


def main() -> None:
    """Run the command and leave at once.

    With Great Expectations loaded, DuckDB's binding prints a page of leaked objects while the interpreter is taken
    down, below what the user came to read. Everything is closed by then, so nothing is lost by leaving before.
    """
    code = 0
    try:
        app()
    except SystemExit as left:
        code = left.code if isinstance(left.code, int) else 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
