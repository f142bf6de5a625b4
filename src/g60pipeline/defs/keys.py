"""Keys of the assets that several modules point at. Not here: what they are (each has a module of its own)."""

import dagster as dg

RECEIVED = dg.AssetKey(["intake", "received"])
RETURN = dg.AssetKey(["submission", "return"])
VERDICTS = dg.AssetKey(["quality", "verdicts"])
COMPLETENESS = dg.AssetKey(["quality", "completeness"])
