"""What a release must meet before it goes out: `assets/releases.yaml`.

Belongs here: the stages and their conditions, the parts of a revision. Not here: testing them (operations.gate).
"""

from __future__ import annotations

from typing import Literal

from g60pipeline.contracts.base import Model

Stage = Literal["preliminary", "revised", "final"]
STAGES: tuple[Stage, ...] = ("preliminary", "revised", "final")
# What a revision is split into, in this order; the names are columns of release.revision.
PARTS = ("late_returns", "corrections", "overlays", "definitions", "boundaries_change")


class ReleaseRules(Model):
    """Conditions by stage. `coverage`: least share of owed forms in force. `reconciliation`: sources must agree where
    they can be compared (`where_comparable`), or must be comparable and agree (`required`).
    """

    coverage: dict[Stage, float]
    reconciliation: dict[Stage, Literal["where_comparable", "required"]]
