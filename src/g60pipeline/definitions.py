"""The code location: `dagster dev -w workspace.yaml` and `dg` load this module."""

import gc

# What is imported stays as long as the process: looking for garbage among it takes a fifth of the import's time.
_collects = gc.isenabled()
gc.disable()
try:
    import dagster as dg

    from g60pipeline.defs.assemble import build_definitions
finally:
    if _collects:
        gc.enable()


@dg.definitions
def definitions() -> dg.Definitions:
    """Build the definitions of the present environment."""
    return build_definitions()
