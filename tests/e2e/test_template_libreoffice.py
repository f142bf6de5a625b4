"""Templates in a real spreadsheet program: filled in, saved by LibreOffice, read back the same, still guarded."""

from __future__ import annotations

import io
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.intake.parsers import parse
from g60pipeline.intake.returns import ParsedReturn, read_return
from g60pipeline.reports.template import build_template
from g60pipeline.reports.template_cover import ABOUT_SHEET, LISTS_SHEET
from g60pipeline.reports.template_fields import FieldText
from g60pipeline.reports.template_order import Order
from g60pipeline.sample.generate import build_sample
from g60pipeline.sample.writers import Writer
from g60pipeline.settings import find_project_root

JUNE = Period(2021, 6)
UNITS = ("310117103", "310117U03")  # owe all forms between them
FORMS = sorted(
    path.name.removesuffix(".odcs.yaml")
    for path in (find_project_root() / "schemas" / "forms").glob("*.yaml")
)
FORMS.remove("cover")
INSTALL = "LibreOffice is missing. Run: apt-get install --yes --no-install-recommends libreoffice-calc"
FIRST, YUAN = 4, 10_000


@dataclass(frozen=True)
class Saved:
    """A filled-in template, and what became of it in LibreOffice: workbook and return, by the kind of file."""

    order: Order
    filled: Workbook
    book: Workbook
    values: Workbook
    read: dict[str, ParsedReturn]
    expected: ParsedReturn


def convert(folder: Path, files: list[Path], suffix: str) -> dict[str, bytes]:
    """Have LibreOffice open the files and save them; its profile is its own."""
    office = shutil.which("soffice")
    if office is None:
        pytest.fail(INSTALL)
    profile, out = (folder / "profile").as_uri(), folder / suffix
    command = [
        office,
        f"-env:UserInstallation={profile}",
        "--headless",
        "--convert-to",
        suffix,
        "--outdir",
        out,
        *files,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    saved = {file.stem: out / f"{file.stem}.{suffix}" for file in files}
    assert all(path.exists() for path in saved.values()), done.stdout + done.stderr
    return {stem: path.read_bytes() for stem, path in saved.items()}


def content_of(book: Workbook) -> bytes:
    buffer = io.BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def fill(template: bytes, sample: Workbook, project: Project) -> bytes:
    """Type a sample return's cells into the template, one amount of it in 元."""
    book = load_workbook(io.BytesIO(template))
    for form in project.forms.values():
        if form.sheet in book.sheetnames:
            source, target = sample[form.sheet], book[form.sheet]
            assert [c.value for c in source[3]] == [c.value for c in target[3]][: source.max_column]
            target.delete_rows(FIRST, target.max_row)
            for row in source.iter_rows(min_row=FIRST):
                for cell in row:
                    if cell.value is not None:
                        target.cell(cell.row, cell.column, cell.value).number_format = cell.number_format
    return content_of(book)


def in_yuan(sample: Workbook, project: Project) -> None:
    """Say an enterprise's output in 元, so that the running total has something to convert."""
    form = project.forms["cluster_enterprise"]
    if form.sheet not in sample.sheetnames:
        return
    columns = {field.name: number for number, field in enumerate(form.fields, start=1)}
    sheet = sample[form.sheet]
    row = next(
        r
        for r in range(FIRST, 99)
        if isinstance(sheet.cell(r, columns["output_wan_yuan"]).value, int | float)
    )
    for name in ("output_wan_yuan", "output_wan_yuan_ytd"):
        cell = sheet.cell(row, columns[name])
        cell.value = float(Decimal(str(cell.value)) * YUAN)
    sheet.cell(row, columns["output_unit"]).value = "元"


@pytest.fixture(scope="module")
def saved(project: Project, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Saved]:
    folder = tmp_path_factory.mktemp("office")
    made = build_sample(project)
    orders = {unit: Order(project, unit, JUNE) for unit in UNITS}
    filled: dict[str, bytes] = {}
    expected: dict[str, ParsedReturn] = {}
    for unit, order in orders.items():
        sample = load_workbook(io.BytesIO(Writer(project).render(made.correct_return(unit, JUNE))))
        in_yuan(sample, project)
        expected[unit] = read_return(project, parse(content_of(sample)), "x")
        filled[unit] = fill(build_template(order), sample, project)
        (folder / f"{unit}.xlsx").write_bytes(filled[unit])
    files = [folder / f"{unit}.xlsx" for unit in UNITS]
    by_office = {suffix: convert(folder, files, suffix) for suffix in ("xlsx", "ods", "xls")}
    return {
        unit: Saved(
            orders[unit],
            load_workbook(io.BytesIO(filled[unit])),
            load_workbook(io.BytesIO(by_office["xlsx"][unit])),
            load_workbook(io.BytesIO(by_office["xlsx"][unit]), data_only=True),
            {suffix: read_return(project, parse(data[unit]), "x") for suffix, data in by_office.items()},
            expected[unit],
        )
        for unit in UNITS
    }


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


def of_form(saved: dict[str, Saved], name: str) -> Saved:
    return next(one for one in saved.values() if name in one.expected.rows)


def typed(parsed: ParsedReturn, name: str) -> list[dict[str, Any]]:
    return [row.values for row in parsed.rows[name]]


def comparable(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Numbers as a spreadsheet keeps them, 15 digits."""
    return [{k: float(f"{v:.15g}") if isinstance(v, Decimal) else v for k, v in row.items()} for row in rows]


@pytest.mark.parametrize("suffix", ["xlsx", "ods", "xls"])
def test_what_is_saved_is_taken_without_a_finding(saved: dict[str, Saved], suffix: str) -> None:
    for unit, one in saved.items():
        parsed = one.read[suffix]
        assert parsed.findings == ()
        assert (parsed.cover["unit_code"], parsed.cover["period"]) == (unit, "2021-06")
        assert (parsed.cover["template_version"], parsed.cover["sequence_number"]) == ("2021.1", 1)


@pytest.mark.parametrize("suffix", ["xlsx", "ods", "xls"])
@pytest.mark.parametrize("name", FORMS)
def test_every_form_reads_back_as_it_was_filled_in(saved: dict[str, Saved], name: str, suffix: str) -> None:
    one = of_form(saved, name)
    expected = typed(one.expected, name)
    assert expected, f"the sample has no rows of {name} to fill in"
    assert comparable(typed(one.read[suffix], name)) == comparable(expected)


@pytest.mark.parametrize("name", FORMS)
def test_guards_survive_the_save(project: Project, saved: dict[str, Saved], name: str) -> None:
    one, form = of_form(saved, name), project.forms[name]
    before, after = one.filled[form.sheet], one.book[form.sheet]
    assert after.protection.sheet
    assert all(after.cell(3, column).protection.locked for column in range(1, len(form.fields) + 1))
    assert checks(after) == checks(before)
    assert [after.cell(3, c).comment.text for c in range(1, len(form.fields) + 1)] == [
        before.cell(3, c).comment.text for c in range(1, len(form.fields) + 1)
    ]


def checks(sheet: Worksheet) -> dict[str, tuple[Any, ...]]:
    """What each column checks and says, by the first of its cells."""
    return {
        str(v.sqref).partition(":")[0]: (
            v.type,
            number(v.formula1),
            number(v.formula2),
            v.promptTitle,
            v.prompt,
            v.error,
        )
        for v in sheet.data_validations.dataValidation
    }


def number(text: str | None) -> float | str | None:
    """A bound as a number, a formula without its spaces."""
    try:
        return float(text or 0)
    except ValueError:
        return str(text).replace(" ", "")


def test_lists_names_and_hidden_sheets_survive_the_save(saved: dict[str, Saved]) -> None:
    for one in saved.values():
        before, after = one.filled, one.book
        names = {name: defined.attr_text for name, defined in before.defined_names.items()}
        assert {name: defined.attr_text for name, defined in after.defined_names.items()} == names
        for own in (LISTS_SHEET, ABOUT_SHEET):
            assert after[own].sheet_state in (
                "veryHidden",
                "hidden",
            )  # LibreOffice knows no very hidden sheets
            assert list(after[own].values) == list(before[own].values)


def totals(order: Order, form: Form, parsed: ParsedReturn) -> Iterator[tuple[int, float]]:
    """Columns with a running total, and what the reader makes of their cells."""
    for column, field in enumerate(form.fields, start=1):
        if FieldText(order, form, field).has_total:
            values = [row.values[field.name] for row in parsed.rows[form.name]]
            yield column, float(sum(value for value in values if value is not None))


def test_running_totals_are_worked_out_live_in_the_fields_own_unit(saved: dict[str, Saved]) -> None:
    seen = 0
    for one in saved.values():
        book = one.values
        for form in one.order.forms:
            rows = one.expected.rows[form.name]
            assert book[form.sheet]["A2"].value == len(rows)
            assert [row[1].value for row in book["封面"].iter_rows() if row[0].value == form.sheet] == [
                len(rows)
            ]
            for column, expected in totals(one.order, form, one.expected):
                assert book[form.sheet].cell(2, column).value == pytest.approx(expected), (form.name, column)
                seen += expected > 0
    assert seen > 10


def test_what_is_taken_over_reads_back_the_same_and_leaves_the_rest_blank(
    project: Project, saved: dict[str, Saved], tmp_path: Path
) -> None:
    unit = UNITS[0]
    last = saved[unit].expected
    rows = {name: typed(last, name) for name in last.rows}
    order = Order(project, unit, JUNE.plus(1), rows, 2)
    (tmp_path / "begun.xlsx").write_bytes(build_template(order))
    parsed = read_return(project, parse(convert(tmp_path, [tmp_path / "begun.xlsx"], "xlsx")["begun"]), "x")
    assert parsed.findings == ()
    assert (parsed.cover["period"], parsed.cover["sequence_number"]) == ("2021-07", 2)
    for form in order.forms:
        taken = {field.name for field in form.fields if field.is_prefilled}
        kept = [{name: row[name] for name in sorted(taken)} for row in rows[form.name]] if taken else []
        again = typed(parsed, form.name)
        assert [{name: row[name] for name in sorted(taken)} for row in again] == kept
        units = {field.unit_field for field in form.fields}
        assert all(row[f.name] is None for row in again for f in form.fields if f.name not in taken | units)
