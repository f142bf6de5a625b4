"""The documents, taken at their word: every command runs, once, in order, in one home; every name and link is there.

Belongs here: that what a page shows can be typed. Not here: what a command does (its own tests).
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
import typer
from typer.core import TyperGroup
from typer.testing import CliRunner

from docs_files import ROOT, Block, Command, list_documents, read_blocks, read_commands
from g60pipeline.cli import app
from postgres import Cluster

# What is not typed here, and why.
NOT_RUN = {
    "g60 release verify": "ten seconds for each release; tests/e2e/test_releases.py types it",
    "g60 release replay": "ten seconds for each release; tests/e2e/test_releases.py types it",
    "g60 ui": "serves until it is stopped; tests/e2e/test_ui.py opens it in a browser",
    "make": "sets up and tests this very checkout; CI runs the targets",
}
COMMANDS = read_commands()
PAGES = [*list_documents(), *(ROOT / part / "README.md" for part in ("schemas", "assets", "examples"))]
SERVER = re.compile(r"postgresql\+psycopg://\w+@db\.example/g60")
GROUP = typer.main.get_command(app)
assert isinstance(GROUP, TyperGroup)


def _blocks(language: str) -> list[Block]:
    return [block for page in PAGES for block in read_blocks(page) if block.language == language]


def _name(part: Block | Command) -> str:
    return part.place if isinstance(part, Command) else f"{part.document.name}:{part.line}"


def _why_not_run(line: str) -> str | None:
    return next((why for start, why in NOT_RUN.items() if f"{line} ".startswith(f"{start} ")), None)


def _words(line: str) -> list[str]:
    """The words after `g60`; none when it is another command. Settings before it are left out."""
    words = shlex.split(line)
    while words and re.match(r"\w+=", words[0]):
        words.pop(0)
    return words[1:] if words[:1] == ["g60"] else []


@dataclass(frozen=True)
class World:
    """The folder that the reader works in, and what every command line came to: exit code and output."""

    folder: Path
    ended: dict[str, tuple[int, str]]


class Reader:
    """Types commands in a folder whose `var` is the home."""

    def __init__(self, folder: Path, cluster: Cluster) -> None:
        self.folder, self.cluster, self.server = folder, cluster, ""
        self.environment = {
            "G60_HOME": str(folder / "var"),
            "G60_WAREHOUSE_URL": None,
            "G60_NOTIFY_URLS": None,
        }

    def type(self, line: str) -> tuple[int, str]:
        if SERVER.search(line):
            self.server = self.server or self.cluster.create_database()
            line = SERVER.sub(self.server, line)
        words = _words(line)
        return self._g60(line, words) if words else self._shell(line)

    def _g60(self, line: str, words: list[str]) -> tuple[int, str]:
        before = [word.split("=", 1) for word in shlex.split(line)[: -len(words) - 1]]
        done = CliRunner().invoke(app, words, env={**self.environment, **dict(before)})
        if words[0] == "sample":
            self._keep_two_months()
        return done.exit_code, f"{done.output}{done.exception or ''}"

    def _shell(self, line: str) -> tuple[int, str]:
        done = subprocess.run(
            ["bash", "-c", line], cwd=self.folder, capture_output=True, text=True, check=False
        )
        return done.returncode, done.stdout + done.stderr

    def _keep_two_months(self) -> None:
        """Enough for every command, at a tenth of the cost: December, and of November what was sent twice."""
        inbox = self.folder / "var" / "inbox"
        twice = {path.name[:9] for path in inbox.glob("*_2021-11_2.*")}
        for path in inbox.iterdir():
            if not ("_2021-12_" in path.name or ("_2021-11_" in path.name and path.name[:9] in twice)):
                path.unlink()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, postgres_cluster: Cluster) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("reader")
    reader = Reader(folder, postgres_cluster)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("DAGSTER_HOME", str(folder / "var" / "dagster"))
        patch.setenv("DAGSTER_EVENT_BATCH_SIZE", os.environ.get("DAGSTER_EVENT_BATCH_SIZE", "500"))
        ended = {
            command.line: reader.type(command.line) for command in COMMANDS if not _why_not_run(command.line)
        }
        yield World(folder, ended)
    if reader.server:
        postgres_cluster.drop_database(reader.server)


@pytest.mark.parametrize("command", COMMANDS, ids=_name)
def test_a_command_ends_as_the_page_says(world: World, command: Command) -> None:
    if why := _why_not_run(command.line):
        pytest.skip(why)
    code, output = world.ended[command.line]

    assert code == command.code, f"{command.line}\n{output}"


@pytest.mark.parametrize("block", _blocks("sql"), ids=_name)
def test_a_query_can_be_asked(world: World, block: Block) -> None:
    with duckdb.connect(str(world.folder / "var" / "warehouse.duckdb"), read_only=True) as connection:
        for query in filter(str.strip, block.text.split(";")):
            connection.sql(query).fetchall()


@pytest.mark.parametrize("block", _blocks("python"), ids=_name)
def test_a_program_can_be_run(world: World, block: Block, capsys: pytest.CaptureFixture[str]) -> None:
    exec(compile(block.text, _name(block), "exec"), {})
    assert capsys.readouterr().out


def _mentioned() -> Iterator[tuple[str, str]]:
    """Every `g60 …` that a page shows or names, with its place."""
    yield from ((command.line, command.place) for command in COMMANDS if _words(command.line))
    for page in PAGES:
        for n, text in enumerate(page.read_text("utf-8").splitlines(), 1):
            yield from ((line, f"{page.name}:{n}") for line in re.findall(r"`(g60 [^`]+)`", text))


@pytest.mark.parametrize(("line", "place"), [pytest.param(*each, id=each[1]) for each in _mentioned()])
def test_every_command_and_option_exists(line: str, place: str) -> None:
    words, found = _words(line), GROUP
    while isinstance(found, TyperGroup):
        assert words and words[0] in found.commands, f"{place}: {line}"  # noqa: PT018
        found = found.commands[words.pop(0)]
    options = {name for parameter in found.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= options, f"{place}: {line}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    inside = {(page.parent / link).resolve() for link in links if not link.startswith("http")}
    gone = {path.relative_to(ROOT).as_posix() for path in inside if not path.exists()}

    assert gone == set()


def test_the_index_names_every_page() -> None:
    assert {path.name for path in (ROOT / "docs").glob("*.md")} == {
        page.name for page in list_documents() if page.parent.name == "docs"
    }


def test_the_table_of_variables_is_what_the_program_reads() -> None:
    read = {
        name
        for path in (ROOT / "src").rglob("*.py")
        for name in re.findall(r'"(G60_[A-Z_]+)"', path.read_text("utf-8"))
    }
    table = re.findall(
        r"^\| `(G60_[A-Z_]+)` \|", (ROOT / "docs" / "install.md").read_text("utf-8"), re.MULTILINE
    )
    named = {name for page in PAGES for name in re.findall(r"G60_[A-Z_]+", page.read_text("utf-8"))}

    assert set(table) == read
    assert named <= read
