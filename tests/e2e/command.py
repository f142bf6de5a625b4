"""The command, as a user runs it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def g60(home: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run the command with its state in `home`; further settings by name."""
    return subprocess.run(
        [sys.executable, "-m", "g60pipeline.cli", *arguments],
        env={**os.environ, "G60_HOME": str(home), **environment},
        capture_output=True,
        text=True,
        check=False,
    )
