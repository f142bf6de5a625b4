"""The code location: `dagster dev -w workspace.yaml` and `dg` load this module."""

import dagster as dg

from g60pipeline.defs.assemble import build_definitions


@dg.definitions
def definitions() -> dg.Definitions:
    """Build the definitions of the present environment."""
    return build_definitions()
