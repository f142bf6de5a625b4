"""`g60 explain` on a real run: the cells of a figure, its proof, its page in a real browser, every value of a month."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from command import g60
from playwright.sync_api import Browser, sync_playwright
from ui_screenshots import CHROMIUM, launch

from g60pipeline.contracts.project import Project, load_project
from g60pipeline.operations.explain import explain as explain_figure
from g60pipeline.operations.explain import explain_all
from g60pipeline.operations.explain_world import Asked
from g60pipeline.settings import find_project_root
from g60pipeline.warehouse.engine import Warehouse

KEY = ("key_enterprise_organisation_coverage", "--unit", "310117107", "--period", "2021-12")
ORDERS = ("inside_cluster_order_share", "--cluster", "C06", "--period", "2021-12")


@pytest.fixture(scope="module")
def home(sample_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with the whole year run, since a figure since January rests on all of it."""
    target = tmp_path_factory.mktemp("explain") / "home"
    subprocess.run(["cp", "-r", str(sample_home), str(target)], check=True)
    done = g60(target, "run", "--from", "2021-01", "--to", "2021-12")
    assert done.returncode == 3, done.stderr
    return target


def explain(home: Path, *arguments: str) -> dict[str, Any]:
    done = g60(home, "explain", *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_figure_names_file_sheet_cell_and_text(home: Path) -> None:
    explained = explain(home, *KEY)
    assert (explained["is_equal"], explained["equality"], explained["disagreeing"]) == (True, "exactly", 0)
    (unit,) = explained["sides"][0]["units"]
    (form,) = unit["forms"]
    (file,) = form["files"]
    assert (unit["unit_code"], form["form"], file["sheet"]) == (
        "310117107",
        "cluster_enterprise",
        "集群企业名册",
    )
    assert len(file["sha256"]) == 64
    assert (home / "archive" / file["sha256"][:2] / f"{file['sha256']}.bin").exists()
    cell = next(cell for cell in file["rows"][0]["cells"] if cell["field"] == "is_key")
    assert (cell["heading"], cell["raw"], cell["value"], cell["role"]) == (
        "是否重点企业",
        "是",
        "true",
        "condition",
    )
    assert cell["address"].endswith(str(file["rows"][0]["sheet_row"]))


def test_a_converted_amount_shows_how(home: Path) -> None:
    units = explain(home, *ORDERS)["sides"][0]["units"]
    cells = [c for u in units for f in u["forms"] for e in f["files"] for r in e["rows"] for c in r["cells"]]
    converted = [cell for cell in cells if cell["conversion"]]
    assert converted
    assert all(
        cell["value"] in cell["conversion"] and cell["raw"] in cell["conversion"] for cell in converted
    )


def test_the_terminal_never_cuts_silently(home: Path) -> None:
    done = g60(home, "explain", *KEY, "--rows", "2")
    assert done.returncode == 0, done.stderr
    assert "equal (to the last bit)" in done.stdout
    rows = explain(home, *KEY)["sides"][0]["units"][0]["forms"][0]["files"][0]["rows"]
    assert f"… and {len(rows) - 2} more rows" in done.stdout


@pytest.mark.parametrize(("arguments", "said"), [
    (("key_enterprise_coverage", *KEY[1:]), "did you mean"),
    (("enterprise_count", "--unit", "310117999", "--period", "2021-12"), "310117999 is no unit"),
    (("cluster_count", "--cluster", "C01", "--period", "2021-12"), "not computed by cluster, but by unit, district"),
    (("enterprise_count", "--unit", "310117107", "--period", "2014-01"), "has no value"),
    ((*KEY, "--release", "2021-12.9"), "there is no release 2021-12.9"),
])  # fmt: skip
def test_what_cannot_be_explained_says_why(home: Path, arguments: tuple[str, ...], said: str) -> None:
    done = g60(home, "explain", *arguments)
    assert done.returncode == 1
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_withheld_figure_names_who_is_missing(home: Path, project: Project) -> None:
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        rows = warehouse.read(
            "SELECT * FROM mart.indicator_value WHERE period = '2021-12' AND status = 'withheld'"
        )
    row = rows.to_dict("records")[0]
    done = g60(home, "explain", row["indicator_id"], f"--{row['level']}", row["subject_code"], "--period", "2021-12",
               "--time", row["time_basis"])  # fmt: skip
    assert done.returncode == 1
    assert (
        f"{int(row['reporting_unit_count'])} of {int(row['expected_unit_count'])} units count. Missing:"
        in done.stderr
    )


def test_a_stored_value_that_its_cells_do_not_give_is_loud(
    home: Path, project: Project, tmp_path: Path
) -> None:
    copy = tmp_path / "home"
    subprocess.run(["cp", "-r", str(home), str(copy)], check=True)
    with (
        Warehouse(f"duckdb:///{copy / 'warehouse.duckdb'}", project) as warehouse,
        warehouse.transaction() as connection,
    ):
        connection.exec_driver_sql(
            "UPDATE mart.indicator_vintage SET value = value + 0.001 WHERE known_to IS NULL AND period = '2021-12'"
            " AND indicator_id = 'key_enterprise_organisation_coverage'"
        )
    done = g60(copy, "explain", *KEY)
    assert done.returncode == 1
    assert "NOT EQUAL" in done.stdout
    assert "NOT EQUAL" in done.stderr


@pytest.mark.sweep
def test_every_value_of_the_month_is_computed_again_from_its_cells(home: Path, project: Project) -> None:
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        proofs = explain_all(warehouse, "2021-12")
        shown = warehouse.read(
            "SELECT COUNT(*) AS n FROM mart.indicator_value WHERE period = '2021-12' AND value IS NOT NULL"
        )
    assert [proof for proof in proofs if not proof.is_equal] == []
    assert len(proofs) == int(shown["n"].iloc[0]) > 5_000


@pytest.fixture(scope="module")
def release(home: Path) -> str:
    done = g60(home, "release", "create", "2021-12")
    assert done.returncode == 0, done.stderr
    return "2021-12.1"


def read_released(home: Path, project: Project, condition: str) -> list[dict[str, Any]]:
    query = f"SELECT * FROM release.value WHERE release_id = '2021-12.1' AND boundaries = 'as_was' AND {condition}"
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        return [
            {str(name): value for name, value in row.items()}
            for row in warehouse.read(query).to_dict("records")
        ]


@pytest.mark.sweep
def test_every_published_value_of_a_release_is_computed_again(
    home: Path, project: Project, release: str
) -> None:
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", project) as warehouse:
        proofs = explain_all(warehouse, "2021-12", release=release)
    assert [proof for proof in proofs if not proof.is_equal] == []
    assert len(proofs) == len(read_released(home, project, "value IS NOT NULL")) > 5_000


def test_a_suppressed_value_shows_neither_itself_nor_its_cells(
    home: Path, project: Project, release: str
) -> None:
    row = read_released(home, project, "suppression = 'primary' AND dimension = ''")[0]
    done = g60(home, "explain", row["indicator_id"], f"--{row['level']}", row["subject_code"], "--period", "2021-12",
               "--time", row["time_basis"], "--release", release)  # fmt: skip
    assert (done.returncode, done.stdout) == (1, "")
    assert f"is suppressed in release {release}" in done.stderr


def test_a_release_is_explained_by_the_definitions_of_its_day(
    home: Path, project: Project, release: str, tmp_path: Path
) -> None:
    root = find_project_root()
    for name in ("assets", "schemas"):
        shutil.copytree(root / name, tmp_path / name)
    for path in (tmp_path / "assets" / "indicators").glob("*.yaml"):
        text = path.read_text(encoding="utf-8")
        path.write_text(text.replace("is_key AND has_organisation", "has_organisation"), encoding="utf-8")
    later = load_project(tmp_path)
    assert later.definitions_version != project.definitions_version
    with Warehouse(f"duckdb:///{home / 'warehouse.duckdb'}", later) as warehouse:
        asked = Asked(KEY[0], "2021-12", "unit", KEY[2])
        released = explain_figure(warehouse, replace(asked, release=release))
        now = explain_figure(warehouse, asked)
    assert "is_key AND has_organisation" in released.sides[0].definition
    assert released.is_equal
    assert "is_key" not in now.sides[0].definition


def test_the_figures_of_the_briefing_have_pages_that_it_links_to(home: Path) -> None:
    done = g60(home, "explain", "--figures", "2021-12", "--json")
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    assert {one["outcome"] for one in written} <= {"equal", "none"}
    briefing = home / "out" / "briefing" / "2021-12.html"
    text = briefing.read_text(encoding="utf-8")
    linked = [one for one in written if one["page"]]
    assert len(linked) > 30
    for one in linked:
        assert f'href="../explain/2021-12/{one["figure_id"]}.html"' in text
        assert Path(one["page"]).exists()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def url(home: Path) -> str:
    page = home / "explained.html"
    done = g60(home, "explain", *ORDERS, "--html", str(page))
    assert done.returncode == 0, done.stderr
    return page.as_uri()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")
def test_the_page_needs_no_script_and_no_network(browser: Browser, url: str) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(url)
    assert asked == [url]
    chinese, english = page.get_by_text("存档数值"), page.get_by_text("Stored value", exact=True)
    assert (chinese.is_visible(), english.is_visible()) == (True, False)
    page.locator("label[for=to-en]").click()
    assert (chinese.is_visible(), english.is_visible()) == (False, True)
    context.close()


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium on the PATH")
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_nothing_runs_off_the_page(browser: Browser, url: str, width: int, language: str) -> None:
    page = browser.new_page(viewport={"width": width, "height": 900})
    page.goto(url)
    page.locator(f"label[for=to-{language}]").click()
    scroll_width, inner_width = page.evaluate(
        "() => [document.documentElement.scrollWidth, window.innerWidth]"
    )
    page.close()
    assert scroll_width <= inner_width
