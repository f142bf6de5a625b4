"""Prometheus' text format. Belongs here: how a metric is written. Not here: which there are (operations.metrics)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

_ESCAPED = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


@dataclass(frozen=True)
class Metric:
    """A gauge: what it counts, and its value by labels."""

    name: str
    help: str
    samples: Sequence[tuple[Mapping[str, str], float]]


def write_metrics(metrics: Iterable[Metric]) -> str:
    """Write metrics in the text exposition format, version 0.0.4; one without samples is left out."""
    lines: list[str] = []
    for metric in metrics:
        if metric.samples:
            lines += [f"# HELP {metric.name} {metric.help}", f"# TYPE {metric.name} gauge"]
            lines += [f"{metric.name}{_labels(labels)} {value:.17g}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    parts = [f'{name}="{value.translate(_ESCAPED)}"' for name, value in labels.items()]
    return "{" + ",".join(parts) + "}" if parts else ""
