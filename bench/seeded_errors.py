"""Plant one error each into correct returns, send them the real way, and see what the rules and the cause make of it.

Belongs here: sending, judging, counting. Not here: the errors (planted_errors.py).
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from random import Random
from typing import Any

import pandas as pd

from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.intake.findings import finding_row
from g60pipeline.intake.returns import ParsedReturn, read_return
from g60pipeline.intake.sandbox import Limits, parse_many
from g60pipeline.quality.batch import HISTORY_MONTHS, Staged
from g60pipeline.quality.cause import Cause
from g60pipeline.quality.judge import judge
from g60pipeline.quality.reads import Reads
from g60pipeline.quality.suites import Expectations
from g60pipeline.sample.generate import SAMPLE_OPENING, Sample, build_sample
from g60pipeline.sample.model import MONTHS, NOT_APPLICABLE, Cell, Return
from g60pipeline.sample.writers import Writer, file_kind
from g60pipeline.settings import find_project_root
from planted_errors import KINDS, OF_A_WORKBOOK, Chance, Planted

EXAMPLE = "example: python bench/seeded_errors.py --count 200 --seed 1 --json > seeded_errors.json"
LIMITS = Limits(memory_bytes=1_500_000_000, cpu_seconds=30, wall_seconds=60)
# Neither the unit nor the month stands in a file's name: the content has to show what is wrong.
FILE_NAME = "报送.xlsx"
RECEIVED = datetime(2022, 1, 10)


@dataclass(frozen=True)
class Case:
    """An error to send: what kind, whose return, what was planted."""

    kind: str
    right: Return
    planted: Planted


@dataclass(frozen=True)
class Result:
    """What became of a case. `cause`: whether the named cause is right, None where none was named; `said`: its text.
    `beside`: rules whose findings are not to the point."""

    kind: str
    unit: str
    period: str
    has_cause: bool
    is_found: bool
    findings: int
    to_the_point: int
    cause: bool | None
    said: str | None
    planted: str
    beside: tuple[str, ...]


class House:
    """The sample's correct returns, parsed the real way when they are needed, and judging beside them."""

    def __init__(self, seed: int) -> None:
        self.project: Project = load_project(find_project_root())
        self.sample: Sample = build_sample(self.project, seed)
        self._writer, self._expectations, self._reads = (
            Writer(self.project),
            Expectations(),
            Reads(self.project),
        )
        self._parsed: dict[int, ParsedReturn] = {}
        months = list(period_range(MONTHS[1].plus(-HISTORY_MONTHS), MONTHS[-1]))
        self._order = [(p, unit) for p in months for unit in self.project.reporting_units(p)]
        self._numbers = {key: number for number, key in enumerate(self._order, 1)}

    def parse(self, returns: Iterable[Return]) -> Iterator[ParsedReturn]:
        """Render, parse in isolation, read."""
        files = ((FILE_NAME, self._writer.render(sent)) for sent in returns)
        for parsed in parse_many(files, LIMITS):
            yield read_return(self.project, parsed.raw, parsed.name)

    def _around(self, unit: str, period: Period) -> list[int]:
        """Numbers of the correct returns that a rule may look at: the unit's year before, everybody's month."""
        own = [(period.plus(-n), unit) for n in range(1, HISTORY_MONTHS + 1)]
        others = [key for key in self._order if key[0] == period and key[1] != unit]
        return [self._numbers[key] for key in (*own, *others) if key in self._numbers]

    def fetch(self, covers: Sequence[tuple[str, Period]]) -> None:
        """Parse the correct returns around these that are not parsed yet."""
        wanted = {number for unit, period in covers for number in self._around(unit, period)} - set(
            self._parsed
        )
        keys = [(number, *self._order[number - 1]) for number in sorted(wanted)]
        returns = (self.sample.correct_return(unit, period) for _, period, unit in keys)
        self._parsed |= zip((number for number, _, _ in keys), self.parse(returns), strict=True)

    def judge(
        self, sent: ParsedReturn, right: Return
    ) -> tuple[list[dict[str, Any]], Cause | None, str | None]:
        """Judge the return in the place of the right one, everything else being accepted."""
        number = self._numbers[right.period, right.unit_code]
        staged = self._staged(sent, number, {right.unit_code, str(sent.cover["unit_code"])})
        judgement = judge(self.project, staged, self._expectations)
        return judgement.findings, judgement.causes.get(number), judgement.verdicts[0]["probable_cause"]

    def _staged(self, sent: ParsedReturn, number: int, units: set[str]) -> Staged:
        period = Period.parse(str(sent.cover["period"]))
        periods = {period.plus(n) for n in (-1, 0, 1)}
        around = {n for unit in units for p in periods for n in self._around(unit, p)} & set(self._parsed) - {
            number
        }
        accepted = [
            (unit, form, month.month_index, n)
            for n in sorted(around)
            for month, unit in [self._order[n - 1]]
            for form in self._parsed[n].forms
        ]
        rows = {form: frame.assign(submission_id=number) for form, frame in sent.forms.items()}
        findings = [
            finding_row(self.project, f, number, str(sent.cover["unit_code"]), period.key)
            for f in sent.findings
        ]
        return Staged(
            cover=pd.DataFrame([self._cover(sent, number, period)]),
            forms=rows,
            present=frozenset((number, form) for form in rows),
            layouts={form: {number: dict(layout)} for form, layout in sent.layouts.items()},
            intake_findings=findings,
            accepted=pd.DataFrame(
                accepted, columns=["reporting_unit_code", "form", "month_index", "submission_id"]
            ),
            fetch_rows=self._rows,
            openings=(SAMPLE_OPENING,),
        )

    def _cover(self, sent: ParsedReturn, number: int, period: Period) -> dict[str, Any]:
        fields = {field.name: sent.cover.get(field.name) for field in self.project.cover.fields}
        return {
            **fields,
            "submission_id": number,
            "reporting_unit_code": sent.cover["unit_code"],
            "month_index": period.month_index,
            "file_name": sent.file_name,
            "received_at": RECEIVED,
            "sheet_row": 0,
            "raw_text": sent.cover_texts,
            "cell_addresses": sent.cover_cells,
        }

    def _rows(self, form: str, numbers: Sequence[int]) -> pd.DataFrame:
        frames = [
            self._parsed[n].forms[form].assign(submission_id=n)
            for n in numbers
            if form in self._parsed[n].forms
        ]
        return pd.concat(frames, ignore_index=True)

    def involves(self, finding: dict[str, Any], form: str, field: str | None) -> bool:
        """Whether the finding's rule looks at a field of a form, or at the form where the error is in no one field."""
        known = self._reads.forms.get(finding["form"] or "")
        rules = [] if known is None else [rule for rule in known.rules if rule.id == finding["rule"]]
        read = {place for rule in rules if known is not None for place in self._reads.of(known, rule)}
        return (form, field) in read if field is not None else form in {name for name, _ in read}


def plant(
    house: House, count: int, seed: int, units: Sequence[str] = (), months: Sequence[Period] = MONTHS[4:]
) -> list[Case]:
    """Plant so many errors, the kinds in turn."""
    cases: list[Case] = []
    kinds = list(KINDS)
    for n in range(count):
        kind = kinds[n % len(kinds)]
        random = Random(f"{seed}/{n}")
        for _ in range(200):
            period = random.choice(months)
            unit = random.choice(
                [u for u in house.project.reporting_units(period) if not units or u in units]
            )
            if kind in OF_A_WORKBOOK and file_kind(unit) != "xlsx":
                continue
            right = house.sample.correct_return(unit, period)
            planted = KINDS[kind](right, Chance(random, house.project, house.sample))
            if planted is not None:
                cases.append(Case(kind, right, planted))
                break
    return cases


def _places(case: Case, sent: ParsedReturn) -> list[tuple[str, int | None, str | None]]:
    """The planted cells by their row in the sheet."""
    places: list[tuple[str, int | None, str | None]] = []
    for form, position, field in case.planted.cells:
        rows = sent.rows.get(form, [])
        number = rows[position].number if position is not None and position < len(rows) else None
        places.append((form, number, field))
    return places


def _hits(
    house: House, finding: dict[str, Any], places: Sequence[tuple[str, int | None, str | None]]
) -> bool:
    """Whether the finding is on a planted cell, its row, or of a rule that looks at it. No places: all is wrong."""
    return not places or any(
        (form == finding["form"] and row in (None, finding["sheet_row"]))
        or house.involves(finding, form, field)
        for form, row, field in places
    )


def _is_same(right: Cell, shown: Cell) -> bool:
    """Whether a cell shows what is right; what it shows may be a number as text, rounded to the hundredth."""
    if isinstance(right, int | float) and not isinstance(right, bool):
        try:
            return abs(float(str(shown)) - right) <= max(0.006, 1e-6 * abs(right))
        except ValueError:
            return False
    return right == shown or {right, shown} <= {None, NOT_APPLICABLE}


def _is_right(case: Case, cause: Cause, places: Sequence[tuple[str, int | None, str | None]]) -> bool:
    """Whether the named edit puts back what was there."""
    planted, edit = case.planted, cause.edit
    if edit.kind != planted.cause:
        return False
    if edit.moves or planted.cause == "last_months_file":
        return planted.cause == "last_months_file" or planted.mended == (edit.unit or edit.period,)
    changes = {tuple(change.cell): change for change in edit.changes}
    for (form, position, field), place, value in zip(planted.cells, places, planted.mended, strict=True):
        shown = planted.sent.forms[form][position or 0][str(field)]
        if place in changes:  # its text, for its value is in the base unit, whatever unit the cell is in
            shown = changes[place].text
        if not _is_same(value, shown):
            return False
    return True


def _planted(case: Case) -> str:
    """What was there and what was put, for those who look into a result."""
    right, wrong = case.right.forms, case.planted.sent.forms
    return "; ".join(
        f"{form}[{n}].{field} {right[form][n].get(field)} -> {wrong[form][n].get(field)}"
        for form, n, field in case.planted.cells[:8]
        if n is not None and field is not None and n < min(len(right.get(form, ())), len(wrong.get(form, ())))
    )


def send(house: House, cases: Sequence[Case]) -> Iterator[Result]:
    """Send every case the real way and look at what comes back."""
    sent = list(house.parse(case.planted.sent for case in cases))
    covers = [(str(one.cover["unit_code"]), Period.parse(str(one.cover["period"]))) for one in sent]
    rights = [(case.right.unit_code, case.right.period) for case in cases]
    house.fetch(list(dict.fromkeys([*covers, *rights])))
    for case, parsed in zip(cases, sent, strict=True):
        findings, cause, said = house.judge(parsed, case.right)
        places = _places(case, parsed)
        hits = [_hits(house, finding, places) for finding in findings]
        yield Result(
            kind=case.kind,
            unit=case.right.unit_code,
            period=case.right.period.key,
            has_cause=case.planted.cause is not None,
            is_found=any(hits),
            findings=len(findings),
            to_the_point=sum(hits),
            cause=None if cause is None else _is_right(case, cause, places),
            said=said,
            planted=_planted(case),
            beside=tuple(f["rule"] for f, hit in zip(findings, hits, strict=True) if not hit),
        )


def figures(results: Sequence[Result]) -> dict[str, Any]:
    """Recall, precision, and the cause, over some results; None where nothing can be divided."""
    findings = sum(result.findings for result in results)
    with_cause = [result for result in results if result.has_cause and result.is_found]
    without = [result for result in results if not result.has_cause]
    return {
        "sent": len(results),
        "found": sum(result.is_found for result in results),
        "recall": _share(sum(result.is_found for result in results), len(results)),
        "findings": findings,
        "precision": _share(sum(result.to_the_point for result in results), findings),
        "with_cause": len(with_cause),
        "cause_right": sum(result.cause is True for result in with_cause),
        "cause_wrong": sum(result.cause is False for result in with_cause),
        "cause_is_right": _share(sum(result.cause is True for result in with_cause), len(with_cause)),
        "named_without_need": sum(result.cause is not None for result in without),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 4) if whole else None


def report(results: Sequence[Result]) -> str:
    """Return the table by kind, and the totals."""
    head = ("kind", "sent", "found", "findings", "precision", "cause right", "wrong", "of")
    lines = [head]
    for kind in dict.fromkeys(result.kind for result in results):
        of_kind = [result for result in results if result.kind == kind]
        lines.append(_line(kind, figures(of_kind), of_kind[0].has_cause))
    lines.append(_line("all", figures(results), True))
    widths = [max(len(str(line[n])) for line in lines) for n in range(len(head))]
    return "\n".join(
        "  ".join(str(cell).ljust(width) for cell, width in zip(line, widths, strict=True)) for line in lines
    )


def _line(kind: str, counted: dict[str, Any], has_cause: bool) -> tuple[Any, ...]:
    precision = "" if counted["precision"] is None else f"{counted['precision']:.0%}"
    cause = (counted["cause_right"], counted["cause_wrong"], counted["with_cause"])
    cause = cause if has_cause else ("", counted["named_without_need"], "")
    return (kind, counted["sent"], counted["found"], counted["findings"], precision, *cause)


def _arguments(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, epilog=EXAMPLE)
    parser.add_argument(
        "--count", type=int, default=200, help="errors to plant, the kinds in turn (default 200)"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="chance: where the errors are planted (default 1)"
    )
    parser.add_argument("--units", nargs="*", default=[], help="only returns of these units (default all)")
    parser.add_argument(
        "--months", nargs="*", default=[], help="only of these months of 2021 (default from April)"
    )
    parser.add_argument("--json", action="store_true", help="print every result as JSON")
    return parser.parse_args(arguments)


def main(arguments: Sequence[str]) -> int:
    """Measure and print."""
    options, start = _arguments(arguments), time.perf_counter()
    house = House(seed=2021)
    months = [Period.parse(month) for month in options.months] or MONTHS[4:]
    results = list(send(house, plant(house, options.count, options.seed, options.units, months)))
    total = figures(results)
    if options.json:
        kinds = dict.fromkeys(result.kind for result in results)
        by_kind = {kind: figures([r for r in results if r.kind == kind]) for kind in kinds}
        document = {"total": total, "by_kind": by_kind, "results": [vars(result) for result in results]}
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return 0
    print(report(results))
    print(
        f"recall {total['recall']:.1%}; precision {total['precision']:.1%}; "
        f"cause right {total['cause_right']} of {total['with_cause']}, wrong {total['cause_wrong']}; "
        f"a cause named without need {total['named_without_need']}; {time.perf_counter() - start:.0f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
