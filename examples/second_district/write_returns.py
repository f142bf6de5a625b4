"""Write the second district's returns of 2021-12 and 2022-01 as workbooks into an inbox. All figures are made up.

    PYTHONPATH=TARGET/src python examples/second_district/write_returns.py TARGET/home/inbox

Run it with the copied project, whose lists know the units.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.sample.enterprises import organisation_check_character, uscc_check_character
from g60pipeline.sample.model import NOT_APPLICABLE, SYNTHETIC, Forms, Return, Row
from g60pipeline.sample.writers import Writer
from g60pipeline.settings import find_project_root

ZONE, XITANG, DAYUN = "330421U01", "330421U02", "330421U03"
CLUSTER = "C21"
BEFORE, AFTER = Period(2021, 12), Period(2022, 1)
MEMBERS = {BEFORE: 60, AFTER: 63}
_SUMMARY = (
    "member_count", "organisation_count", "new_member_count", "new_member_count_ytd", "key_enterprise_count",
    "above_scale_enterprise_count", "above_scale_output_wan_yuan",
)  # fmt: skip
SUMMARIES: dict[tuple[str, Period], tuple[int, ...]] = {
    (ZONE, BEFORE): (2000, 80, 6, 70, 20, 60, 52_000),
    (XITANG, BEFORE): (1500, 60, 4, 48, 12, 30, 21_000),
    (DAYUN, BEFORE): (100, 5, 1, 7, 2, 4, 1_500),
    (ZONE, AFTER): (2006, 80, 6, 6, 20, 60, 54_000),
    (XITANG, AFTER): (1604, 66, 4, 4, 14, 34, 23_000),
}
# Is it a key enterprise, and has it an organisation: of four key enterprises three are covered.
ENTERPRISES = ((True, True), (True, True), (True, True), (True, False), (False, False))


def _credit_code(number: int) -> str:
    organisation = f"MA2XAM0{number}"
    code = "91330421" + organisation + organisation_check_character(organisation)
    return code + uscc_check_character(code)


def _enterprise(number: int, period: Period) -> Row:
    is_key, is_covered = ENTERPRISES[number]
    return {
        "cluster_code": CLUSTER,
        "enterprise_uscc": _credit_code(number),
        "enterprise_name": f"样例机械{'甲乙丙丁戊'[number]}有限公司",
        "chain_role": "supporting" if number else "lead",
        "strategic_industry": "high_end_equipment",
        "key_field": "none",
        "is_key": is_key,
        "is_above_scale": number == 0,
        "is_high_tech": is_key,
        "is_specialised": False,
        "is_little_giant": False,
        "is_listed": False,
        "has_organisation": is_covered,
        "organisation_route": "lead_enterprise" if is_covered else None,
        "member_count": 10 if is_covered else 0,
        "joined_on": date(2020, 5, 6),
        "attracted_by_service": False,
        "output_wan_yuan": 1_000 if number == 0 else NOT_APPLICABLE,
        "output_wan_yuan_ytd": 1_000 * period.month if number == 0 else NOT_APPLICABLE,
        "output_unit": None,
    }


def _organisation(period: Period) -> Row:
    return {
        "cluster_code": CLUSTER,
        "organisation_form": "general_branch",
        "founded_on": date(2019, 7, 1),
        "lead_enterprise_uscc": _credit_code(0),
        "organisation_count": 4,
        "branch_count": 3,
        "member_count": MEMBERS[period],
        "probationary_member_count": 3,
        "new_member_count": 3,
        "new_member_count_ytd": 3 if period == AFTER else 24,
        "key_enterprise_count": sum(is_key for is_key, _ in ENTERPRISES),
        "covered_key_enterprise_count": sum(is_key and is_covered for is_key, is_covered in ENTERPRISES),
        "also_counted_in": None,
    }


def _forms(project: Project, unit: str, period: Period) -> Forms:
    summary: Row = {"unit_code": unit, **dict(zip(_SUMMARY, SUMMARIES[unit, period], strict=True))}
    rows: Forms = {
        "unit_summary": [summary],
        "cluster_organisation": [_organisation(period)],
        "cluster_enterprise": [_enterprise(number, period) for number in range(len(ENTERPRISES))],
    }
    return {form: rows[form] for form in project.owed_forms(unit, period)}


def build_returns(project: Project) -> Iterator[Return]:
    """Yield what each unit sends: exactly the forms that it owes for the month."""
    for unit, period in SUMMARIES:
        cover: Row = {
            "unit_code": unit,
            "period": period.key,
            "template_version": project.template_versions.current.code,
            "sequence_number": 1,
            "unit_name": project.code_lists["units"].label_zh(unit),
            "remark": SYNTHETIC,
        }
        yield Return(unit, period, 1, cover, _forms(project, unit, period))


def write_returns(project: Project, inbox: Path) -> list[Path]:
    """Write a workbook for each return and return their paths."""
    writer = Writer(project)
    inbox.mkdir(parents=True, exist_ok=True)
    paths: list[Path] = []
    for sent in build_returns(project):
        paths.append(inbox / f"{sent.stem}.xlsx")
        paths[-1].write_bytes(writer.render(sent))
    return paths


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    print(*write_returns(load_project(find_project_root()), Path(sys.argv[1])), sep="\n")
