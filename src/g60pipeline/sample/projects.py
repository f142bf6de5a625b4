"""Joint projects of the clusters, as they stand at each month's end.

Belongs here: the projects that published figures name and all others. Not here: how many there are
(calibration).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from g60pipeline.sample.calibration import CLUSTERS, ClusterPlan
from g60pipeline.sample.model import MONTHS, Row, dice, spread

MEMBERS_TAKING_PART = 5438
PATENTS = 2876
_SUBJECTS = ("core_technology", "talent_team", "leading_firm")
_DIRECTIONS = ("research", "upgrading", "entrepreneurship", "branding", "transfer", "training")
_CARRIERS = ("innovation_studio", "mentoring_studio", "demonstration_post", "vanguard_team")
_THEMES = (
    "工艺改进",
    "国产替代",
    "数字化改造",
    "绿色生产",
    "联合攻关",
    "技能提升",
    "成果转化",
    "品牌共建",
    "质量提升",
    "协同研发",
)
_OUTCOMES = (
    ("产品合格率", "%", (88, 92), (95, 99)),
    ("单位产品能耗", "千克标准煤", (50, 80), (35, 48)),
    ("交付周期", "天", (30, 45), (18, 28)),
    ("设备综合效率", "%", (60, 70), (75, 88)),
)


@dataclass(frozen=True)
class Outcome:
    """What a finished project changed."""

    metric: str
    baseline: int
    achieved: int
    unit: str


@dataclass(frozen=True)
class Project:
    """A project and its end state; steps count months from 2020-12."""

    code: str
    cluster_code: str
    name: str
    subject: str
    direction: str
    carrier: str
    started_step: int
    started_on: date
    finished_on: date | None
    is_stopped: bool
    members: int
    patents: int
    standards: int
    is_national_task: bool
    outcome: Outcome | None
    replication_sites: int


@dataclass(frozen=True)
class NamedProject:
    """A project that a published figure is about; it started before 2021."""

    name: str
    subject: str
    direction: str
    finished_on: date | None = None
    outcome: Outcome | None = None
    replication_sites: int = 0
    is_national_task: bool = False


_NAMED = {
    "C05": (
        NamedProject("300毫米、450毫米晶体生长系统", "core_technology", "research", is_national_task=True),
    ),
    "C07": (
        NamedProject("世格流体机器人去毛刺工艺攻关", "core_technology", "upgrading", date(2021, 5, 28),
                     Outcome("每班产量", 200, 340, "件/班"), 8),
        NamedProject("世格流体机器人去毛刺产线减员增效", "leading_firm", "upgrading", date(2021, 5, 28),
                     Outcome("产线用工人数", 4, 1, "人")),
    ),
    "C08": (
        NamedProject("创远仪器国家科技重大专项研发", "core_technology", "research", is_national_task=True),
    ),
}  # fmt: skip


def build_projects(seed: int) -> dict[str, list[Project]]:
    """Return the projects of each cluster; members and patents add up to the calibrated totals."""
    chance = dice(seed, "projects")
    count = sum(plan.projects[1] for plan in CLUSTERS)
    members = iter(
        spread(MEMBERS_TAKING_PART, [chance.lognormvariate(0, 0.5) for _ in range(count)], minimum=2)
    )
    patents = iter(spread(PATENTS, [chance.lognormvariate(0, 0.8) for _ in range(count)]))
    return {plan.code: _cluster_projects(plan, chance, members, patents) for plan in CLUSTERS}


def _cluster_projects(
    plan: ClusterPlan, chance: Random, members: Iterator[int], patents: Iterator[int]
) -> list[Project]:
    named = _NAMED.get(plan.code, ())
    serial: Counter[int] = Counter()
    start, end = plan.projects
    projects: list[Project] = []
    for i in range(end):
        step = 0 if i < start else 1 + (i - start) * 12 // (end - start)
        started_on = _started_on(plan, step, chance)
        serial[started_on.year] += 1
        code = f"{plan.code}-{started_on.year}-{serial[started_on.year]:03d}"
        about = named[i] if i < len(named) else _chance_project(plan, i, started_on, chance)
        projects.append(
            Project(
                code=code,
                cluster_code=plan.code,
                name=about.name,
                subject=about.subject,
                direction=about.direction,
                carrier=chance.choice(_CARRIERS),
                started_step=step,
                started_on=started_on,
                finished_on=about.finished_on,
                is_stopped=i >= len(named) and about.finished_on is None and chance.random() < 0.03,
                members=next(members),
                patents=next(patents),
                standards=int(chance.random() < 0.08),
                is_national_task=about.is_national_task,
                outcome=about.outcome,
                replication_sites=about.replication_sites,
            )
        )
    return projects


def _started_on(plan: ClusterPlan, step: int, chance: Random) -> date:
    if step:
        return date(2021, step, chance.randrange(1, 29))
    year = chance.choice((2019, 2020, 2020))
    return date(
        year, chance.randrange(7, 13) if year == 2019 else chance.randrange(1, 11), chance.randrange(1, 29)
    )


def _chance_project(plan: ClusterPlan, position: int, started_on: date, chance: Random) -> NamedProject:
    is_finished = chance.random() < 0.45
    has_outcome = is_finished and chance.random() < 0.15
    return NamedProject(
        name=f"{plan.place}{chance.choice(plan.trades)}{chance.choice(_THEMES)}项目{position + 1}",
        subject=chance.choices(_SUBJECTS, weights=(5, 3, 4))[0],
        direction=chance.choice(_DIRECTIONS),
        finished_on=started_on + timedelta(days=chance.randrange(90, 600)) if is_finished else None,
        outcome=_chance_outcome(chance) if has_outcome else None,
        replication_sites=0 if plan.code in _NAMED else chance.choices((0, 1, 2), weights=(90, 7, 3))[0],
    )


def _chance_outcome(chance: Random) -> Outcome:
    metric, unit, before, after = chance.choice(_OUTCOMES)
    return Outcome(metric, chance.randint(*before), chance.randint(*after), unit)


def project_rows(projects: list[Project], step: int) -> list[Row]:
    """Return the rows of `integration_project` at the step: all projects that have started."""
    return [_project_row(project, step) for project in projects if project.started_step <= step]


def _project_row(project: Project, step: int) -> Row:
    is_finished = project.finished_on is not None and project.finished_on <= MONTHS[step].end
    outcome = project.outcome if is_finished else None
    return {
        "project_code": project.code,
        "cluster_code": project.cluster_code,
        "project_name": project.name,
        "subject": project.subject,
        "direction": project.direction,
        "carrier": project.carrier,
        "status": "finished" if is_finished else "stopped" if project.is_stopped else "running",
        "started_on": project.started_on,
        "finished_on": project.finished_on if is_finished else None,
        "participating_member_count": project.members,
        "patent_count": _patents_so_far(project, step),
        "standard_count": project.standards,
        "is_national_task": project.is_national_task,
        "outcome_metric": outcome.metric if outcome else None,
        "baseline_value": outcome.baseline if outcome else None,
        "achieved_value": outcome.achieved if outcome else None,
        "outcome_unit": outcome.unit if outcome else None,
        "replication_site_count": project.replication_sites if is_finished else 0,
    }


def _patents_so_far(project: Project, step: int) -> int:
    """Return patents at the step; all of them are there in December, and none is ever lost."""
    since = project.started_step - 12 if project.started_step == 0 else project.started_step - 1
    return project.patents * (step - since) // (12 - since)
