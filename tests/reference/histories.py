"""Random histories from a seed: a few units and clusters, months in any order, everything that can happen to them."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from random import Random
from typing import Any

from known import in_force
from plain_sql import Row
from random_rows import RowMaker
from regroupings import (
    chosen_indicators,
    former,
    succeeded,
    taken_over,
    with_indicators,
    with_second_district,
)
from steps import Compute, Correct, History, Judge, Known, Probe, Regroup, Release, Step, Submit, changed

from g60pipeline.contracts.boundaries import UnitLink, host_in
from g60pipeline.contracts.codelists import Obligation
from g60pipeline.contracts.corrections import Correction
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project

ACTIONS = 14
# Returns are received on the day of the test: too late for months long past, in time for the last one.
MONTHS = (*period_range(Period(2020, 12), Period(2022, 2)), Period(2030, 3))
BASES = (Period(2015, 12), Period(2016, 2), Period(2016, 12), Period(2020, 2))
HOSTS = ("310117107", "310117501", "310117102", "310117103")
TOWNS = ("310117001", "310117002")
BUREAUS = ("310117U03", "310117U04")
NEW_UNITS = ("310117104", "310117105", "310117106")


def make_history(seed: int, project: Project) -> History:
    """Make the history of a seed: always the same from the same definitions."""
    return _Maker(seed, project).make()


class _Maker:
    def __init__(self, seed: int, project: Project) -> None:
        self.random = Random(seed)
        self.seed = seed
        self.units = [*self.random.sample(HOSTS, 2), *self.random.sample(TOWNS, 1), *BUREAUS]
        self.fresh = list(NEW_UNITS)
        self.regrouped = MONTHS[0]  # changes come in the order of their dates, as code lists must have them
        start = with_indicators(project, chosen_indicators(seed, project))
        if self.random.random() < 0.3:
            start = with_second_district(start, self.random.choice(self.units[:3]))
        self.project = changed(start, obligations=self._first_obligations(start))
        self.known = Known(self.project)
        self.steps: list[Step] = []
        self.busy = self.random.sample(
            MONTHS, 3
        )  # months to which most returns belong, so that years get whole

    def make(self) -> History:
        kinds = {
            self._submit: 5, self._again: 3, self._judge: 2, self._correct: 3, self._regroup: 2, self._compute: 2,
            self._release: 1,
        }  # fmt: skip
        self._submit()
        for _ in range(ACTIONS):
            self.random.choices(list(kinds), list(kinds.values()))[0]()
        self._compute()
        self._release()
        for _ in range(3):
            self._probe()
        return History(self.seed, self.project, tuple(self.steps))

    def _take(self, step: Step) -> None:
        self.steps.append(step)
        self.known.learn(step)

    def _first_obligations(self, project: Project) -> tuple[Obligation, ...]:
        first = {unit: self.random.choice(("2020-12", "2020-12", "2021-03")) for unit in (*HOSTS, *TOWNS)}
        return tuple(
            duty.model_copy(update={"valid_from": first.get(duty.unit_code, duty.valid_from)})
            for duty in project.obligations
            if duty.unit_code in self.units
        )

    # -- returns ---------------------------------------------------------------------------------------------------

    def _period(self, unit: str) -> Period:
        if unit in BUREAUS and self.random.random() < 0.3:
            return self.random.choice(BASES)
        return self.random.choice(self.busy if self.random.random() < 0.6 else MONTHS)

    def _clusters(self, unit: str, period: Period) -> list[str]:
        project = self.known.project
        return [
            c.code
            for c in project.code_lists["clusters"].codes
            if host_in(c.code, period, project.cluster_hosts, c.attributes["host_unit"]) == unit
        ]

    def _submit(self) -> None:
        """Returns of several units for one month, most of them accepted; sometimes of one unit from January on."""
        unit = self.random.choice(self.units)
        period = self._period(unit)
        if self.random.random() < 0.25:
            for month in period_range(Period(period.year, 1), period):
                self._send(unit, month)
        else:
            for other in self.random.sample(self.units, self.random.randint(1, min(4, len(self.units)))):
                self._send(other, period)

    def _again(self) -> None:
        """One unit sends a month again."""
        if self.known.submissions:
            submission = self.random.choice(self.known.submissions)
            self._send(submission.unit, Period.parse(submission.period))

    def _send(self, unit: str, period: Period) -> None:
        owed = self.known.project.owed_forms(unit, period)
        rows = RowMaker(self.known.project, self.random, self._clusters(unit, period), period)
        last = self._last(unit, period.key)
        forms: dict[str, tuple[Row, ...]] = {}
        for form in owed:
            if self.random.random() > 0.06:
                again = form in last and self.random.random() < 0.6
                forms[form] = rows.changed(form, unit, last[form]) if again else rows.rows(form, unit)
        if not forms:
            return
        self._take(Submit(unit, period.key, forms))
        if self.random.random() < 0.95:
            status = (
                "accepted"
                if self.random.random() < 0.85
                else self.random.choice(("returned", "awaiting_explanation"))
            )
            self._take(Judge(len(self.known.submissions), status))

    def _last(self, unit: str, period: str) -> dict[str, tuple[Row, ...]]:
        sent = [s for s in self.known.submissions if (s.unit, s.period) == (unit, period)]
        return sent[-1].forms if sent else {}

    def _judge(self) -> None:
        """A submission is judged again."""
        if self.known.submissions:
            number = self.random.choice(self.known.submissions).number
            self._take(Judge(number, self.random.choice(("accepted", "returned", "awaiting_explanation"))))

    # -- corrections -----------------------------------------------------------------------------------------------

    def _correct(self) -> None:
        """Enter a correction of a row in force, often; retire one, sometimes."""
        active = list(self.known.project.corrections)
        if active and self.random.random() < 0.35:
            gone = self.random.randrange(len(active))
            self._take(Correct(tuple(c for n, c in enumerate(active) if n != gone)))
            return
        chosen = in_force(self.known.submissions, self.known.verdicts)
        places = [(key, row) for key in sorted(chosen) for row in chosen[key].forms[key[1]]]
        if places:
            (unit, form, period), row = self.random.choice(places)
            correction = self._correction(f"c{len(self.steps)}", unit, form, period, row)
            if correction is not None and _cell(correction) not in map(
                _cell, active
            ):  # the project refuses two
                self._take(Correct((*active, correction)))

    def _correction(self, name: str, unit: str, form: str, period: str, row: Row) -> Correction | None:
        keys = [
            f.name
            for f in self.known.project.forms[form].fields
            if f.key_position is not None and row.get(f.name) is not None
        ]
        fields = [n for n, v in row.items() if isinstance(v, (bool, int, Decimal)) and n not in keys]
        if not keys:
            return None
        action: dict[str, Any] = {"kind": "drop_row", "expected": {keys[0]: row[keys[0]]}}
        if fields and self.random.random() < 0.7:
            field = self.random.choice(fields)
            expected = row[field] if self.random.random() < 0.85 else None
            action = {"kind": "set", "field": field, "expected": expected, "value": _other(row[field])}
        return Correction.model_validate(
            {
                "id": name,
                "unit": unit,
                "period": period,
                "form": form,
                "match": {key: row[key] for key in keys},
                "action": action,
                "reason": {"zh": "电话核实", "en": "asked by phone"},
                "decided_by": "district office",
                "decided_on": date(2022, 3, 1),
                "status": "active",
            }
        )

    # -- units and clusters ----------------------------------------------------------------------------------------

    def _regroup(self) -> None:
        """Units merge, split or get another name, or a cluster gets another host."""
        project = self.known.project
        gone = {link.from_unit for link in project.unit_links}
        movable = [unit for unit in self.units if unit not in gone and unit not in BUREAUS]
        if len(movable) < 2:
            return
        unit, other = self.random.sample(movable, 2)
        later = [month for month in MONTHS[2:-3] if month > self.regrouped]
        if not later:
            return
        self.regrouped = since = self.random.choice(later)
        kind = self.random.choice(("merge", "split", "rename", "move", "split"))
        if kind == "move":
            self._move_cluster(unit, other, since)
        elif kind == "merge":
            self._succeed("merge", unit, {other: 1.0}, since)
        elif len(self.fresh) >= 2:
            weight = self.random.choice((0.5, 0.25, 0.7))
            first, second = self.fresh.pop(), self.fresh.pop() if kind == "split" else ""
            shares = {first: weight, second: 1 - weight} if kind == "split" else {first: 1.0}
            self._succeed(kind, unit, shares, since)

    def _succeed(self, kind: str, unit: str, shares: dict[str, float], since: Period) -> None:
        project = self.known.project
        links = [
            UnitLink.model_validate(
                {
                    "from_unit": unit,
                    "to_unit": code,
                    "kind": kind,
                    "valid_from": since.start.isoformat(),
                    "weight": w,
                }
            )
            for code, w in shares.items()
        ]
        moves = {c: self.random.choice(sorted(shares)) for c in self._clusters(unit, since)}
        self.units += [code for code in shares if code not in self.units]
        self._take(
            Regroup(
                f"{kind} of {unit} into {shares} from {since.key}",
                obligations=succeeded(project.obligations, unit, list(shares), since),
                unit_links=(*project.unit_links, *links),
                cluster_hosts=former(project, moves, unit, since),
                present_hosts=moves,
                ended={unit: since.plus(-1).end.isoformat()},
            )
        )

    def _move_cluster(self, unit: str, other: str, since: Period) -> None:
        project = self.known.project
        clusters = self._clusters(unit, since)
        if clusters and not any(h.cluster_code == clusters[0] for h in project.cluster_hosts):
            moves = {clusters[0]: other}
            kept = tuple(project.obligations) + taken_over(project.obligations, unit, [other], since)
            self._take(
                Regroup(
                    f"{clusters[0]} moves from {unit} to {other} from {since.key}",
                    obligations=kept,
                    unit_links=project.unit_links,
                    cluster_hosts=former(project, moves, unit, since),
                    present_hosts=moves,
                )
            )

    # -- questions -------------------------------------------------------------------------------------------------

    def _months(self) -> tuple[str, ...]:
        return tuple(
            sorted({period.key for period in (self.random.choice(self.busy), self.random.choice(MONTHS))})
        )

    def _compute(self) -> None:
        self._take(Compute(self._months()))
        if self.random.random() < 0.5:
            self._probe()

    def _release(self) -> None:
        self._take(Release(self.random.choice(self.busy[:2]).key))

    def _probe(self) -> None:
        after = self.random.randrange(len(self.steps))
        self._take(Probe(after, self.random.choice(("as_was", "as_now")), self._months()))


def _other(value: Any) -> Any:
    return not value if isinstance(value, bool) else value + 7


def _cell(correction: Correction) -> tuple[Any, ...]:
    """What a correction changes: a cell, or a row as a whole."""
    row = (correction.unit, correction.period, correction.form, frozenset(correction.match.items()))
    return (*row, correction.action.field)
