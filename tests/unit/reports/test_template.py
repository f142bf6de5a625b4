"""The template as a workbook: what is on it, what may be changed, what is offered, what is taken over."""

from __future__ import annotations

import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from openpyxl import load_workbook
from openpyxl.workbook.workbook import Workbook
from openpyxl.worksheet.datavalidation import DataValidation
from openpyxl.worksheet.worksheet import Worksheet

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.intake.cover import find_code
from g60pipeline.intake.parsers import parse
from g60pipeline.intake.returns import ParsedReturn, read_return
from g60pipeline.reports.template import build_template, template_name
from g60pipeline.reports.template_cover import ABOUT_SHEET, LISTS_SHEET
from g60pipeline.reports.template_order import Order, Rows, TemplateError

JANUARY = Period(2022, 1)
HOST, TOWN, BUREAU = "310117501", "310117001", "310117U03"  # hosts three clusters; one form; the economy


def open_book(order: Order) -> Workbook:
    return load_workbook(io.BytesIO(build_template(order)))


@pytest.fixture(scope="module")
def books(project: Project) -> dict[str, Workbook]:
    return {unit: open_book(Order(project, unit, JANUARY)) for unit in (HOST, TOWN, BUREAU)}


def forms_of(project: Project) -> list[tuple[str, Form]]:
    return [
        (HOST if name in project.owed_forms(HOST, JANUARY) else BUREAU, form)
        for name, form in project.forms.items()
    ]


def validations(sheet: Worksheet) -> dict[str, DataValidation]:
    """Checks by the letter of their column."""
    found = {
        str(v.sqref).rstrip("0123456789").partition(":")[0].rstrip("0123456789"): v
        for v in sheet.data_validations.dataValidation
    }
    assert len(found) == len(sheet.data_validations.dataValidation)
    return found


def offered(book: Workbook, name: str) -> list[str]:
    sheet, _, cells = book.defined_names[name].attr_text.partition("!")
    return [str(cell.value) for (cell,) in book[sheet.strip("'")][cells.replace("$", "")]]


def read(project: Project, data: bytes) -> ParsedReturn:
    return read_return(project, parse(data), "x")


@pytest.mark.parametrize("unit", [HOST, TOWN, BUREAU])
def test_a_unit_gets_its_own_forms_only(project: Project, books: dict[str, Workbook], unit: str) -> None:
    owed = [project.forms[name].sheet for name in project.owed_forms(unit, JANUARY)]
    assert books[unit].sheetnames == ["封面", "填表说明", *owed, LISTS_SHEET, ABOUT_SHEET]
    states = [sheet.sheet_state for sheet in books[unit]]
    assert states == ["visible"] * (len(owed) + 2) + ["veryHidden"] * 2


def test_forms_that_are_no_longer_owed_are_left_out(project: Project) -> None:
    ended = tuple(
        o.model_copy(update={"valid_to": "2021-12"}) if (o.unit_code, o.form) == (HOST, "recognition") else o
        for o in project.obligations
    )
    changed = project.model_copy(update={"obligations": ended})
    assert "荣誉表" not in open_book(Order(changed, HOST, JANUARY)).sheetnames


def test_headings_stand_in_the_third_row_locked_above_open_cells(
    project: Project, books: dict[str, Workbook]
) -> None:
    for unit, form in forms_of(project):
        sheet = books[unit][form.sheet]
        headings = [cell.value for cell in sheet[3]]
        assert headings[: len(form.fields)] == [field.heading for field in form.fields]
        assert sheet.protection.sheet
        assert sheet.protection.password is None
        assert all(cell.protection.locked for row in sheet["A1:T3"] for cell in row[: len(form.fields)])
        assert not any(d.protection.locked for d in sheet.column_dimensions.values())
        assert max(d.max for d in sheet.column_dimensions.values()) == 16_384, (
            "a row is deleted only if all of it is open"
        )
        assert sheet.freeze_panes.endswith("4")
        assert (sheet.print_title_rows, sheet.page_setup.orientation) == ("$1:$3", "landscape")
        assert sheet.auto_filter.ref is None, "a filter hides rows"


def test_required_headings_look_different_and_read_the_same(
    project: Project, books: dict[str, Workbook]
) -> None:
    for unit, form in forms_of(project):
        looks: dict[bool, set[str]] = {True: set(), False: set()}
        for cell, field in zip(books[unit][form.sheet][3], form.fields, strict=False):
            looks[field.is_required].add(cell.fill.fgColor.rgb)
        assert len(looks[True]) == 1
        assert not looks[True] & looks[False]


def test_every_field_explains_itself_at_the_heading_and_at_the_cell(
    project: Project, books: dict[str, Workbook]
) -> None:
    units = project.code_lists["measurement_units"]
    for unit, form in forms_of(project):
        sheet = books[unit][form.sheet]
        checks = validations(sheet)
        for heading, field in zip(sheet[3], form.fields, strict=False):
            check = checks[heading.column_letter]
            assert str(check.sqref).startswith(f"{heading.column_letter}4:")
            assert check.showInputMessage
            assert check.promptTitle == field.heading
            assert heading.comment.text == check.prompt
            assert field.description.zh.rstrip("。") in check.prompt
            assert ("必填" in check.prompt) is field.is_required
            assert ("填“不适用”" in check.prompt) is field.allows_not_applicable
            if field.unit is not None:
                assert units.label_zh(field.unit) in check.prompt
            assert len(check.prompt) <= 255
            assert len(check.promptTitle) <= 32
            assert "{" not in check.prompt + (check.error or "")


def test_drop_downs_point_to_names_and_offer_only_what_is_read_and_valid(
    project: Project, books: dict[str, Workbook]
) -> None:
    for unit, form in forms_of(project):
        checks = validations(books[unit][form.sheet])
        for heading, field in zip(books[unit][form.sheet][3], form.fields, strict=False):
            check = checks[heading.column_letter]
            is_chosen = field.type == "boolean" or (field.code_list is not None and not field.is_list)
            assert (check.type == "list") is is_chosen, field.name
            if not is_chosen:
                continue
            texts = offered(books[unit], check.formula1)
            assert texts
            if field.type == "boolean":
                assert texts == ["是", "否"]
            else:
                codes = project.code_lists[field.code_list or ""]
                assert {find_code(codes, text) for text in texts} <= set(codes.valid_codes(JANUARY))


def test_a_unit_is_offered_its_own_codes_and_units_of_the_right_dimension(books: dict[str, Workbook]) -> None:
    assert offered(books[HOST], "g60_clusters") == ["C04", "C05", "C10"]
    assert offered(books[HOST], "g60_units") == [HOST]
    assert offered(books[HOST], "g60_measurement_units_money") == ["万元", "元", "亿元"]
    assert offered(books[HOST], "g60_organisation_forms") == ["党委", "党总支", "党支部"]
    assert "地方财政收入" not in offered(books[BUREAU], "g60_economy_measures")


def test_a_code_that_has_ended_is_not_offered(project: Project) -> None:
    roles = project.code_lists["chain_roles"]
    ended = tuple(
        c.model_copy(update={"valid_to": "2021-12-31"}) if c.code == "lead" else c for c in roles.codes
    )
    lists = {**project.code_lists, "chain_roles": roles.model_copy(update={"codes": ended})}
    book = open_book(Order(project.model_copy(update={"code_lists": lists}), HOST, JANUARY))
    assert offered(book, "g60_chain_roles") == ["上游", "下游", "配套"]


@pytest.mark.parametrize(
    ("form", "heading", "expected"),
    [
        ("cluster_organisation", "党员人数", ("whole", "between", "0.0", "1000000000000000")),
        ("activity", "场次", ("whole", "between", "1.0", "1000000000000000")),
        (
            "integration_project",
            "实施前数值",
            ("decimal", "between", "-1000000000000000", "1000000000000000"),
        ),
        ("cluster_enterprise", "统一社会信用代码", ("textLength", "equal", "18", None)),
        ("cluster_enterprise", "企业名称", ("textLength", "lessThanOrEqual", "100", None)),
        ("activity", "活动日期", ("date", "greaterThanOrEqual", "1", None)),
        ("service_case", "受理时间", ("date", "greaterThanOrEqual", "1", None)),
    ],
)
def test_what_is_typed_is_checked_by_the_contract(
    project: Project, books: dict[str, Workbook], form: str, heading: str, expected: tuple[Any, ...]
) -> None:
    sheet = books[HOST][project.forms[form].sheet]
    column = next(cell.column_letter for cell in sheet[3] if cell.value == heading)
    check = validations(sheet)[column]
    number = [text if text is None else float(text) for text in (check.formula1, check.formula2)]
    assert (check.type, check.operator or "between") == expected[:2]
    assert number == [text if text is None else float(text) for text in expected[2:]]
    assert check.errorStyle in (None, "stop")
    assert check.error


def test_not_applicable_is_let_through_only_where_the_contract_does(
    project: Project, books: dict[str, Workbook]
) -> None:
    checks = validations(books[HOST]["集群企业名册"])
    fields = [field.name for field in project.forms["cluster_enterprise"].fields]
    output = checks["ABCDEFGHIJKLMNOPQRSTUVWXYZ"[fields.index("output_wan_yuan")]]
    assert output.type == "custom"
    assert output.formula1 == 'IF(ISNUMBER(R4),AND(R4>=0,R4<=1000000000000000),R4="不适用")'


def test_running_totals_stand_above_the_headings_and_carry_their_values(project: Project) -> None:
    data = build_template(Order(project, HOST, JANUARY))
    live, stored = load_workbook(io.BytesIO(data)), load_workbook(io.BytesIO(data), data_only=True)
    sheet, values = live["链上协作表"], stored["链上协作表"]
    amount = next(cell.column_letter for cell in sheet[3] if cell.value == "金额")
    formula = sheet[f"{amount}2"].value
    assert formula == (
        '=SUM($I$4:$I$5003)+SUMIF($J$4:$J$5003,"元",$I$4:$I$5003)*(0.0001-1)'
        '+SUMIF($J$4:$J$5003,"亿元",$I$4:$I$5003)*(10000-1)'
    )
    assert values[f"{amount}2"].value == 0
    assert sheet[f"{amount}2"].number_format == '"合计 "#,##0.00" 万元"'
    assert stored["集群党组织情况表"]["A2"].value == 3
    assert stored["封面"]["B13"].value == 3
    assert not isinstance(live["单位汇总表"]["B2"].value, (int, float)), "one row has no total"
    assert str(sheet["G2"].value) == "数字", "quantities in different units have no sum"


def test_an_unfilled_template_reads_without_a_finding_whether_or_not_formulas_were_worked_out(
    project: Project,
) -> None:
    data = build_template(Order(project, HOST, JANUARY))
    book, buffer = load_workbook(io.BytesIO(data)), io.BytesIO()
    book.save(buffer)  # openpyxl stores formulas without their values
    for content in (data, buffer.getvalue()):
        parsed = read(project, content)
        assert parsed.findings == ()
        assert parsed.cover == {
            "unit_code": HOST, "period": "2022-01", "template_version": "2021.1", "sequence_number": 1,
            "unit_name": "松江经济技术开发区",
        }  # fmt: skip
        assert {name: len(rows) for name, rows in parsed.rows.items() if rows} == {
            "cluster_organisation": 3,
            "unit_summary": 1,
        }


def test_the_template_knows_what_it_is(project: Project, books: dict[str, Workbook]) -> None:
    lines = {str(name.value): value.value for name, value in books[TOWN][ABOUT_SHEET].iter_rows()}
    assert lines == {
        "template_version": "2021.1", "unit_code": TOWN, "period": "2022-01", "rules_version": project.rules_version,
        "contract cover": project.cover.version, "contract unit_summary": project.forms["unit_summary"].version,
    }  # fmt: skip


def test_the_cover_says_what_is_due_when(books: dict[str, Workbook]) -> None:
    sheet = books[TOWN]["封面"]
    labels = {row[0].value: row[1] for row in sheet.iter_rows(max_col=2)}
    assert labels["报送序号"].protection.locked is False
    assert labels["备注"].protection.locked is False
    assert labels["报送期"].protection.locked is True
    (row,) = [row for row in sheet.iter_rows() if row[0].value == "单位汇总表"]
    assert [cell.value.date().isoformat() for cell in row[2:4]] == ["2022-02-05", "2022-02-08"]


def test_the_guide_explains_the_codes_and_names_no_placeholder(books: dict[str, Workbook]) -> None:
    text = "\n".join(str(row[0].value) for row in books[HOST]["填表说明"].iter_rows())
    assert "C04 正泰智慧能源产业集群" in text
    assert "{" not in text
    assert "没有上月已接受的报表" in text


# --- what is taken over


LAST_MONTH: Rows = {
    "cluster_organisation": [
        {"cluster_code": "C05", "organisation_form": "committee", "founded_on": date(2018, 6, 1), "also_counted_in": "C04;C10",
         "member_count": 99},
        {"cluster_code": "C01", "organisation_form": "committee", "founded_on": date(2018, 6, 1)},
    ],
    "cluster_enterprise": [
        {"cluster_code": "C04", "enterprise_uscc": "91310117MA1J1ABC1X", "enterprise_name": "=1+1", "chain_role": "lead",
         "is_key": True, "is_listed": False, "joined_on": date(2020, 2, 29), "member_count": 7, "output_wan_yuan": Decimal(5)},
    ],
    "integration_project": [{"project_code": "C04-2021-001", "cluster_code": "C04", "baseline_value": Decimal("1.25")}],
    "activity": [{"activity_no": "A1", "cluster_code": "C04"}],
}  # fmt: skip


@pytest.fixture(scope="module")
def begun(project: Project) -> ParsedReturn:
    return read(project, build_template(Order(project, HOST, JANUARY, LAST_MONTH, 3)))


def test_marked_fields_are_taken_over_and_nothing_else(begun: ParsedReturn) -> None:
    assert begun.findings == ()
    (enterprise,) = begun.rows["cluster_enterprise"]
    assert {name: value for name, value in enterprise.values.items() if value is not None} == {
        "cluster_code": "C04", "enterprise_uscc": "91310117MA1J1ABC1X", "enterprise_name": "=1+1", "chain_role": "lead",
        "is_key": True, "is_listed": False, "joined_on": date(2020, 2, 29), "output_unit": "wan_yuan",
    }  # fmt: skip
    (project,) = begun.rows["integration_project"]
    assert project.values["baseline_value"] == Decimal("1.25")
    assert begun.rows["activity"] == []
    assert begun.cover["sequence_number"] == 3


def test_clusters_of_others_are_dropped_and_missing_ones_added(begun: ParsedReturn) -> None:
    rows = begun.rows["cluster_organisation"]
    assert [row.values["cluster_code"] for row in rows] == ["C05", "C04", "C10"]
    assert (rows[0].values["also_counted_in"], rows[0].values["member_count"]) == ("C04;C10", None)
    assert rows[1].values["organisation_form"] is None


def test_a_bureau_begins_with_its_measures(project: Project) -> None:
    (form,) = Order(project, "310117U04", JANUARY).forms
    assert Order(project, "310117U04", JANUARY).first_rows(form) == [{"measure_code": "fiscal_revenue"}]


def test_without_the_mark_in_the_contract_nothing_is_taken_over(project: Project) -> None:
    forms = {
        name: form.model_copy(
            update={"fields": tuple(f.model_copy(update={"is_prefilled": False}) for f in form.fields)}
        )
        for name, form in project.forms.items()
    }
    order = Order(project.model_copy(update={"forms": forms}), HOST, JANUARY, LAST_MONTH)
    assert order.first_rows(forms["cluster_enterprise"]) == []


# --- what cannot be made


@pytest.mark.parametrize(
    ("unit", "period", "why"),
    [
        ("999", JANUARY, "999 is no unit"),
        ("310117", JANUARY, "310117 owes no form for 2022-01"),
        (HOST, Period(2014, 1), "owes no form"),
    ],
)
def test_an_order_that_makes_no_sense_is_refused(
    project: Project, unit: str, period: Period, why: str
) -> None:
    with pytest.raises(TemplateError, match=why):
        Order(project, unit, period)


def test_the_same_order_gives_the_same_bytes_and_a_name_that_agrees(project: Project) -> None:
    order = Order(project, TOWN, JANUARY)
    assert build_template(order) == build_template(order)
    assert template_name(order) == "310117001-2022-01.xlsx"
