"""Playing a history to both, the warehouse and the model, and finding where they part."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from figures import Figure, Key, differences
from replay import Figures, Replay
from steps import Compute, History, Probe, Release, Step, known_after, stored_after

from g60pipeline.contracts.project import Project


@dataclass(frozen=True)
class Disagreement:
    """A step after which warehouse and model do not say the same."""

    step: int
    asked: str
    found: list[str]


def first_disagreement(url: str, history: History, folder: Path) -> Disagreement | None:
    """Play a history and compare after each computation and at each question; None where all is the same.

    `folder`: where the project's files are written.
    """
    steps = history.steps
    replay = Replay(url, history.project, folder / "project")
    try:
        for n, step in enumerate(steps):
            replay.do(step)
            for asked, compare in _questions(replay, history.project, steps, n):
                found = compare()
                if found:
                    return Disagreement(n, asked, found)
    finally:
        replay.close()
    return None


def _questions(
    replay: Replay, project: Project, steps: Sequence[Step], n: int
) -> Iterator[tuple[str, Callable[[], list[str]]]]:
    step = steps[n]
    if isinstance(step, Release) or n == len(steps) - 1:
        yield "releases", lambda: _compare_releases(replay, project, steps)
    if isinstance(step, Compute):
        yield "stored now", lambda: _compare_stored(replay, project, steps[: n + 1], replay.instants[n])
        yield "latest", lambda: differences(replay.stored(replay.instants[n], "as_was"), replay.latest())
    elif isinstance(step, Probe):
        at = replay.instants[step.after]
        yield (
            f"stored as of step {step.after}",
            lambda: _compare_stored(replay, project, steps[: step.after + 1], at),
        )
        yield (
            f"world of step {step.after} {step.boundaries}",
            lambda: differences(
                known_after(project, steps[: step.after + 1]).figures(
                    step.boundaries, step.periods, replay.project
                ),
                replay.world(at, step.boundaries, step.periods),
            ),
        )


def _compare_releases(replay: Replay, project: Project, steps: Sequence[Step]) -> list[str]:
    """Compare every release with what the model says of the step at which it was made."""
    found: list[str] = []
    for made, name in replay.released.items():
        known = known_after(project, steps[: made + 1])
        period = name.rpartition(".")[0]
        for boundaries in ("as_was", "as_now") if known.project.has_regroupings else ("as_was",):
            published, hidden = replay.in_release(name, boundaries)
            expected = known.figures(boundaries, [period])
            found += [
                f"{name} {text}"
                for text in _differences_in_release(known.project, expected, published, hidden)
            ]
    return found


def _differences_in_release(
    project: Project, expected: Figures, published: Figures, hidden: set[Key]
) -> Iterator[str]:
    """What is suppressed shows no number, and only a protected magnitude is; all else is as computed.

    A protected magnitude's coverage is not shown where a unit is missing: it tells how big that unit is.
    """
    for key in hidden:
        figure = published[key]
        if (figure.value, figure.numerator, figure.denominator, figure.status) != (
            None,
            None,
            None,
            "suppressed",
        ):
            yield f"{key} is suppressed, and yet shows {figure}"
        if project.indicators[key.indicator_id].disclosure is None:
            yield f"{key} is suppressed without a rule"
    yield from differences(
        {key: _as_released(project, key, figure) for key, figure in expected.items() if key not in hidden},
        {key: figure for key, figure in published.items() if key not in hidden},
    )
    for key in hidden - expected.keys():
        yield f"{key} is suppressed, and nothing is known of it"


def _as_released(project: Project, key: Key, figure: Figure) -> Figure:
    is_protected = project.indicators[key.indicator_id].disclosure is not None
    is_whole = figure.reporting_unit_count == figure.expected_unit_count
    return figure._replace(coverage_ratio=None) if is_protected and not is_whole else figure


def _compare_stored(replay: Replay, project: Project, steps: Sequence[Step], at: datetime) -> list[str]:
    expected = dict(stored_after(project, steps))
    return [
        difference
        for boundaries in ("as_was", "as_now")
        for difference in differences(expected.get(boundaries, {}), replay.stored(at, boundaries))
    ]
