"""A good return of a cluster's host and one of the Statistics Bureau, with the month before, small enough
to read.

Belongs here: the rows and how to spoil them. Not here: which spoiling belongs to which rule
(rule_mutations.py).
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.project import Project
from g60pipeline.quality.batch import Batch

Row = dict[str, Any]

HOST, BUREAU, PERIOD = "310117103", "310117U03", "2021-11"
HOST_ID, BUREAU_ID = 11, 12
NEIGHBOUR, NEIGHBOUR_ID = "310117105", 5  # the unit of the supplier, whose return came first
NOT_APPLICABLE = "不适用"
USCC = ("91310117MA1JXJ833R", "91310117MA1JCDDD62", "91310117MA1JFX5C8L", "91310117MA1JMG0BXQ")
FLAGS = (
    "is_key",
    "is_above_scale",
    "is_high_tech",
    "is_specialised",
    "is_little_giant",
    "is_listed",
    "has_organisation",
)


def _enterprise(uscc: str, name: str, members: int, output: str | None, flags: set[str]) -> Row:
    return {
        "cluster_code": "C03",
        "enterprise_uscc": uscc,
        "enterprise_name": name,
        "chain_role": "upstream",
        "strategic_industry": "high_end_equipment",
        "key_field": "none",
        **{flag: flag in flags for flag in FLAGS},
        "organisation_route": "industry" if "has_organisation" in flags else None,
        "member_count": members,
        "joined_on": date(2019, 5, 6),
        "attracted_by_service": False,
        "output_wan_yuan": None if output is None else Decimal(output),
        "output_wan_yuan_ytd": None if output is None else Decimal(output) * 11,
        "output_unit": "wan_yuan",
    }


HOST_FORMS: dict[str, list[Row]] = {
    "cluster_organisation": [
        {
            "cluster_code": "C03", "organisation_form": "committee", "founded_on": date(2018, 11, 27),
            "lead_enterprise_uscc": USCC[0], "organisation_count": 20, "branch_count": 18,
            "member_count": 150,
            "probationary_member_count": 8, "new_member_count": 2, "new_member_count_ytd": 12,
            "key_enterprise_count": 2, "covered_key_enterprise_count": 1, "also_counted_in": "C04;C05",
        }
    ],
    "cluster_enterprise": [
        _enterprise(USCC[0], "佘山机器人", 30, "1200.50", set(FLAGS)),
        _enterprise(USCC[1], "佘山机床", 0, "300", {"is_key", "is_above_scale"}),
        _enterprise(USCC[2], "佘山传感", 0, None, set()),
    ],
    "unit_summary": [
        {
            "unit_code": HOST, "member_count": 1000, "organisation_count": 60, "new_member_count": 5,
            "new_member_count_ytd": 40, "key_enterprise_count": 6, "above_scale_enterprise_count": 30,
            "above_scale_output_wan_yuan": Decimal("50000"), "output_unit": "wan_yuan",
        }
    ],
    "activity": [
        {
            "activity_no": "HD-1", "held_on": date(2021, 11, 3), "cluster_code": "C03", "category": "lecture",
            "course_system": "匠心课堂", "studio": "先锋工作室", "session_count": 3,
            "participation_count": 90,
        }
    ],
    "integration_project": [
        {
            "project_code": "C03-2021-001", "cluster_code": "C03", "project_name": "减速器攻关",
            "subject": "core_technology", "direction": "research", "carrier": "innovation_studio",
            "status": "finished", "started_on": date(2021, 3, 1), "finished_on": date(2021, 11, 20),
            "participating_member_count": 6, "patent_count": 3, "standard_count": 1, "is_national_task": True,
            "outcome_metric": "良品率", "baseline_value": Decimal("80"), "achieved_value": Decimal("95"),
            "outcome_unit": "%", "replication_site_count": 2,
        }
    ],
    "service_case": [
        {
            "case_no": "SX-1", "cluster_code": "C03", "enterprise_uscc": USCC[1],
            "service_kind": "business_registration", "accepted_at": datetime(2021, 11, 1, 9, 0),
            "completed_at": datetime(2021, 11, 30, 23, 59), "team": "店小二一队",
        }
    ],
    "chain_cooperation": [
        {
            "cooperation_no": "XZ-1", "cluster_code": "C03", "supplier_uscc": USCC[3],
            "receiver_uscc": USCC[1],
            "kind": "emergency_supply", "goods": "口罩", "quantity": Decimal("500"), "quantity_unit": "piece",
            "amount_wan_yuan": Decimal("1.5"), "amount_unit": "wan_yuan", "agreed_on": date(2021, 11, 1),
            "delivered_on": date(2021, 11, 30),
        }
    ],
    "innovation_carrier": [
        {"cluster_code": "C03", "name": "佘山技术中心", "level": "municipal",
         "recognised_on": date(2021, 6, 1)}
    ],
    "recognition": [
        {
            "title": "长三角创新奖", "awarding_level": "corridor_city", "awarding_city": "jiaxing",
            "awarding_body": "嘉兴市", "awarded_on": date(2021, 11, 30), "rank": 2, "out_of": 50,
        }
    ],
}  # fmt: skip

# What last month's return said where this month's says something else.
LAST_MONTH: dict[str, Row] = {
    "cluster_organisation": {"new_member_count": 3, "new_member_count_ytd": 10},
    "unit_summary": {"member_count": 996, "new_member_count": 4, "new_member_count_ytd": 35},
    "integration_project": {"status": "running", "finished_on": None, "patent_count": 2},
}
_MEASURES = {"strategic_output_value": "60", "little_giant_count": "20"}


def economy_rows(project: Project) -> list[Row]:
    """Return a row per measure of the bureau; stocks have no figure since January."""
    rows: list[Row] = []
    for measure in project.code_lists["economy_measures"].codes:
        if measure.attributes["reported_by"] == BUREAU:
            value = Decimal(_MEASURES.get(measure.code, "100"))
            is_flow = measure.attributes["measure_type"] == "flow"
            unit = project.code_lists["measurement_units"].by_code[measure.attributes["unit"]]
            rows.append({
                "measure_code": measure.code, "value": value, "base_value": value - 5,
                "value_ytd": value * 11 if is_flow else NOT_APPLICABLE,
                "base_value_ytd": value * 10 if is_flow else NOT_APPLICABLE,
                "unit_of_measure": unit.attributes["base_unit"], "rank_in_city": 3,
            })  # fmt: skip
    return rows


def _typed(row: Row) -> Row:
    return {name: None if value == NOT_APPLICABLE else value for name, value in row.items()}


def _frame(form: Form, rows: list[Row], submission: int, unit: str) -> pd.DataFrame:
    keys = {"submission_id": submission, "reporting_unit_code": unit, "period": PERIOD}
    records = [
        {
            **keys,
            "sheet_row": 4 + n,
            **_typed(row),
            "raw_text": {k: str(v) for k, v in row.items() if v is not None},
        }
        for n, row in enumerate(rows)
    ]
    columns = [*keys, "sheet_row", *(field.name for field in form.fields), "raw_text"]
    return pd.DataFrame(records, columns=columns, dtype=object)


def _history(form: Form, rows: list[Row], submission: int) -> pd.DataFrame:
    before: list[Row] = []
    for row in rows:
        since_january = {
            name: row[name] - row[field.ytd_of]
            for name, field in form.field_by_name.items()
            if field.ytd_of and row[name] not in (None, NOT_APPLICABLE)
        }
        before.append({**_typed(row), **since_january, **LAST_MONTH.get(form.name, {})})
    frame = pd.DataFrame(before, columns=[field.name for field in form.fields], dtype=object)
    return frame.assign(submission_id=submission, months_before=1)


def _in_force(form: Form, rows: list[tuple[str, Row]]) -> pd.DataFrame:
    """What other units sent before, each with its unit, and nothing has replaced since."""
    records = [
        {
            "reporting_unit_code": unit,
            "period": PERIOD,
            "since": NEIGHBOUR_ID,
            "until": float("inf"),
            **row,
            "raw_text": {name: str(value) for name, value in row.items() if value is not None},
        }
        for unit, row in rows
    ]
    columns = ["reporting_unit_code", "period", "since", "until", *form.field_by_name, "raw_text"]
    return pd.DataFrame(records, columns=columns)


def _others(project: Project) -> dict[str, pd.DataFrame]:
    """The supplier's unit, and summaries of all units that add up to the bureau's figures of 100."""
    units = [o.unit_code for o in project.obligations if o.form == "unit_summary"]
    summaries = [
        (unit, {"above_scale_enterprise_count": part, "above_scale_output_wan_yuan": part})
        for unit, part in zip(units, [60, 40] + [0] * len(units), strict=False)
    ]
    supplier: Row = {"cluster_code": "C07", "enterprise_uscc": USCC[3]}
    cooperation = {**HOST_FORMS["chain_cooperation"][0], "cluster_code": "C07"}
    rows: dict[str, list[tuple[str, Row]]] = {
        "cluster_enterprise": [(NEIGHBOUR, supplier)],
        "chain_cooperation": [(NEIGHBOUR, cooperation)],
        "unit_summary": [(unit, dict(row)) for unit, row in summaries],
    }
    return {name: _in_force(project.forms[name], sent) for name, sent in rows.items()}


def _cover(submission: int, unit: str) -> Row:
    values = {"unit_code": unit, "period": PERIOD, "template_version": "2021.1", "sequence_number": 1}
    return {
        **values, "submission_id": submission, "reporting_unit_code": unit, "unit_name": None, "remark": None,
        "file_name": f"{unit}_{PERIOD}_1.xlsx", "sheet_row": 0, "month_index": 2021 * 12 + 10,
        "received_at": datetime(2021, 12, 19, 15, 59),
        "raw_text": {name: str(value) for name, value in values.items()},
        "cell_addresses": {name: f"B{n}" for n, name in enumerate(values, 1)},
    }  # fmt: skip


class Rows:
    """The good returns as frames of one's own, to be spoilt cell by cell. Positions of rows count from 0."""

    def __init__(self, project: Project) -> None:
        self.project, self.period = project, PERIOD
        forms, economy = project.forms, economy_rows(project)
        self.frames = {
            "cover": pd.DataFrame([_cover(HOST_ID, HOST), _cover(BUREAU_ID, BUREAU)], dtype=object)
        }
        self.frames |= {name: _frame(forms[name], rows, HOST_ID, HOST) for name, rows in HOST_FORMS.items()}
        self.frames["district_economy"] = _frame(forms["district_economy"], economy, BUREAU_ID, BUREAU)
        self.history = {name: _history(forms[name], rows, HOST_ID) for name, rows in HOST_FORMS.items()}
        self.history["district_economy"] = _history(forms["district_economy"], economy, BUREAU_ID)
        self.others = _others(project)
        self.present = {(HOST_ID, name) for name in HOST_FORMS} | {(BUREAU_ID, "district_economy")}

    def batch(self, form: Form) -> Batch:
        """Return what the form's rules look at, and no more, as frames are dear to prepare."""
        needed = {form.name, *(column.arguments.get("form") for column in form.derived)} - {"cover"}
        forms = {name: frame for name, frame in self.frames.items() if name in needed}
        batch = Batch(
            self.project,
            self.frames["cover"],
            forms,
            frozenset(self.present),
            self.history,
            in_force=self.others,
        )
        if self.period != PERIOD:
            # what is judged has a month, so that frames can't be prepared with anything else in its place
            batch.prepared["cover"].at[0, "period"] = self.period
        return batch

    def layouts(self) -> dict[str, dict[int, dict[str, Any]]]:
        """Where the fields stand: the first in column A."""
        return {
            name: {
                number: {
                    "sheet": form.sheet,
                    "fields": {f.name: {"column": chr(65 + n)} for n, f in enumerate(form.fields)},
                }
                for number in (HOST_ID, BUREAU_ID)
            }
            for name, form in self.project.forms.items()
        }

    def set(self, form: str, field: str, value: Any, row: int = 0) -> None:
        frame = self.frames[form]
        if (form, field) == ("cover", "period"):
            self.period = value
        else:
            frame.at[row, field] = value
        texts = {key: text for key, text in frame.at[row, "raw_text"].items() if key != field}
        frame.at[row, "raw_text"] = texts if value is None else {**texts, field: str(value)}

    def value(self, form: str, field: str, row: int = 0) -> Any:
        return self.frames[form].at[row, field]

    def past(self, form: str, field: str, value: Any, row: int = 0) -> None:
        """Let last month's row, which stands at the same position, say something else."""
        self.history[form].at[row, field] = value

    def months(self, form: str, count: int) -> None:
        """Let the months before last month have been like it."""
        last = self.history[form]
        self.history[form] = pd.concat(
            [last.assign(months_before=n + 1) for n in range(count)], ignore_index=True
        )

    def measure(self, code: str) -> int:
        return list(self.frames["district_economy"]["measure_code"]).index(code)

    def withhold(self, form: str) -> None:
        """Do not send the form at all."""
        self.present = {(number, name) for number, name in self.present if name != form}
        del self.frames[form]

    def drop(self, form: str, row: int = 0) -> None:
        self.frames[form] = self.frames[form].drop(index=row).reset_index(drop=True)

    def repeat(self, form: str, row: int = 0) -> int:
        """Write the row once more at the end; return its position."""
        frame = self.frames[form]
        again = frame.iloc[[row]].assign(sheet_row=4 + len(frame))
        self.frames[form] = pd.concat([frame, again], ignore_index=True)
        return len(frame)
