"""Copy the project into an empty folder and add the second district's rows to the copy's code lists.

python examples/second_district/build_project.py TARGET
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
PARTS = ("src", "assets", "schemas")


def append_rows(source: Path, target: Path) -> None:
    """Add the rows of one list to another with the same headings."""
    heading, rows = source.read_text("utf-8").split("\n", 1)
    known = target.read_text("utf-8")
    if known.split("\n", 1)[0] != heading:
        raise ValueError(f"{source} and {target} have different headings")
    target.write_text(known.rstrip("\n") + "\n" + rows, "utf-8")


def build_project(target: Path) -> Path:
    """Copy the project to `target` with the second district in it; FileExistsError where anything lies there already."""
    for part in PARTS:
        shutil.copytree(ROOT / part, target / part, ignore=shutil.ignore_patterns("__pycache__"))
    for rows in sorted((HERE / "codelists").glob("*.csv")):
        append_rows(rows, target / "schemas" / "codelists" / rows.name)
    return target


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    try:
        print(build_project(Path(sys.argv[1]).resolve()))
    except FileExistsError as error:
        sys.exit(f"{error.filename} exists; give an empty folder")
