"""Returns that are wrong on purpose, and the findings that each must get.

Belongs here: one function per kind of fault. It takes a correct return and gives a wrong one with all of its
findings, for a wrong value often breaks several rules. Not here: correct values; which rules there are.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from g60pipeline.contracts.periods import Period
from g60pipeline.sample.model import Cell, ExpectedFinding, Formula, Return, Row, Status
from g60pipeline.sample.writers import FIRST_DATA_ROW

Wrong = tuple[Return | bytes, list[ExpectedFinding]]
_SLIP = 10_000  # 万元 written in 元


def _change(sent: Return, form: str, position: int, **cells: Cell) -> Return:
    rows = list(sent.forms[form])
    rows[position] = {**rows[position], **cells}
    return replace(sent, forms={**sent.forms, form: rows})


def _number(row: Row, field: str) -> float:
    value = row[field]
    if not isinstance(value, int | float):
        raise TypeError(f"{field} is {value!r}, not a number")
    return value


def _at(form: str, position: int, field: str, *rules: str) -> list[ExpectedFinding]:
    return [ExpectedFinding(form, rule, field, FIRST_DATA_ROW + position) for rule in rules]


def _position(rows: list[Row], wanted: Callable[[Row], bool]) -> int:
    return next(position for position, row in enumerate(rows) if wanted(row))


def _cooperation(sent: Return) -> int:
    """Return a technical cooperation, whose amount no rule asks for."""
    return _position(sent.forms["chain_cooperation"], lambda row: row["kind"] == "technical_cooperation")


# --- files


def leave_out_a_sheet(sent: Return) -> Wrong:
    """Leave out a form that is owed."""
    forms = {form: rows for form, rows in sent.forms.items() if form != "innovation_carrier"}
    return replace(sent, forms=forms), [
        ExpectedFinding("cover", "owed_forms_are_all_present", "unit_code", None)
    ]


def use_an_old_template(sent: Return) -> Wrong:
    """State a template version that is no longer in use."""
    cover = {**sent.cover, "template_version": "2020.2"}
    return replace(sent, cover=cover), [
        ExpectedFinding("cover", "template_version_is_known", "template_version", None)
    ]


def send_a_picture(sent: Return) -> Wrong:
    """Send a picture under a workbook's name."""
    picture = b"\x89PNG\r\n\x1a\n" + sent.stem.encode() * 40
    return picture, [ExpectedFinding(None, "file_is_a_known_kind", None, None)]


def write_a_personal_number(sent: Return) -> Wrong:
    """Write what looks like a resident-ID number; nobody's, by its date and its wrong check digit."""
    cover = {**sent.cover, "remark": f"{sent.cover['remark']}（310117190001019990）"}
    row = list(cover).index("remark") + 1
    return replace(sent, cover=cover), [ExpectedFinding(None, "no_personal_number_is_sent", None, row)]


def contradict_the_file_name(sent: Return) -> Wrong:
    """Send the right content under another unit's file name (see the fault's `named`)."""
    rule = "file_name_does_not_contradict_the_units_code"
    return sent, [ExpectedFinding("cover", rule, "unit_code", None)]


def rename_a_heading(sent: Return) -> Wrong:
    """Rename a required column's heading to an unknown one; all its cells are then missing."""
    form, field = "chain_cooperation", "goods"
    findings = [ExpectedFinding(form, "headings_are_all_present", None, FIRST_DATA_ROW - 1)]
    for position in range(len(sent.forms[form])):
        findings += _at(form, position, field, f"{field}_is_reported")
    return replace(sent, headings={(form, field): "货物名目"}), findings


def hide_a_row(sent: Return) -> Wrong:
    """Hide a row that holds data."""
    finding = ExpectedFinding("activity", "value_is_not_hidden", None, FIRST_DATA_ROW)
    return replace(sent, hidden_rows=frozenset({("activity", 0)})), [finding]


# --- cells


def show_an_error(sent: Return) -> Wrong:
    """Leave an error in a cell, as a broken formula does."""
    position = _cooperation(sent)
    wrong = _change(sent, "chain_cooperation", position, amount_wan_yuan=Formula("=1/0", "#DIV/0!"))
    return wrong, _at("chain_cooperation", position, "amount_wan_yuan", "cell_is_not_an_error")


def store_no_value(sent: Return) -> Wrong:
    """Write a formula without its result, as programs do."""
    position = _cooperation(sent)
    wrong = _change(sent, "chain_cooperation", position, amount_wan_yuan=Formula("=20+16.5", None))
    return wrong, _at("chain_cooperation", position, "amount_wan_yuan", "formula_has_a_stored_value")


def write_approximate_text(sent: Return) -> Wrong:
    """Write words where a number belongs."""
    wrong = _change(sent, "unit_summary", 0, key_enterprise_count="约20余家")
    return wrong, _at("unit_summary", 0, "key_enterprise_count", "value_has_the_declared_type")


def leave_a_required_cell_blank(sent: Return) -> Wrong:
    """Leave a required cell blank."""
    wrong = _change(sent, "unit_summary", 0, organisation_count=None)
    return wrong, _at("unit_summary", 0, "organisation_count", "organisation_count_is_reported")


def mistype_a_credit_code(sent: Return) -> Wrong:
    """Mistype the last character of a credit code that no other row of the return refers to."""
    deals = sent.forms["chain_cooperation"]
    used = {row["lead_enterprise_uscc"] for row in sent.forms["cluster_organisation"]}
    used |= {row[party] for row in deals for party in ("supplier_uscc", "receiver_uscc")}
    rows = sent.forms["cluster_enterprise"]
    position = _position(rows, lambda row: row["enterprise_uscc"] not in used)
    code = str(rows[position]["enterprise_uscc"])
    wrong = _change(
        sent, "cluster_enterprise", position, enterprise_uscc=code[:-1] + ("5" if code[-1] != "5" else "6")
    )
    return wrong, _at(
        "cluster_enterprise", position, "enterprise_uscc", "enterprise_uscc_has_a_valid_check_digit"
    )


def name_an_unknown_cluster(sent: Return) -> Wrong:
    """Write a cluster that the registry does not have."""
    wrong = _change(sent, "activity", 0, cluster_code="C99")
    rules = ("cluster_code_is_in_its_code_list", "cluster_of_the_row_is_in_the_organisation_form")
    return wrong, _at("activity", 0, "cluster_code", *rules)


def repeat_a_row(sent: Return) -> Wrong:
    """Write a row twice."""
    rows = sent.forms["innovation_carrier"]
    wrong = replace(sent, forms={**sent.forms, "innovation_carrier": [*rows, rows[0]]})
    positions = (0, len(rows))
    return wrong, [
        finding for p in positions for finding in _at("innovation_carrier", p, "name", "keys_are_unique")
    ]


# --- figures that contradict each other


def cover_more_than_there_are(sent: Return) -> Wrong:
    """Report more covered key enterprises than key enterprises."""
    key = _number(sent.forms["cluster_organisation"][0], "key_enterprise_count")
    wrong = _change(sent, "cluster_organisation", 0, covered_key_enterprise_count=int(key) + 3)
    rules = (
        "key_organisation_coverage_is_between_0_and_1",
        "covered_key_enterprises_are_those_of_the_register",
    )
    return wrong, _at("cluster_organisation", 0, "covered_key_enterprise_count", *rules)


def count_clusters_members_out(sent: Return) -> Wrong:
    """Report fewer new members of the unit than its clusters have; since January still adds up."""
    row = sent.forms["unit_summary"][0]
    of_clusters = sum(_number(cluster, "new_member_count") for cluster in sent.forms["cluster_organisation"])
    month = int(of_clusters) - 1
    since_january = int(_number(row, "new_member_count_ytd") - _number(row, "new_member_count")) + month
    wrong = _change(sent, "unit_summary", 0, new_member_count=month, new_member_count_ytd=since_january)
    return wrong, _at(
        "unit_summary", 0, "new_member_count", "new_members_of_clusters_do_not_exceed_the_units"
    )


def write_yuan_for_ten_thousand(sent: Return) -> Wrong:
    """Write the unit's output in 元 where 万元 is meant."""
    output = _number(sent.forms["unit_summary"][0], "above_scale_output_wan_yuan")
    wrong = _change(sent, "unit_summary", 0, above_scale_output_wan_yuan=round(output * _SLIP))
    rules = ("output_is_on_the_scale_of_the_units_own_history", "output_does_not_jump")
    return wrong, _at("unit_summary", 0, "above_scale_output_wan_yuan", *rules)


def write_an_enterprise_in_yuan(sent: Return) -> Wrong:
    """Write an enterprise's output of the month in 元, but not the one since January."""
    rows = sent.forms["cluster_enterprise"]
    position = _position(rows, lambda row: row["is_above_scale"] is True)
    output = _number(rows[position], "output_wan_yuan")
    wrong = _change(sent, "cluster_enterprise", position, output_wan_yuan=round(output * _SLIP))
    since_january = "output_wan_yuan_ytd"
    rules = (f"{since_january}_is_at_least_the_months", f"{since_january}_follows_from_last_months")
    own = ("output_is_on_the_scale_of_the_enterprises_own_history", "output_of_an_enterprise_does_not_jump")
    findings = _at("cluster_enterprise", position, "output_wan_yuan", *own)
    findings += _at("cluster_enterprise", position, since_january, *rules)
    sum_rule = "output_of_clusters_does_not_exceed_the_units"
    return wrong, findings + _at("unit_summary", 0, "above_scale_output_wan_yuan", sum_rule)


def add_up_wrongly(sent: Return) -> Wrong:
    """Report new members since January that the months do not add up to."""
    since_january = int(_number(sent.forms["unit_summary"][0], "new_member_count_ytd"))
    wrong = _change(sent, "unit_summary", 0, new_member_count_ytd=since_january + 3)
    return wrong, _at(
        "unit_summary", 0, "new_member_count_ytd", "new_member_count_ytd_follows_from_last_months"
    )


def copy_another_units_summary(sent: Return) -> Wrong:
    """Write another unit's code in the summary."""
    wrong = _change(sent, "unit_summary", 0, unit_code="310117109")
    return wrong, _at("unit_summary", 0, "unit_code", "the_summary_is_the_units_own")


# --- figures that contradict those of others


def list_another_units_enterprise(sent: Return) -> Wrong:
    """List a supplier from another unit's register as one of the unit's own enterprises."""
    rows = sent.forms["cluster_enterprise"]
    own = {row["enterprise_uscc"] for row in rows}
    suppliers = [row["supplier_uscc"] for row in sent.forms["chain_cooperation"]]
    supplier = next(code for code in suppliers if code not in own)
    unlike = next(row for row in rows if not row["is_key"] and not row["is_above_scale"])
    listed: Row = {**unlike, "enterprise_uscc": supplier, "has_organisation": False, "member_count": 0}
    listed["organisation_route"] = None
    wrong = replace(sent, forms={**sent.forms, "cluster_enterprise": [*rows, listed]})
    rule = "enterprise_is_in_no_other_units_register"
    return wrong, _at("cluster_enterprise", len(rows), "enterprise_uscc", rule)


def count_more_than_the_units(sent: Return) -> Wrong:
    """Report more above-scale enterprises of the district than its units count together."""
    measure = "above_scale_enterprise_count"
    position = _position(sent.forms["district_economy"], lambda row: row["measure_code"] == measure)
    value = _number(sent.forms["district_economy"][position], "value")
    wrong = _change(sent, "district_economy", position, value=round(value * 1.05))
    return wrong, _at("district_economy", position, "value", "the_units_add_up_to_the_bureaus_figure")


@dataclass(frozen=True)
class Fault:
    """A wrong return: who sends it and when, what becomes of it, whether a corrected one follows."""

    kind: str
    unit_code: str
    month: int
    apply: Callable[[Return], Wrong]
    status: Status = "returned"
    is_corrected: bool = True
    named: str | None = None

    @property
    def period(self) -> Period:
        """The month."""
        return Period(2021, self.month)

    @property
    def file_name(self) -> str:
        """Name of the wrong file; all of them are workbooks, or pretend to be."""
        return f"{self.named or self.unit_code}_{self.period.key}_1.xlsx"


# What is not corrected or never sent is of units without clusters and with little industry: the gaps show in
# completeness and leave the published figures and the bureau's sums alone.
FAULTS = (
    Fault("missing_sheet", "310117103", 3, leave_out_a_sheet),
    Fault("coverage_above_one", "310117107", 4, cover_more_than_there_are),
    Fault("clusters_exceed_unit", "310117501", 5, count_clusters_members_out),
    Fault("bad_check_digit", "310117105", 6, mistype_a_credit_code),
    Fault("unit_output_in_yuan", "310117104", 7, write_yuan_for_ten_thousand),
    Fault("enterprise_output_in_yuan", "310117121", 8, write_an_enterprise_in_yuan),
    Fault("ytd_does_not_add_up", "310117106", 9, add_up_wrongly),
    Fault("error_cell", "310117103", 10, show_an_error),
    Fault("personal_number", "310117003", 4, write_a_personal_number, "refused", is_corrected=False),
    Fault("duplicate_key", "310117U02", 3, repeat_a_row),
    Fault("unknown_cluster", "310117107", 11, name_an_unknown_cluster),
    Fault("stale_template", "310117004", 5, use_an_old_template, "unreadable", is_corrected=False),
    Fault("not_a_workbook", "310117005", 6, send_a_picture, "unreadable", is_corrected=False),
    Fault("approximate_text", "310117120", 10, write_approximate_text),
    Fault("hidden_row", "310117105", 9, hide_a_row),
    Fault("formula_without_value", "310117121", 4, store_no_value),
    Fault("renamed_heading", "310117501", 10, rename_a_heading),
    Fault("blank_required_cell", "310117006", 8, leave_a_required_cell_blank),
    Fault("file_name_contradicts_cover", "310117116", 7, contradict_the_file_name, named="310117002"),
    Fault("another_units_summary", "310117117", 11, copy_another_units_summary),
    Fault("in_two_registers", "310117U02", 9, list_another_units_enterprise, "awaiting_explanation"),
    Fault("units_do_not_add_up", "310117U03", 3, count_more_than_the_units, "awaiting_explanation"),
)
NOT_SENT = (("310117002", Period(2021, 7)), ("310117006", Period(2021, 10)))
