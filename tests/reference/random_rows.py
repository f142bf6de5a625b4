"""Random rows of a form: small numbers, few enterprises, so that every rare case comes up often.

Belongs here: what a row holds. Not here: who sends it and when (histories.py).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project

Row = dict[str, Any]
ENTERPRISES = tuple(f"91310117MA1J{n:06d}" for n in range(7))
BLANK_SHARE = 0.06
METRICS = ("每班产量", "产线用工人数", "产品合格率", None)
# A row has no blank here: nobody could tell whose it is.
KEYS = frozenset(
    {
        "enterprise_uscc",
        "project_code",
        "measure_code",
        "unit_code",
        "case_no",
        "activity_no",
        "cooperation_no",
    }
)


class RowMaker:
    """Makes rows of one unit and month."""

    def __init__(self, project: Project, random: Random, clusters: Sequence[str], period: Period) -> None:
        self.project = project
        self.random = random
        self.clusters = list(clusters)
        self.period = period

    def rows(self, form: str, unit: str) -> tuple[Row, ...]:
        """Return the rows of a form; none at all now and then."""
        makers: dict[str, Callable[[str], list[Row]]] = {
            "unit_summary": self._unit_summary,
            "district_economy": self._economy,
            "cluster_organisation": self._organisations,
            "cluster_enterprise": self._enterprises,
        }
        if self.random.random() < 0.05:
            return ()
        made = makers[form](unit) if form in makers else self._some(form)
        return tuple(self._with_blanks(form, row) for row in made)

    def changed(self, form: str, unit: str, rows: Sequence[Row]) -> tuple[Row, ...]:
        """Return the rows as a resubmission has them: a row dropped, a number changed, a row in another cluster."""
        kept = [dict(row) for row in rows if self.random.random() > 0.15]
        fresh = self.rows(form, unit)
        for row in kept:
            if fresh and self.random.random() < 0.4:
                source = self.random.choice(fresh)
                name = self.random.choice([n for n in row if n not in KEYS])
                row[name] = source[name]
            if self.clusters and row.get("cluster_code") and self.random.random() < 0.2:
                row["cluster_code"] = self.random.choice(self.clusters)
        return tuple(kept) if kept or self.random.random() < 0.5 else fresh

    def _code(self, code_list: str) -> str:
        return self.random.choice(self.project.code_lists[code_list].codes).code

    def _count(self, most: int = 9) -> int:
        return self.random.randint(0, most)

    def _amount(self) -> Decimal:
        return Decimal(self.random.randint(0, 5_000_000)) / Decimal(self.random.choice((1, 10, 1000)))

    def _flag(self) -> bool:
        return self.random.random() < 0.6

    def _day(self) -> date:
        months = -self.random.choice((0, 0, 0, 3, 14))
        return self.period.plus(months).start.replace(day=self.random.randint(1, 28))

    def _with_blanks(self, form: str, row: Row) -> Row:
        fields = self.project.forms[form].field_by_name
        blank = dict.fromkeys(fields)
        share = BLANK_SHARE if self.random.random() < 0.5 else 0.0
        return blank | {
            name: None if name not in KEYS and self.random.random() < share else value
            for name, value in row.items()
        }

    def _unit_summary(self, unit: str) -> list[Row]:
        return [
            {
                "unit_code": unit,
                "member_count": self._count(300),
                "organisation_count": self._count(20),
                "new_member_count": self._count(5),
                "new_member_count_ytd": self._count(30),
                "key_enterprise_count": self._count(),
                "above_scale_enterprise_count": self._count(),
                "above_scale_output_wan_yuan": self._amount(),
            }
        ]

    def _economy(self, unit: str) -> list[Row]:
        measures = self.project.code_lists["economy_measures"].codes
        chosen = [
            m.code for m in measures if m.attributes["reported_by"] == unit or self.random.random() < 0.1
        ]
        return [
            {
                "measure_code": code,
                "value": self._amount(),
                "value_ytd": self._amount(),
                "base_value": self._amount(),
                "base_value_ytd": self._amount(),
                "unit_of_measure": "wan_yuan",
                "rank_in_city": self._count(16),
            }
            for code in chosen
            if self.random.random() > 0.05
        ]

    def _organisations(self, unit: str) -> list[Row]:
        return [
            {
                "cluster_code": cluster,
                "organisation_form": self._code("organisation_forms"),
                "organisation_count": self._count(20),
                "branch_count": self._count(),
                "member_count": self._count(300),
                "probationary_member_count": self._count(),
                "new_member_count": self._count(4),
                "new_member_count_ytd": self._count(30),
                "key_enterprise_count": self._count(),
                "covered_key_enterprise_count": self._count(),
            }
            for cluster in self.clusters
            if self.random.random() > 0.1
        ]

    def _enterprises(self, unit: str) -> list[Row]:
        # An enterprise may stand in several clusters, with different flags.
        pairs = [(c, e) for c in self.clusters for e in ENTERPRISES if self.random.random() < 0.5]
        return [self._enterprise(cluster, enterprise) for cluster, enterprise in pairs]

    def _enterprise(self, cluster: str, enterprise: str) -> Row:
        names = ("is_key", "is_above_scale", "is_high_tech", "is_specialised", "is_little_giant", "is_listed")
        flags = {name: self._flag() for name in (*names, "has_organisation", "attracted_by_service")}
        return flags | {
            "cluster_code": cluster,
            "enterprise_uscc": enterprise,
            "enterprise_name": f"企业{enterprise[-2:]}",
            "chain_role": self._code("chain_roles"),
            "strategic_industry": self._code("strategic_industries"),
            "key_field": self._code("key_fields"),
            "organisation_route": self._code("organisation_routes") if self._flag() else None,
            "member_count": self._count(50),
            "joined_on": self._day(),
            "output_wan_yuan": self._amount(),
            "output_wan_yuan_ytd": self._amount(),
        }

    def _some(self, form: str) -> list[Row]:
        makers: dict[str, Callable[[int], Row]] = {
            "activity": self._activity,
            "integration_project": self._integration_project,
            "service_case": self._service_case,
            "chain_cooperation": self._cooperation,
            "innovation_carrier": self._carrier,
            "recognition": self._recognition,
        }
        rows = [makers[form](n) for n in range(self._count(4))]
        if "cluster_code" in self.project.forms[form].field_by_name:
            rows = [
                {"cluster_code": self.random.choice(self.clusters), **row} for row in rows if self.clusters
            ]
        return rows

    def _activity(self, n: int) -> Row:
        return {
            "activity_no": f"A{n}",
            "held_on": self._day(),
            "category": self._code("activity_categories"),
            "course_system": self.random.choice(("课程一", "课程二", None)),
            "studio": self.random.choice(("工作室", None)),
            "session_count": 1 + self._count(4),
            "participation_count": self._count(200),
        }

    def _integration_project(self, n: int) -> Row:
        metric = self.random.choice(METRICS)
        return {
            "project_code": f"P{n}",
            "project_name": f"项目{n}",
            "subject": self._code("project_subjects"),
            "direction": self._code("project_directions"),
            "carrier": self._code("project_carriers"),
            "status": self._code("project_statuses"),
            "participating_member_count": self._count(),
            "patent_count": self._count(),
            "standard_count": self._count(),
            "is_national_task": self._flag(),
            "outcome_metric": metric,
            "baseline_value": self._amount() if metric else None,
            "achieved_value": self._amount() if metric else None,
            "replication_site_count": self._count(),
        }

    def _service_case(self, n: int) -> Row:
        began = datetime(self.period.year, self.period.month, 1 + self._count(), self._count(), 30)
        return {
            "case_no": f"S{n}",
            "enterprise_uscc": self.random.choice(ENTERPRISES),
            "service_kind": self._code("service_kinds"),
            "accepted_at": began,
            "completed_at": began + timedelta(minutes=self.random.randint(0, 60_000)),
        }

    def _cooperation(self, n: int) -> Row:
        return {
            "cooperation_no": f"K{n}",
            "supplier_uscc": self.random.choice(ENTERPRISES),
            "receiver_uscc": self.random.choice(ENTERPRISES),
            "kind": self._code("cooperation_kinds"),
            "goods": self.random.choice(("防护口罩", "去毛刺液", "周转托盘")),
            "quantity": self._amount(),
            "quantity_unit": self.random.choice(("tonne", "piece", None)),
            "amount_wan_yuan": self._amount(),
            "agreed_on": self._day(),
        }

    def _carrier(self, n: int) -> Row:
        return {"name": f"载体{n}", "level": self._code("carrier_levels"), "recognised_on": self._day()}

    def _recognition(self, n: int) -> Row:
        return {
            "title": f"荣誉{n}",
            "awarding_level": self._code("awarding_levels"),
            "awarding_city": self._code("corridor_cities") if self._flag() else None,
            "awarding_body": "某委员会",
            "awarded_on": self._day(),
            "rank": 1 + self._count(),
            "out_of": 30,
        }
