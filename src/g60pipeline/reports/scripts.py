"""Scripts of the pages that have one. Belongs here: how a page allows its own script and no other."""

from __future__ import annotations

import base64
import hashlib


def script_hash(script: str) -> str:
    """Return what a Content-Security-Policy allows the script by, where it stands between two line ends."""
    digest = hashlib.sha256(f"\n{script}\n".encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"
