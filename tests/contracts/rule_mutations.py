"""For every rule, what spoils the good rows so that it fails.

Belongs here: one mutation per rule, or per kind of generated rule. A mutation returns the positions of the
rows that
the rule must find, and nothing when that is the first row alone. Not here: the good rows (rule_rows.py).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from rule_rows import HOST_ID, USCC, Rows

from g60pipeline.contracts.forms import Field, Form, Rule

Positions = tuple[int, ...]
Mutation = Callable[[Rows], Positions | None]

BAD_USCC = "91310117MA1JXJ833X"
OTHERS_CLUSTER = "C04"


def cell(form: str, field: str, value: Any, row: int = 0) -> Mutation:
    """Write a value into a cell; None blanks it."""

    def mutate(rows: Rows) -> Positions:
        rows.set(form, field, value, row)
        return (row,)

    return mutate


def before(form: str, field: str, value: Any) -> Mutation:
    """Let last month's return have said something else of the first row."""
    return lambda rows: rows.past(form, field, value)


def measure(code: str, field: str, value: Any) -> Mutation:
    """Write a value into the row of a measure."""

    def mutate(rows: Rows) -> Positions:
        position = rows.measure(code)
        rows.set("district_economy", field, value, position)
        return (position,)

    return mutate


def cells(form: str, **values: Any) -> Mutation:
    """Write values into cells of the first row."""

    def mutate(rows: Rows) -> None:
        for field, value in values.items():
            rows.set(form, field, value)

    return mutate


def members_as(organisation_form: str, count: int) -> Mutation:
    """Let the cluster have another form of organisation and so many members."""
    return cells("cluster_organisation", organisation_form=organisation_form, member_count=count)


def _withhold(rows: Rows) -> None:
    rows.withhold("activity")


def _send_too_much(rows: Rows) -> None:
    rows.present.add((HOST_ID, "district_economy"))


def _drop_measure(rows: Rows) -> Positions:
    rows.drop("district_economy")
    return (1,)  # the bureau's cover


def _copy_last_month(rows: Rows) -> None:
    for field in ("member_count", "organisation_count", "new_member_count", "above_scale_output_wan_yuan"):
        rows.past("unit_summary", field, rows.value("unit_summary", field))


def _other_cluster_in_organisation_form(rows: Rows) -> None:
    rows.set("cluster_organisation", "cluster_code", OTHERS_CLUSTER)


def _no_register_row(rows: Rows) -> Positions:
    _other_cluster_in_organisation_form(rows)
    return (0, 1, 2)


def jump(form: str, field: str, row: int = 0) -> Mutation:
    """Double a figure that has been even for four months."""

    def mutate(rows: Rows) -> Positions:
        position = rows.measure("gdp") if form == "district_economy" else row
        rows.months(form, 4)
        rows.set(form, field, rows.value(form, field, position) * 2, position)
        return (position,)

    return mutate


def other(form: str, field: str, value: Any) -> Mutation:
    """Let the supplier's unit have said something else."""

    def mutate(rows: Rows) -> None:
        rows.others[form].at[0, field] = value

    return mutate


def _supplier_silent(rows: Rows) -> None:
    rows.others["chain_cooperation"] = rows.others["chain_cooperation"].iloc[:0]


def _other_cooperation(rows: Rows) -> Positions:
    rows.others["chain_cooperation"].at[0, "receiver_uscc"] = USCC[2]
    return (2,)


def _copy_last_months_flow(rows: Rows) -> Positions:
    position = rows.measure("gdp")
    for field in ("value", "value_ytd", "base_value", "base_value_ytd"):
        rows.past("district_economy", field, rows.value("district_economy", field, position), position)
    return (position,)


# Rules that a contract spells out: form.rule → its mutations.
EXPLICIT: dict[str, tuple[Mutation, ...]] = {
    "cover.owed_forms_are_all_present": (_withhold,),
    "cover.no_form_is_sent_that_the_unit_does_not_owe": (_send_too_much,),
    "cover.no_form_is_sent_after_its_lock_without_an_opening": (
        cell("cover", "received_at", datetime(2021, 12, 19, 16, 0)),  # midnight of the 20th in Beijing
    ),
    "cover.file_name_does_not_contradict_the_units_code": (
        cell("cover", "file_name", "310117104_2021-11_1.xlsx"),
    ),
    "cover.file_name_does_not_contradict_the_period": (
        cell("cover", "file_name", "310117103_2021-10_1.xlsx"),
    ),
    "cover.expected_clusters_are_all_present": (_other_cluster_in_organisation_form,),
    "cover.expected_measures_are_all_present": (_drop_measure,),
    "activity.activity_is_held_before_the_period_ends": (cell("activity", "held_on", date(2021, 12, 1)),),
    "activity.activity_is_held_within_the_period": (cell("activity", "held_on", date(2021, 10, 31)),),
    "activity.participations_are_not_fewer_than_sessions": (cell("activity", "participation_count", 2),),
    "chain_cooperation.supplier_and_receiver_differ": (cell("chain_cooperation", "supplier_uscc", USCC[1]),),
    "chain_cooperation.cooperation_is_agreed_before_it_is_delivered": (
        cell("chain_cooperation", "delivered_on", date(2021, 10, 31)),
    ),
    "chain_cooperation.cooperation_is_agreed_before_the_period_ends": (
        cell("chain_cooperation", "agreed_on", date(2021, 12, 1)),
    ),
    "chain_cooperation.cooperation_is_agreed_within_the_period": (
        cell("chain_cooperation", "agreed_on", date(2021, 10, 31)),
    ),
    "chain_cooperation.emergency_supply_has_a_quantity": (cell("chain_cooperation", "quantity", None),),
    "chain_cooperation.a_quantity_has_its_unit": (cell("chain_cooperation", "quantity_unit", None),),
    "chain_cooperation.purchase_order_has_an_amount": (
        cells("chain_cooperation", kind="purchase_order", amount_wan_yuan=None),
    ),
    "chain_cooperation.a_party_is_in_the_register_of_the_cluster": (
        cell("chain_cooperation", "receiver_uscc", "91310117MA1J17U95R"),
    ),
    "chain_cooperation.counterpart_of_a_cooperation_reports_it_too": (
        _supplier_silent,
        other("chain_cooperation", "kind", "purchase_order"),
    ),
    "cluster_enterprise.output_of_an_enterprise_does_not_jump": (
        jump("cluster_enterprise", "output_wan_yuan"),
    ),
    "cluster_enterprise.enterprise_is_in_no_other_units_register": (
        other("cluster_enterprise", "enterprise_uscc", USCC[0]),
    ),
    "cluster_enterprise.cooperations_of_the_enterprise_are_reported_by_both_units": (_other_cooperation,),
    "cluster_organisation.members_follow_from_last_month": (
        before("cluster_organisation", "member_count", 130),
        before("cluster_organisation", "member_count", 170),
    ),
    "unit_summary.output_does_not_jump": (jump("unit_summary", "above_scale_output_wan_yuan"),),
    "unit_summary.output_of_clusters_does_not_exceed_the_units": (
        cell("unit_summary", "above_scale_output_wan_yuan", Decimal("1500.48")),
    ),
    "unit_summary.organisations_of_clusters_do_not_exceed_the_units": (
        cell("unit_summary", "organisation_count", 19),
    ),
    "district_economy.value_does_not_jump": (jump("district_economy", "value"),),
    "district_economy.figures_of_a_flow_are_not_last_months_copy": (_copy_last_months_flow,),
    "district_economy.the_units_add_up_to_the_bureaus_figure": (
        measure("above_scale_output_value", "value", Decimal("97.9")),
        measure("above_scale_enterprise_count", "value", Decimal(103)),
    ),
    "cluster_enterprise.little_giant_is_a_specialised_enterprise": (
        cell("cluster_enterprise", "is_specialised", False),
    ),
    "cluster_enterprise.organisation_route_is_given_where_there_is_an_organisation": (
        cell("cluster_enterprise", "organisation_route", None),
    ),
    "cluster_enterprise.members_are_reported_only_with_an_organisation": (
        cell("cluster_enterprise", "has_organisation", False),
    ),
    "cluster_enterprise.enterprise_joined_before_the_period_ends": (
        cell("cluster_enterprise", "joined_on", date(2021, 12, 1)),
    ),
    "cluster_enterprise.output_of_an_above_scale_enterprise_is_reported": (
        cell("cluster_enterprise", "output_wan_yuan", None),
    ),
    "cluster_enterprise.output_is_on_the_scale_of_the_enterprises_own_history": (
        cell("cluster_enterprise", "output_wan_yuan", Decimal("1200.5") * 1000),
        cell("cluster_enterprise", "output_wan_yuan", Decimal("1.2005")),
    ),
    "cluster_enterprise.enterprise_keeps_its_name": (
        cell("cluster_enterprise", "enterprise_name", "佘山机器人集团"),
    ),
    "cluster_organisation.probationary_members_do_not_exceed_members": (
        cell("cluster_organisation", "probationary_member_count", 151),
    ),
    "cluster_organisation.new_members_do_not_exceed_members": (
        cell("cluster_organisation", "new_member_count", 151),
    ),
    "cluster_organisation.branches_do_not_exceed_organisations": (
        cell("cluster_organisation", "branch_count", 21),
    ),
    "cluster_organisation.organisation_is_founded_before_the_period_ends": (
        cell("cluster_organisation", "founded_on", date(2021, 12, 1)),
    ),
    "cluster_organisation.organisation_form_is_the_registered_one": (
        cell("cluster_organisation", "organisation_form", "branch"),
    ),
    "cluster_organisation.committee_usually_has_100_members_or_more": (members_as("committee", 99),),
    "cluster_organisation.general_branch_usually_has_50_to_100_members": (
        members_as("general_branch", 49),
        members_as("general_branch", 101),
    ),
    "cluster_organisation.branch_usually_has_3_to_50_members": (
        members_as("branch", 2),
        members_as("branch", 51),
    ),
    "cluster_organisation.key_organisation_coverage_is_between_0_and_1": (
        cell("cluster_organisation", "covered_key_enterprise_count", 3),
        cell("cluster_organisation", "key_enterprise_count", 0),
    ),
    "cluster_organisation.members_do_not_jump": (
        before("cluster_organisation", "member_count", 99),
        before("cluster_organisation", "member_count", 301),
    ),
    "cluster_organisation.organisations_do_not_jump": (
        before("cluster_organisation", "organisation_count", 13),
        before("cluster_organisation", "organisation_count", 41),
    ),
    "cluster_organisation.members_are_on_the_scale_of_the_clusters_own_history": (
        before("cluster_organisation", "member_count", 29),
        before("cluster_organisation", "member_count", 751),
    ),
    "cluster_organisation.founding_date_does_not_change": (
        before("cluster_organisation", "founded_on", date(2018, 11, 28)),
    ),
    "cluster_organisation.key_enterprises_are_those_of_the_register": (
        cell("cluster_organisation", "key_enterprise_count", 3),
        lambda rows: rows.set("cluster_enterprise", "is_key", False, row=1),
    ),
    "cluster_organisation.covered_key_enterprises_are_those_of_the_register": (
        cell("cluster_organisation", "covered_key_enterprise_count", 2),
        lambda rows: rows.set("cluster_enterprise", "has_organisation", False),
    ),
    "cluster_organisation.members_in_the_register_do_not_exceed_the_clusters": (
        lambda rows: rows.set("cluster_enterprise", "member_count", 121, row=2),
    ),
    "cluster_organisation.lead_enterprise_is_in_the_register_of_its_cluster": (
        cell("cluster_organisation", "lead_enterprise_uscc", USCC[3]),
    ),
    "district_economy.measure_is_reported_by_its_bureau": (measure("gdp", "measure_code", "fiscal_revenue"),),
    "district_economy.growth_since_january_is_plausible": (
        measure("gdp", "base_value_ytd", Decimal(300)),
        measure("gdp", "base_value_ytd", Decimal(2300)),
    ),
    "district_economy.growth_of_a_stock_is_plausible": (
        measure("listed_company_count", "base_value", Decimal(24)),
        measure("listed_company_count", "base_value", Decimal(251)),
    ),
    "district_economy.strategic_output_does_not_exceed_total_output": (
        measure("strategic_output_value", "value_ytd", Decimal(1101)),
    ),
    "district_economy.little_giants_do_not_exceed_specialised_enterprises": (
        measure("little_giant_count", "value", Decimal(101)),
    ),
    "district_economy.unit_of_measure_fits_the_measure": (measure("gdp", "unit_of_measure", "enterprise"),),
    "district_economy.value_is_on_the_scale_of_the_measures_own_history": (
        measure("gdp", "value", Decimal("0.9")),
        measure("gdp", "value", Decimal(10001)),
    ),
    "innovation_carrier.carrier_is_recognised_before_the_period_ends": (
        cell("innovation_carrier", "recognised_on", date(2021, 12, 1)),
    ),
    "innovation_carrier.date_of_recognition_does_not_change": (
        before("innovation_carrier", "recognised_on", date(2021, 6, 2)),
    ),
    "integration_project.project_starts_before_it_finishes": (
        cell("integration_project", "finished_on", date(2021, 2, 28)),
    ),
    "integration_project.project_starts_before_the_period_ends": (
        cell("integration_project", "started_on", date(2021, 12, 1)),
    ),
    "integration_project.finished_projects_have_a_finishing_date_and_others_none": (
        cell("integration_project", "status", "running"),
        cell("integration_project", "finished_on", None),
    ),
    "integration_project.baseline_value_is_above_0": (
        cell("integration_project", "baseline_value", Decimal(0)),
    ),
    "integration_project.outcome_is_given_whole_or_not_at_all": (
        cell("integration_project", "outcome_unit", None),
        cell("integration_project", "achieved_value", None),
    ),
    "integration_project.project_code_begins_with_its_cluster": (
        cell("integration_project", "project_code", "C04-2021-001"),
    ),
    "integration_project.patents_of_a_project_do_not_shrink": (
        before("integration_project", "patent_count", 4),
    ),
    "integration_project.start_of_a_project_does_not_change": (
        before("integration_project", "started_on", date(2021, 3, 2)),
    ),
    "recognition.recognition_is_awarded_before_the_period_ends": (
        cell("recognition", "awarded_on", date(2021, 12, 1)),
    ),
    "recognition.recognition_is_awarded_within_the_period": (
        cell("recognition", "awarded_on", date(2021, 10, 31)),
    ),
    "recognition.rank_is_not_beyond_the_number_of_entries": (cell("recognition", "rank", 51),),
    "recognition.recognition_of_a_city_names_the_city": (cell("recognition", "awarding_city", None),),
    "service_case.case_is_accepted_before_it_is_completed": (
        cell("service_case", "accepted_at", datetime(2021, 12, 1, 0, 0)),
    ),
    "service_case.case_is_completed_before_the_period_ends": (
        cell("service_case", "completed_at", datetime(2021, 12, 1, 0, 1)),
    ),
    "service_case.case_is_completed_within_the_period": (
        cell("service_case", "completed_at", datetime(2021, 10, 31, 23, 59)),
    ),
    "service_case.case_takes_less_than_two_years": (
        cell("service_case", "accepted_at", datetime(2019, 11, 1, 0, 0)),
    ),
    "unit_summary.new_members_do_not_exceed_members": (cell("unit_summary", "new_member_count", 1001),),
    "unit_summary.the_summary_is_the_units_own": (cell("unit_summary", "unit_code", "310117104"),),
    "unit_summary.members_follow_from_last_month": (
        before("unit_summary", "member_count", 900),
        before("unit_summary", "member_count", 1110),
    ),
    "unit_summary.organisations_do_not_jump": (
        before("unit_summary", "organisation_count", 39),
        before("unit_summary", "organisation_count", 121),
    ),
    "unit_summary.output_is_on_the_scale_of_the_units_own_history": (
        before("unit_summary", "above_scale_output_wan_yuan", Decimal(499)),
        before("unit_summary", "above_scale_output_wan_yuan", Decimal(5_000_001)),
    ),
    "unit_summary.members_are_on_the_scale_of_the_units_own_history": (
        before("unit_summary", "member_count", 199),
        before("unit_summary", "member_count", 5001),
    ),
    "unit_summary.the_return_is_not_last_months_copy": (_copy_last_month,),
    "unit_summary.new_members_of_clusters_do_not_exceed_the_units": (
        cell("unit_summary", "new_member_count", 1),
    ),
    "unit_summary.new_members_of_clusters_since_january_do_not_exceed_the_units": (
        cell("unit_summary", "new_member_count_ytd", 11),
    ),
    "unit_summary.members_of_clusters_do_not_exceed_the_units": (cell("unit_summary", "member_count", 149),),
    "unit_summary.key_enterprises_of_clusters_do_not_exceed_the_units": (
        cell("unit_summary", "key_enterprise_count", 1),
    ),
    "unit_summary.above_scale_enterprises_of_clusters_do_not_exceed_the_units": (
        cell("unit_summary", "above_scale_enterprise_count", 1),
    ),
}
for _form in ("activity", "chain_cooperation", "innovation_carrier", "integration_project", "service_case"):
    EXPLICIT[f"{_form}.cluster_is_hosted_by_the_unit"] = (cell(_form, "cluster_code", OTHERS_CLUSTER),)
    EXPLICIT[f"{_form}.cluster_of_the_row_is_in_the_organisation_form"] = (
        _other_cluster_in_organisation_form,
    )
for _form in ("cluster_enterprise", "cluster_organisation"):
    EXPLICIT[f"{_form}.cluster_is_hosted_by_the_unit"] = (cell(_form, "cluster_code", OTHERS_CLUSTER),)
EXPLICIT["cluster_enterprise.cluster_of_the_row_is_in_the_organisation_form"] = (_no_register_row,)


def _beyond(form: Form, field: Field) -> tuple[Mutation, ...]:
    values = [field.minimum - 1] if field.minimum is not None else []
    values += [field.maximum + 1] if field.maximum is not None else []
    return tuple(cell(form.name, field.name, value) for value in values)


def _less_than_the_month(form: Form, field: Field) -> Mutation:
    def mutate(rows: Rows) -> None:
        rows.set(form.name, field.name, rows.value(form.name, str(field.ytd_of)) - 1)

    return mutate


def _unlike_last_month(form: Form, field: Field, by: Decimal | int) -> Mutation:
    return lambda rows: rows.set(form.name, field.name, rows.value(form.name, field.name) + by)


def _twice(form: Form) -> Mutation:
    return lambda rows: (0, rows.repeat(form.name))


def _unlisted(form: Form, field: Field) -> tuple[Mutation, ...]:
    unknown = cell(form.name, field.name, "不在表中")
    return (unknown, cell(form.name, field.name, "C04;C99")) if field.is_list else (unknown,)


def generated(form: Form, rule: Rule) -> tuple[Mutation, ...]:
    """Return the mutations of a rule that follows from a field's declaration; none for an unknown kind."""
    if rule.id == "keys_are_unique":
        return (_twice(form),)
    field = form.field_by_name[rule.cell]
    step = 1 if field.type == "integer" else Decimal("0.02")
    kinds: dict[str, tuple[Mutation, ...]] = {
        "is_reported": (cell(form.name, field.name, None),),
        "is_in_its_code_list": _unlisted(form, field),
        "has_a_valid_check_digit": (cell(form.name, field.name, BAD_USCC),),
        "is_within_its_range": _beyond(form, field),
        "matches_its_pattern": (cell(form.name, field.name, "不合规"),),
        "is_not_too_long": (cell(form.name, field.name, "长" * ((field.max_length or 0) + 1)),),
        "is_at_least_the_months": (_less_than_the_month(form, field),),
        "follows_from_last_months": (
            _unlike_last_month(form, field, step),
            _unlike_last_month(form, field, -step),
        ),
    }
    return kinds.get(rule.id.removeprefix(f"{field.name}_"), ())


def mutations(form: Form, rule: Rule) -> tuple[Mutation, ...]:
    """Return every mutation of a rule; none when nobody has written one yet."""
    return generated(form, rule) if rule.is_generated else EXPLICIT.get(rule.key, ())
