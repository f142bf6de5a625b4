"""Stock Great Expectations suites, validated in one fused pass over a Polars frame.

Belongs here: what any user of Great Expectations could use. Not here: anything of the returns, forms or rules of this
project. README.md says what is fused and what is left to Great Expectations.
"""

from gx_fused.validator import FusedValidator, validate

__all__ = ["FusedValidator", "validate"]
