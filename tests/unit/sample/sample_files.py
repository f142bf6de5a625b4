from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from g60pipeline.sample.model import SampleManifest


class Written:
    """The sample on disk and its manifest, as returned and as written."""

    def __init__(self, folder: Path, manifest: SampleManifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self.document: dict[str, Any] = json.loads(manifest.manifest_path.read_text("utf-8"))
