"""Random histories, played to a real warehouse on either engine and to the reference model: both must say the same.

`HISTORIES` says how many (`make histories`: fifty), `FIRST_HISTORY` from which seed on.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from compare import Disagreement, first_disagreement
from histories import make_history
from regroupings import chosen_indicators
from reporters import Reporters
from steps import Compute, Correct, History, Judge, Probe, Regroup, Release, Submit

from g60pipeline.contracts.project import Project

FIRST_SEED = int(os.environ.get("FIRST_HISTORY", "1"))
HOW_MANY = int(os.environ.get("HISTORIES", "2"))


@pytest.mark.parametrize("seed", range(FIRST_SEED, FIRST_SEED + HOW_MANY))
def test_the_warehouse_says_what_the_model_says(
    seed: int, project: Project, warehouse_url: str, tmp_path: Path
) -> None:
    history = make_history(seed, project)
    found = first_disagreement(warehouse_url, history, tmp_path)
    assert found is None, told(history, found)


def told(history: History, found: Disagreement) -> str:
    """Tell the shortest beginning of the history after which they disagree, and how."""
    steps = [f"{n:3d} {shortened(step)}" for n, step in enumerate(history.steps[: found.step + 1])]
    head = f"seed {history.seed}, step {found.step}, {found.asked}: {len(found.found)} differences"
    return "\n".join([head, *found.found[:20], "after", *steps])


def shortened(step: object) -> str:
    if isinstance(step, Submit):
        return (
            f"Submit {step.unit} {step.period} { ({form: len(rows) for form, rows in step.forms.items()}) }"
        )
    return step.said if isinstance(step, Regroup) else repr(step)[:400]


def test_a_history_is_the_same_each_time(project: Project) -> None:
    assert make_history(7, project).steps == make_history(7, project).steps


def test_fifty_histories_ask_for_every_indicator_and_take_every_kind_of_step(project: Project) -> None:
    asked = set().union(*(chosen_indicators(seed, project) for seed in range(1, 51)))
    assert asked == set(project.indicators)
    histories = [make_history(seed, project) for seed in range(1, 51)]
    kinds = [type(step) for history in histories for step in history.steps]
    assert {Submit, Judge, Correct, Regroup, Compute, Release, Probe} == set(kinds)
    said = [step.said for history in histories for step in history.steps if isinstance(step, Regroup)]
    assert {text.split()[0] for text in said} >= {"merge", "split", "rename"}
    assert any("moves" in text for text in said)


def test_a_disagreement_is_found(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that is wrong about one thing must not get through."""
    right = Reporters.expected
    monkeypatch.setattr(Reporters, "expected", lambda self, month: set(sorted(right(self, month))[1:]))
    found = first_disagreement(f"duckdb:///{tmp_path / 'w.duckdb'}", make_history(1, project), tmp_path)
    assert found is not None
    assert "the model says" in told(make_history(1, project), found)
