"""What the graph promises, pinned: a change of lineage, checks or automation shows as a diff."""

from __future__ import annotations

import difflib

from refresh_graph_snapshot import SNAPSHOT, render_graph

from g60pipeline.defs.assemble import build_definitions


def test_the_graph_is_the_one_on_record() -> None:
    was = SNAPSHOT.read_text("utf-8").splitlines()
    now = render_graph(build_definitions()).splitlines()

    diff = difflib.unified_diff(was, now, "on record", "now", n=0, lineterm="")

    changes = "\n".join(diff)
    assert not changes, f"the graph changed; if that is meant, run `make snapshot`:\n{changes}"
