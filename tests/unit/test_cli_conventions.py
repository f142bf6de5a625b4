"""What every command keeps: an example that could be typed, JSON where it reports, a line in the README."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import Any

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.settings import find_project_root

# It becomes Dagster's server and reports nothing itself.
SILENT = {"ui"}


def walk(group: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from walk(command, (*path, name))
        else:
            yield " ".join((*path, name)), command


COMMANDS = dict(walk(get_command(app)))


def examples_of(command: Any) -> list[str]:
    lines = [line.strip() for line in command.help.splitlines()]
    return [line.removeprefix("Example: ") for line in lines if line.startswith("Example: ")]


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_shows_an_example_that_could_be_typed(name: str) -> None:
    command = COMMANDS[name]
    (example,) = examples_of(command)
    program, *words = shlex.split(example)
    assert program == "g60"
    assert words[: len(name.split())] == name.split()
    known = {option for parameter in command.params for option in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_reports_does_so_as_json_too(name: str) -> None:
    options = {option for parameter in COMMANDS[name].params for option in parameter.opts}
    assert ("--json" in options) is (name not in SILENT)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_stands_in_the_readme(name: str) -> None:
    readme = find_project_root() / "README.md"
    group, _, member = name.partition(" ")
    line = next(line for line in readme.read_text("utf-8").splitlines() if line.startswith(f"| `g60 {group}"))
    assert member in line


def test_the_help_says_what_exit_codes_mean() -> None:
    said = CliRunner().invoke(app, ["--help"])
    for code in range(6):
        assert f"  {code}  " in said.output


def test_a_command_mistyped_is_answered_with_the_one_meant() -> None:
    said = CliRunner().invoke(app, ["chekc"])
    assert said.exit_code == 2
    assert "Did you mean 'check'" in said.output
