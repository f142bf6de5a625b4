"""Kinds of single errors, planted into correct returns of the sample: what is wrong, where, and what would mend it.

Belongs here: one function per kind; it takes a correct return and chance, and gives the wrong one, or None where this
return has no place for it. Not here: sending and judging (seeded_errors.py), the sample's own faults (sample.faults).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import pairwise
from random import Random

from g60pipeline.contracts.feedback import CauseKind
from g60pipeline.contracts.forms import Form
from g60pipeline.contracts.project import Project
from g60pipeline.sample.generate import Sample
from g60pipeline.sample.model import Cell, Formula, Return, Row


@dataclass(frozen=True)
class Planted:
    """A wrong return. `cells`: form, position of the row (None: no row of its own), field; none: the return is whole wrong.

    `cause`: the kind of edit that would mend it, and what each of its cells would hold; None where no edit is tried.
    """

    sent: Return
    cells: tuple[tuple[str, int | None, str | None], ...] = ()
    cause: CauseKind | None = None
    mended: tuple[Cell, ...] = ()


@dataclass(frozen=True)
class Chance:
    """What a kind of error may draw from."""

    random: Random
    project: Project
    sample: Sample


Plant = Callable[[Return, Chance], Planted | None]


def _set(sent: Return, form: str, position: int, **cells: Cell) -> Return:
    rows = list(sent.forms[form])
    rows[position] = {**rows[position], **cells}
    return replace(sent, forms={**sent.forms, form: rows})


def _pick(
    sent: Return, chance: Chance, form: str, wanted: Callable[[Row], bool] = lambda row: True
) -> int | None:
    places = [n for n, row in enumerate(sent.forms.get(form, ())) if wanted(row)]
    return chance.random.choice(places) if places else None


def _is_number(value: Cell) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numbers(
    sent: Return, chance: Chance, measures: tuple[str, ...], type_: str
) -> list[tuple[str, int, str]]:
    """Cells above 0 of one type, all forms alike: rows of a long form do not crowd out the others."""
    found: list[tuple[str, int, str]] = []
    for name, rows in sent.forms.items():
        fields = [
            f.name
            for f in chance.project.forms[name].fields
            if f.measure in measures and f.type == type_ and f.unit != "rank"
        ]
        own = [
            (name, n, field)
            for n, row in enumerate(rows)
            for field in fields
            if _is_number(row.get(field)) and row[field] > 0  # pyright: ignore[reportOperatorIssue]
        ]
        found += chance.random.sample(own, min(len(own), 5))
    return found


_ALL = ("stock", "flow", "flow_ytd", "by_row", "by_row_ytd")


def _scale(types: tuple[str, ...], factor: float, cause: CauseKind, least: int = 0) -> Plant:
    def plant(sent: Return, chance: Chance) -> Planted | None:
        places = [place for type_ in types for place in _numbers(sent, chance, _ALL, type_)]
        places = [(form, n, field) for form, n, field in places if sent.forms[form][n][field] > least]  # pyright: ignore[reportOperatorIssue]
        if not places:
            return None
        form, n, field = chance.random.choice(places)
        value = sent.forms[form][n][field]
        wrong = round(value * factor, 8)  # pyright: ignore[reportOperatorIssue]
        if isinstance(value, int):
            if wrong != int(wrong):
                return None
            wrong = int(wrong)
        return Planted(_set(sent, form, n, **{field: wrong}), ((form, n, field),), cause, (value,))

    return plant


def flip_the_sign(sent: Return, chance: Chance) -> Planted | None:
    """A minus sign before a number."""
    places = _numbers(sent, chance, _ALL, "integer") + _numbers(sent, chance, _ALL, "decimal")
    form, n, field = chance.random.choice(places)
    value = sent.forms[form][n][field]
    return Planted(_set(sent, form, n, **{field: -value}), ((form, n, field),), "negated", (value,))  # pyright: ignore


def _runs(form: Form) -> Iterator[list[str]]:
    run: list[str] = []
    for field in form.fields:
        if field.type in ("integer", "decimal"):
            run.append(field.name)
        else:
            yield run
            run = []
    yield run


def _long_run(sent: Return, chance: Chance) -> tuple[str, int, list[str]] | None:
    form = chance.random.choice(
        [f for f in ("unit_summary", "cluster_organisation") if sent.forms.get(f)] or [""]
    )
    n = _pick(sent, chance, form) if form else None
    return None if n is None else (form, n, max(_runs(chance.project.forms[form]), key=len))


def swap_neighbours(sent: Return, chance: Chance) -> Planted | None:
    """Two neighbouring numbers of a row stand in each other's column."""
    forms = [f for f in ("unit_summary", "cluster_organisation", "cluster_enterprise") if sent.forms.get(f)]
    if not forms:
        return None
    form = chance.random.choice(forms)
    n = _pick(sent, chance, form)
    row = sent.forms[form][n or 0]
    pairs = [pair for run in _runs(chance.project.forms[form]) for pair in pairwise(run)]
    pairs = [(a, b) for a, b in pairs if _is_number(row[a]) and _is_number(row[b]) and row[a] != row[b]]
    pairs = [(a, b) for a, b in pairs if isinstance(row[a], int) == isinstance(row[b], int)]
    if n is None or not pairs:
        return None
    a, b = chance.random.choice(pairs)
    wrong = _set(sent, form, n, **{a: row[b], b: row[a]})
    return Planted(wrong, ((form, n, a), (form, n, b)), "swapped", (row[a], row[b]))


def shift_right(sent: Return, chance: Chance) -> Planted | None:
    """One cell too many: what follows stands one column further right, the last number beyond the run."""
    found = _long_run(sent, chance)
    if found is None:
        return None
    form, n, run = found
    fields = [field.name for field in chance.project.forms[form].fields]
    start = chance.random.randrange(len(run) - 2)
    moved = [*run[start:], fields[fields.index(run[-1]) + 1]]
    row = sent.forms[form][n]
    wrong = _set(sent, form, n, **{moved[0]: None, **{right: row[left] for left, right in pairwise(moved)}})
    cells = tuple((form, n, field) for field in moved)
    return Planted(wrong, cells, "shifted_left", tuple(row[field] for field in moved))


def shift_left(sent: Return, chance: Chance) -> Planted | None:
    """One cell too few: the first number is lost, the last column is blank."""
    found = _long_run(sent, chance)
    if found is None:
        return None
    form, n, run = found
    moved = run[chance.random.randrange(len(run) - 2) :]
    row = sent.forms[form][n]
    wrong = _set(sent, form, n, **{left: row[right] for left, right in pairwise(moved)}, **{moved[-1]: None})
    cells = tuple((form, n, field) for field in moved)
    return Planted(wrong, cells, "shifted_right", (None, *(row[field] for field in moved[1:])))


def _since_january(sent: Return, chance: Chance) -> tuple[str, int, str, str] | None:
    pairs = [
        (form, n, str(field.ytd_of), field.name)
        for form, rows in sent.forms.items()
        for field in chance.project.forms[form].fields
        if field.ytd_of is not None
        for n, row in enumerate(rows)
        if _is_number(row[field.name]) and row[field.ytd_of] != row[field.name]
    ]
    forms = sorted({pair[0] for pair in pairs})
    if not forms:
        return None
    form = chance.random.choice(forms)
    return chance.random.choice([pair for pair in pairs if pair[0] == form])


def write_since_january_as_the_month(sent: Return, chance: Chance) -> Planted | None:
    """The month's cell holds what has come since January."""
    found = _since_january(sent, chance)
    if found is None:
        return None
    form, n, month, ytd = found
    row = sent.forms[form][n]
    wrong = _set(sent, form, n, **{month: row[ytd]})
    return Planted(wrong, ((form, n, month),), "month_from_since_january", (row[month],))


def write_the_month_as_since_january(sent: Return, chance: Chance) -> Planted | None:
    """The cell for what has come since January holds the month's."""
    found = _since_january(sent, chance)
    if found is None:
        return None
    form, n, month, ytd = found
    row = sent.forms[form][n]
    wrong = _set(sent, form, n, **{ytd: row[month]})
    return Planted(wrong, ((form, n, ytd),), "since_january_from_month", (row[ytd],))


def send_last_months_file(sent: Return, chance: Chance) -> Planted | None:
    """Last month's figures under this month's cover."""
    before = chance.sample.correct_return(sent.unit_code, sent.period.plus(-1))
    return Planted(replace(sent, forms=before.forms), (), "last_months_file")


def state_another_unit(sent: Return, chance: Chance) -> Planted | None:
    """Another unit's code on the cover."""
    others = [u for u in chance.project.reporting_units(sent.period) if u != sent.unit_code]
    cover = {**sent.cover, "unit_code": chance.random.choice(others)}
    return Planted(replace(sent, cover=cover), (), "unit", (sent.unit_code,))


def state_another_month(sent: Return, chance: Chance) -> Planted | None:
    """The month before or after on the cover."""
    cover = {**sent.cover, "period": sent.period.plus(chance.random.choice((-1, 1))).key}
    return Planted(replace(sent, cover=cover), (), "period", (sent.period.key,))


def copy_another_units_code(sent: Return, chance: Chance) -> Planted | None:
    """Another unit's code in the summary's row."""
    others = [u for u in chance.project.reporting_units(sent.period) if u != sent.unit_code]
    if not sent.forms.get("unit_summary"):
        return None
    wrong = _set(sent, "unit_summary", 0, unit_code=chance.random.choice(others))
    return Planted(wrong, (("unit_summary", 0, "unit_code"),), "own_code", (sent.unit_code,))


def write_a_column_in_yuan(sent: Return, chance: Chance) -> Planted | None:
    """The month's output of the whole register in 元 where 万元 is meant."""
    rows = sent.forms.get("cluster_enterprise", [])
    field = chance.random.choice(("output_wan_yuan", "output_wan_yuan_ytd"))
    places = [n for n, row in enumerate(rows) if _is_number(row[field]) and row[field]]
    if len(places) < 5:
        return None
    wrong = list(rows)
    for n in places:
        wrong[n] = {**rows[n], field: round(rows[n][field] * 10_000, 2)}  # pyright: ignore
    cells = tuple(("cluster_enterprise", n, field) for n in places)
    whole = replace(sent, forms={**sent.forms, "cluster_enterprise": wrong})
    return Planted(whole, cells, "column_divided", tuple(rows[n][field] for n in places))


# --- errors that no single edit mends


def transpose_digits(sent: Return, chance: Chance) -> Planted | None:
    """Two neighbouring digits of a count changed places."""
    places = [
        p for p in _numbers(sent, chance, _ALL, "integer") if len(set(str(sent.forms[p[0]][p[1]][p[2]]))) > 1
    ]
    if not places:
        return None
    form, n, field = chance.random.choice(places)
    digits = str(sent.forms[form][n][field])
    at = chance.random.choice([i for i, (a, b) in enumerate(pairwise(digits)) if a != b])
    wrong = int(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
    return Planted(_set(sent, form, n, **{field: wrong}), ((form, n, field),))


def miscount_a_little(sent: Return, chance: Chance) -> Planted | None:
    """A count is off by one."""
    places = _numbers(sent, chance, _ALL, "integer")
    form, n, field = chance.random.choice(places)
    wrong = sent.forms[form][n][field] + chance.random.choice((-1, 1))  # pyright: ignore
    return Planted(_set(sent, form, n, **{field: wrong}), ((form, n, field),))


def blank_a_required_cell(sent: Return, chance: Chance) -> Planted | None:
    """A required cell is blank."""
    form = chance.random.choice([name for name, rows in sent.forms.items() if rows])
    n = _pick(sent, chance, form) or 0
    required = [f.name for f in chance.project.forms[form].fields if f.is_required]
    field = chance.random.choice(required)
    return Planted(_set(sent, form, n, **{field: None}), ((form, n, field),))


def _spoil(write: Callable[[Cell], Cell]) -> Plant:
    def plant(sent: Return, chance: Chance) -> Planted | None:
        places = _numbers(sent, chance, _ALL, "integer") + _numbers(sent, chance, _ALL, "decimal")
        form, n, field = chance.random.choice(places)
        return Planted(_set(sent, form, n, **{field: write(sent.forms[form][n][field])}), ((form, n, field),))

    return plant


def _date(
    sent: Return, chance: Chance, pairs: tuple[tuple[str, str, str], ...]
) -> tuple[str, int, str, str] | None:
    found = [
        (form, n, first, last)
        for form, first, last in pairs
        for n, row in enumerate(sent.forms.get(form, ()))
        if row[first] is not None and row[last] is not None
    ]
    return chance.random.choice(found) if found else None


_DATE_PAIRS = (
    ("integration_project", "started_on", "finished_on"),
    ("service_case", "accepted_at", "completed_at"),
    ("chain_cooperation", "agreed_on", "delivered_on"),
)


def exchange_dates(sent: Return, chance: Chance) -> Planted | None:
    """The first date stands where the second belongs."""
    found = _date(sent, chance, _DATE_PAIRS)
    if found is None:
        return None
    form, n, first, last = found
    row = sent.forms[form][n]
    if row[first] == row[last]:
        return None
    wrong = _set(sent, form, n, **{first: row[last], last: row[first]})
    return Planted(wrong, ((form, n, first), (form, n, last)))


_DATES = (
    ("integration_project", "started_on"),
    ("activity", "held_on"),
    ("service_case", "completed_at"),
    ("chain_cooperation", "agreed_on"),
    ("innovation_carrier", "recognised_on"),
    ("cluster_enterprise", "joined_on"),
    ("cluster_organisation", "founded_on"),
)


def _move_a_date(move: Callable[[Return, date], timedelta], dates: tuple[tuple[str, str], ...]) -> Plant:
    def plant(sent: Return, chance: Chance) -> Planted | None:
        known = [(form, field) for form, field in dates if sent.forms.get(form)]
        if not known:
            return None
        form, field = chance.random.choice(known)
        n = _pick(sent, chance, form) or 0
        value = sent.forms[form][n][field]
        assert isinstance(value, date)
        day = value.date() if isinstance(value, datetime) else value
        return Planted(_set(sent, form, n, **{field: value + move(sent, day)}), ((form, n, field),))

    return plant


def _beyond_the_month(sent: Return, day: date) -> timedelta:
    return sent.period.end - day + timedelta(days=40)


def _in_register(sent: Return, chance: Chance, wanted: Callable[[Row], bool]) -> int | None:
    return _pick(sent, chance, "cluster_enterprise", wanted)


def drop_a_row(sent: Return, chance: Chance) -> Planted | None:
    """A row of the register or of the organisation form is missing."""
    form = chance.random.choice(("cluster_enterprise", "cluster_organisation"))
    n = _pick(sent, chance, form)
    if n is None:
        return None
    rows = [row for other, row in enumerate(sent.forms[form]) if other != n]
    return Planted(replace(sent, forms={**sent.forms, form: rows}), ((form, None, None),))


def repeat_a_row(sent: Return, chance: Chance) -> Planted | None:
    """A row stands twice."""
    form = chance.random.choice([name for name, rows in sent.forms.items() if rows])
    n = _pick(sent, chance, form) or 0
    rows = [*sent.forms[form], sent.forms[form][n]]
    wrong = replace(sent, forms={**sent.forms, form: rows})
    return Planted(wrong, ((form, n, None), (form, len(rows) - 1, None)))


def name_an_unknown_code(sent: Return, chance: Chance) -> Planted | None:
    """A text that its code list does not have."""
    places = [
        (form, field.name)
        for form, rows in sent.forms.items()
        if rows
        for field in chance.project.forms[form].fields
        if field.code_list is not None and field.is_required
    ]
    form, field = chance.random.choice(places)
    n = _pick(sent, chance, form) or 0
    return Planted(_set(sent, form, n, **{field: "其他类Z"}), ((form, n, field),))


def write_full_width_garbage(sent: Return, chance: Chance) -> Planted | None:
    """Full-width characters that are no number."""
    return _spoil(lambda value: "１２＃ａ")(sent, chance)


def count_in_percent(sent: Return, chance: Chance) -> Planted | None:
    """A share in percent where the covered key enterprises are to be counted."""
    n = _pick(sent, chance, "cluster_organisation", lambda row: bool(row["key_enterprise_count"]))
    if n is None:
        return None
    row = sent.forms["cluster_organisation"][n]
    share = round(100 * row["covered_key_enterprise_count"] / row["key_enterprise_count"])  # pyright: ignore
    wrong = _set(sent, "cluster_organisation", n, covered_key_enterprise_count=share)
    is_same = share == row["covered_key_enterprise_count"]
    return None if is_same else Planted(wrong, (("cluster_organisation", n, "covered_key_enterprise_count"),))


def state_a_wrong_unit_of_measure(sent: Return, chance: Chance) -> Planted | None:
    """亿元 beside an amount in 万元, or a unit of another dimension."""
    amounts = {"unit_summary": "above_scale_output_wan_yuan", "cluster_enterprise": "output_wan_yuan"}
    form = chance.random.choice([name for name in amounts if sent.forms.get(name)] or [""])
    n = _pick(sent, chance, form, lambda row: _is_number(row[amounts[form]])) if form else None
    if n is None or sent.forms[form][n]["output_unit"] is not None:
        return None
    unit = chance.random.choice(("yi_yuan", "yuan", "tonne"))
    wrong = _set(sent, form, n, output_unit=unit)
    return Planted(wrong, ((form, n, "output_unit"),), "unit_of_measure", ("万元",))


def leave_out_a_sheet(sent: Return, chance: Chance) -> Planted | None:
    """A sheet that is owed is missing."""
    left_out = chance.random.choice(list(sent.forms))
    forms = {form: rows for form, rows in sent.forms.items() if form != left_out}
    return Planted(replace(sent, forms=forms), ((left_out, None, None), ("cover", None, "unit_code")))


def rename_a_heading(sent: Return, chance: Chance) -> Planted | None:
    """A required column has another heading."""
    form = chance.random.choice(list(sent.forms))
    field = chance.random.choice([f.name for f in chance.project.forms[form].fields if f.is_required])
    if not sent.forms[form]:
        return None
    wrong = replace(sent, headings={(form, field): "某栏"})
    return Planted(wrong, ((form, None, None), *((form, n, field) for n in range(len(sent.forms[form])))))


def hide_a_row(sent: Return, chance: Chance) -> Planted | None:
    """A row with data is hidden."""
    form = chance.random.choice([name for name, rows in sent.forms.items() if rows])
    n = _pick(sent, chance, form) or 0
    return Planted(replace(sent, hidden_rows=frozenset({(form, n)})), ((form, n, None),))


def mistype_a_credit_code(sent: Return, chance: Chance) -> Planted | None:
    """A credit code with one wrong character."""
    n = _in_register(sent, chance, lambda row: True)
    if n is None:
        return None
    code = str(sent.forms["cluster_enterprise"][n]["enterprise_uscc"])
    at = chance.random.randrange(8, 17)
    wrong = code[:at] + ("5" if code[at] != "5" else "6") + code[at + 1 :]
    return Planted(
        _set(sent, "cluster_enterprise", n, enterprise_uscc=wrong),
        (("cluster_enterprise", n, "enterprise_uscc"),),
    )


def exchange_two_enterprises(sent: Return, chance: Chance) -> Planted | None:
    """The outputs of two enterprises stand in each other's row."""
    rows = sent.forms.get("cluster_enterprise", [])
    places = [
        n for n, row in enumerate(rows) if _is_number(row["output_wan_yuan"]) and row["output_unit"] is None
    ]
    if len(places) < 2:
        return None
    a, b = chance.random.sample(places, 2)
    wrong, fields = sent, ("output_wan_yuan", "output_wan_yuan_ytd")
    for to, source in ((a, b), (b, a)):
        wrong = _set(wrong, "cluster_enterprise", to, **{field: rows[source][field] for field in fields})
    return Planted(wrong, tuple(("cluster_enterprise", n, field) for n in (a, b) for field in fields))


def contradict_a_flag(sent: Return, chance: Chance) -> Planted | None:
    """A little giant that is not specialised."""
    n = _in_register(sent, chance, lambda row: not row["is_specialised"] and not row["is_little_giant"])
    if n is None:
        return None
    return Planted(
        _set(sent, "cluster_enterprise", n, is_little_giant=True),
        (("cluster_enterprise", n, "is_little_giant"),),
    )


def take_another_cluster(sent: Return, chance: Chance) -> Planted | None:
    """An event under a cluster of another unit."""
    clusters = chance.project.code_lists["clusters"]
    others = [c.code for c in clusters.codes if c.attributes["host_unit"] != sent.unit_code]
    form = chance.random.choice(
        [f for f in ("activity", "service_case", "chain_cooperation") if sent.forms.get(f)] or [""]
    )
    n = _pick(sent, chance, form) if form else None
    if n is None:
        return None
    return Planted(
        _set(sent, form, n, cluster_code=chance.random.choice(others)), ((form, n, "cluster_code"),)
    )


def add_up_wrongly(sent: Return, chance: Chance) -> Planted | None:
    """The figure since January is off by a few."""
    n = _pick(sent, chance, "unit_summary")
    if n is None:
        return None
    wrong = sent.forms["unit_summary"][n]["new_member_count_ytd"] + chance.random.choice((2, 3, 5))  # pyright: ignore
    return Planted(
        _set(sent, "unit_summary", n, new_member_count_ytd=wrong),
        (("unit_summary", n, "new_member_count_ytd"),),
    )


def lose_patents(sent: Return, chance: Chance) -> Planted | None:
    """A project has no patents any more."""
    n = _pick(sent, chance, "integration_project", lambda row: (row["patent_count"] or 0) > 2)  # pyright: ignore
    if n is None:
        return None
    return Planted(
        _set(sent, "integration_project", n, patent_count=0), (("integration_project", n, "patent_count"),)
    )


def rename_an_enterprise(sent: Return, chance: Chance) -> Planted | None:
    """An enterprise under another name."""
    n = _in_register(sent, chance, lambda row: True)
    if n is None:
        return None
    wrong = _set(sent, "cluster_enterprise", n, enterprise_name="某某（上海）有限公司")
    return Planted(wrong, (("cluster_enterprise", n, "enterprise_name"),))


def take_the_wrong_role(sent: Return, chance: Chance) -> Planted | None:
    """A valid code, but not the true one: nothing can know."""
    n = _in_register(sent, chance, lambda row: row["chain_role"] == "upstream")
    if n is None:
        return None
    return Planted(
        _set(sent, "cluster_enterprise", n, chain_role="downstream"),
        (("cluster_enterprise", n, "chain_role"),),
    )


KINDS: dict[str, Plant] = {
    "ten times": _scale(("integer", "decimal"), 10, "divided"),
    "a thousand times": _scale(("decimal",), 1000, "divided"),
    "元 for 万元 (10⁴ times)": _scale(("decimal",), 10_000, "divided"),
    "a tenth": _scale(("integer", "decimal"), 0.1, "multiplied", 9),
    "亿元 for 万元 (a 10⁴th)": _scale(("decimal",), 0.0001, "multiplied"),
    "a column in 元": write_a_column_in_yuan,
    "minus sign": flip_the_sign,
    "neighbouring columns exchanged": swap_neighbours,
    "row shifted right": shift_right,
    "row shifted left": shift_left,
    "since January as the month": write_since_january_as_the_month,
    "the month as since January": write_the_month_as_since_january,
    "last month's file": send_last_months_file,
    "another unit on the cover": state_another_unit,
    "another month on the cover": state_another_month,
    "another unit's code in the row": copy_another_units_code,
    "digits transposed": transpose_digits,
    "one too many or too few": miscount_a_little,
    "required cell blank": blank_a_required_cell,
    "approximate text": _spoil(lambda value: f"约{value}余"),
    "number with its unit": _spoil(lambda value: f"{value}个"),
    "full-width garbage": write_full_width_garbage,
    "error cell": _spoil(lambda value: Formula("=1/0", "#DIV/0!")),
    "formula without a value": _spoil(lambda value: Formula("=20+16.5", None)),
    "dates exchanged": exchange_dates,
    "date in the future": _move_a_date(_beyond_the_month, _DATES),
    "event of last month": _move_a_date(lambda sent, day: timedelta(days=-45), _DATES[1:4]),
    "row dropped": drop_a_row,
    "row repeated": repeat_a_row,
    "unknown code": name_an_unknown_code,
    "percent for a count": count_in_percent,
    "wrong unit of measure": state_a_wrong_unit_of_measure,
    "sheet missing": leave_out_a_sheet,
    "heading renamed": rename_a_heading,
    "row hidden": hide_a_row,
    "credit code mistyped": mistype_a_credit_code,
    "two enterprises exchanged": exchange_two_enterprises,
    "flags contradict": contradict_a_flag,
    "another unit's cluster": take_another_cluster,
    "since January off by a few": add_up_wrongly,
    "patents lost": lose_patents,
    "enterprise renamed": rename_an_enterprise,
    "valid but untrue code": take_the_wrong_role,
}
# What a zip of CSV files or a JSON document cannot hold.
OF_A_WORKBOOK = frozenset({"error cell", "formula without a value", "row hidden"})
