"""The check on `core/<form>` that the district's corrections meet what they expect, with a table of how each stands.

Belongs here: showing. Not here: applying them (core.py), how they stand (warehouse.correction_states).
"""

import warnings
from typing import TYPE_CHECKING, Any

import dagster as dg

from g60pipeline.defs.partitions import MONTHS, WRITER, months_of
from g60pipeline.defs.resources import House, project

if TYPE_CHECKING:
    from g60pipeline.warehouse.correction_states import CorrectionState

CHECK = "corrections_meet_their_expected_value"
_COLUMNS = (
    "state",
    "id",
    "file",
    "unit",
    "cell",
    "expected",
    "found",
    "message",
    "reason",
    "decided_by",
    "decided_on",
)


def _spec(form: str) -> dg.AssetCheckSpec:
    with warnings.catch_warnings():
        # Without it a check's record has no month; Dagster still calls the argument a preview.
        warnings.simplefilter("ignore", dg.PreviewWarning)
        return dg.AssetCheckSpec(
            name=CHECK,
            asset=dg.AssetKey(["core", form]),
            description=(
                "A correction whose old value is no longer the expected one, or that does not match one row, is not "
                "applied; somebody must look. / 区级更正的原值已变，或匹配的不是一行：更正未生效，请核对。"
            ),
            partitions_def=MONTHS,
            metadata={"level": 5, "severity": "critical"},
        )


CHECKS = [_spec(form) for form in project().forms]


def _record(state: "CorrectionState") -> dg.TableRecord:
    correction = state.correction
    shown: dict[str, Any] = {
        **correction.definition,
        **{name: getattr(state, name) for name in ("state", "cell", "expected", "found", "message")},
        "file": correction.file,
        "reason": f"{correction.reason.zh} / {correction.reason.en}",
    }
    return dg.TableRecord({name: str(shown[name]) for name in _COLUMNS})


def _result(spec: dg.AssetCheckSpec, states: list["CorrectionState"]) -> dg.AssetCheckResult:
    failed = [state for state in states if state.has_failed]
    metadata: dict[str, Any] = {"corrections": len(states), "failing": len(failed)}
    if states:
        schema = dg.TableSchema([dg.TableColumn(name) for name in _COLUMNS])
        records = [_record(state) for state in sorted(states, key=lambda state: not state.has_failed)]
        metadata["states"] = dg.MetadataValue.table(records, schema=schema)
    return dg.AssetCheckResult(
        asset_key=spec.asset_key,
        check_name=spec.name,
        passed=not failed,
        severity=dg.AssetCheckSeverity.ERROR,
        description="\n".join(state.message for state in failed) or None,
        metadata=metadata,
    )


def _evaluation(result: dg.AssetCheckResult, month: str) -> dg.AssetCheckEvaluation:
    assert result.asset_key is not None
    return dg.AssetCheckEvaluation(
        asset_key=result.asset_key,
        check_name=CHECK,
        passed=result.passed,
        severity=result.severity,
        description=result.description,
        metadata=result.metadata,
        partition=month,
    )


@dg.multi_asset_check(name="corrections", specs=CHECKS, can_subset=True, pool=WRITER)
def corrections(context: dg.AssetCheckExecutionContext, house: House) -> Any:
    """Show how the corrections of the run's months stand; a range of months gets a record for each of them."""
    from g60pipeline.warehouse.correction_states import read_states

    months = months_of(context)
    states = read_states(house.warehouse)
    for spec in (spec for spec in CHECKS if spec.key in context.selected_asset_check_keys):
        of_form = [state for state in states if state.correction.form == spec.asset_key.path[-1]]
        for month in months if len(months) > 1 else []:
            of_month = _result(spec, [state for state in of_form if state.correction.period == month])
            # Typed for fewer events than it takes.
            context.op_execution_context.log_event(_evaluation(of_month, month))  # pyright: ignore[reportArgumentType]
        yield _result(spec, [state for state in of_form if state.correction.period in months])
