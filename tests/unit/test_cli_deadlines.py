"""`g60 open`, `board` and `remind` as an operator types them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from g60pipeline.cli import app

Run = Callable[..., Result]
OPEN = {"--unit": "310117107", "--from": "2021-12", "--to": "2021-12", "--until": "2099-12-31",
        "--reason": "补报遗漏的活动", "--office": "区委组织部"}  # fmt: skip


@pytest.fixture
def g60(tmp_path: Path) -> Run:
    def run(*arguments: str) -> Result:
        return CliRunner().invoke(app, arguments, env={"G60_HOME": str(tmp_path), "G60_NOTIFY_URLS": None})

    return run


def _open(g60: Run, **changes: str) -> Result:
    options = {**OPEN, **{f"--{name}": value for name, value in changes.items()}}
    return g60("open", *(part for pair in options.items() for part in pair))


def test_an_opening_is_entered_and_shown_on_the_board(g60: Run) -> None:
    first, again = _open(g60), _open(g60)
    assert (first.exit_code, again.exit_code) == (0, 0), first.output
    assert first.output == again.output
    assert first.output.startswith("opening 1: 310117107, *, 2021-12 to 2021-12")
    shown = g60("board", "--month", "2021-12")
    assert shown.exit_code == 0, shown.output
    assert "补报遗漏的活动" in Path(shown.output.strip()).read_text("utf-8")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"unit": "310117999"}, "is no unit"),
        ({"form": "poem"}, "is no form"),
        ({"from": "2021-13"}, "is not a month"),
        ({"to": "2021-11"}, "2021-12 is after 2021-11"),
        ({"until": "2020-01-01"}, "--until 2020-01-01 is past"),
        ({"reason": " "}, "--reason: Value error, says nothing"),
        ({"office": " "}, "--office: Value error, says nothing"),
        ({"reason": "联系 13812345678"}, "personal number"),
    ],
)
def test_a_wrong_opening_is_wrong_usage(g60: Run, changes: dict[str, str], said: str) -> None:
    done = _open(g60, **changes)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())


def test_reminders_are_counted_and_kept(g60: Run, tmp_path: Path) -> None:
    done = g60("remind", "--from", "2021-12", "--to", "2021-12", "--json")
    assert json.loads(done.output) == {"written": 23, "sent": 0, "failed": 0, "kept": 0}, done.output
    assert len(list((tmp_path / "outbox").glob("*.txt"))) == 23
    again = g60("remind", "--from", "2021-12", "--to", "2021-12")
    assert again.output.startswith("0 written")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("status", "--from", "2021-12", "--to", "2021-01"), "2021-12 is after 2021-01"),
        (("remind", "--from", "2021-12", "--to", "2021-01"), "2021-12 is after 2021-01"),
        (("run", "--from", "2098-01", "--to", "2098-02"), "2098-02 is not over yet"),
    ],
)
def test_months_that_cannot_be_are_wrong_usage(g60: Run, arguments: tuple[str, ...], said: str) -> None:
    done = g60(*arguments)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())


def test_a_template_that_cannot_be_written_is_explained(g60: Run, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    done = g60("template", "--unit", "310117107", "--period", "2022-01", "--out", str(tmp_path / "taken"))
    assert done.exit_code == 1
    assert "taken" in done.output
