"""The command `g60`. Belongs here: arguments, what is printed, exit codes. Not here: the work (operations, defs).

Exit codes stand in the help of the application (common.py).
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
    operate,
    publish,
    releases,
    returns,
    roles,
    submit,
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
    "operate",
    "publish",
    "releases",
    "returns",
    "roles",
    "submit",
    "values",
]


def _explain(words: str, where: object = None) -> int:
    """Say what the machine refused, a full disk or a missing right, without the stack."""
    place = f"{where}: " if where else ""
    print(f"{place}{words}; g60 doctor says what to look at", file=sys.stderr)
    return 1


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
    except OSError as error:
        code = _explain(error.strerror or str(error), error.filename)
    except Exception as error:
        # A database that cannot be used; a statement that it refuses is a fault of ours and keeps its stack.
        if type(error).__name__ not in ("OperationalError", "DatabaseError"):
            raise
        code = _explain(" ".join(str(getattr(error, "orig", error)).split()))
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
