"""The files that say what is computed, as texts: kept with every release, so that it can be computed again.

Belongs here: which files, their hash, laying them out again. Not here: what they mean (project.py).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

_FOLDERS = (
    ("schemas", "*.yaml"),
    ("schemas/forms", "*.odcs.yaml"),
    ("schemas/codelists", "*.csv"),
    ("assets/indicators", "*.yaml"),
    ("assets/marts", "*.sql"),
)


def read_definitions(root: Path) -> dict[str, str]:
    """Return the text of every contract, code list and definition of indicators and marts, by its path below `root`."""
    paths = sorted(path for folder, pattern in _FOLDERS for path in (root / folder).glob(pattern))
    return {path.relative_to(root).as_posix(): path.read_bytes().decode("utf-8") for path in paths}


def definitions_hash(files: Mapping[str, str]) -> str:
    """Hash the files' paths and texts."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(path.encode() + b"\0" + files[path].encode() + b"\0")
    return digest.hexdigest()


def write_definitions(files: Mapping[str, str], root: Path) -> None:
    """Lay the files out below `root` as they lay in the project."""
    for path, text in files.items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode("utf-8"))
    (root / "assets" / "indicators").mkdir(parents=True, exist_ok=True)
