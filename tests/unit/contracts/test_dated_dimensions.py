"""Hosts by month, districts of units, and lists that cannot be right together: each is refused with file, name, remedy."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from g60pipeline.contracts.base import ContractError
from g60pipeline.contracts.boundaries import ClusterHost, read_cluster_hosts, read_unit_links
from g60pipeline.contracts.boundary_faults import find_boundary_faults
from g60pipeline.contracts.codelists import read_code_list, read_obligations
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.settings import find_project_root

JIUTING, SHESHAN, XINQIAO, CLUSTER = "310117107", "310117103", "310117105", "C07"  # hosted by Xinqiao today


@pytest.fixture(scope="module")
def project() -> Project:
    return load_project(find_project_root())


@pytest.fixture(scope="module")
def moved(project: Project) -> Project:
    """The cluster moved from Jiuting to Sheshan in the middle of June and to Xinqiao at the end of the year."""
    hosts = (
        ClusterHost(cluster_code=CLUSTER, host_unit=JIUTING, valid_to="2021-06-15"),
        ClusterHost(cluster_code=CLUSTER, host_unit=SHESHAN, valid_from="2021-06-16", valid_to="2021-12-31"),
    )
    return project.model_copy(update={"cluster_hosts": hosts})


@pytest.mark.parametrize(
    ("period", "host"),
    [
        (Period(2021, 5), JIUTING),
        (Period(2021, 6), SHESHAN),
        (Period(2021, 12), SHESHAN),
        (Period(2022, 1), XINQIAO),
    ],
)
def test_a_cluster_is_its_hosts_at_the_end_of_the_month(moved: Project, period: Period, host: str) -> None:
    assert moved.attribute_in("clusters", "host_unit", CLUSTER, period) == host
    hosted = {unit: CLUSTER in moved.clusters_hosted_by(unit, period) for unit in (JIUTING, SHESHAN, XINQIAO)}
    assert hosted == {unit: unit == host for unit in hosted}


def test_a_cluster_is_nobodys_before_it_exists(moved: Project) -> None:
    assert moved.clusters_hosted_by(JIUTING, Period(2017, 12)) == ()


def test_other_attributes_do_not_change(moved: Project) -> None:
    month = Period(2021, 5)
    assert moved.attribute_in("clusters", "organisation_form", CLUSTER, month) == "committee"
    assert moved.attribute_in("clusters", "lead_enterprise_zh", CLUSTER, month) is None
    assert moved.codes_owned_by("economy_measures", "reported_by", "310117U04", month)


def test_a_districts_subjects_are_its_units_its_clusters_and_what_lies_above(project: Project) -> None:
    month = Period(2021, 12)
    units = project.subjects_of("310117", "unit", month)
    assert {"G60", "310100", "310117", JIUTING} <= units
    assert project.subjects_of("310117", "cluster", month) == set(project.code_lists["clusters"].by_code)
    assert project.subjects_of("310100", "cluster", month) == frozenset()


# id: (list, row to replace or None to append, new row) …, what must be said
NO_MORE = "310117107,九亭镇,Jiuting Town,,,2021-12-31,town,310117,statistical division code 2023"
GONE = ("units", "310117107,九亭镇", NO_MORE)
HOST_GONE = (
    "clusters",
    "C01,",
    "C01,九亭食品,Jiuting,,2018-01-01,2021-12-31,committee,310117107,published,other,",
)
LINK = ("unit_links", None, "310117107,310117103,merge,2022-01-01,1")
FORMS = [
    "cluster_organisation", "cluster_enterprise", "unit_summary", "activity", "integration_project", "service_case",
    "chain_cooperation", "innovation_carrier", "recognition",
]  # fmt: skip
ENDED = [("obligations", f"310117107,{form},", f"310117107,{form},2020-12,2021-12,5,3,20") for form in FORMS]
MERGED = [GONE, HOST_GONE, LINK, *ENDED]
Change = tuple[str, str | None, str]
BROKEN: dict[str, tuple[list[Change], str]] = {
    "the unit goes on": (
        [LINK, HOST_GONE, *ENDED],
        "unit_links.csv: 310117107 to 310117103: from 2022-01-01 on 310117107 is no more; units.csv must end it",
    ),
    "the unit ends on another day": (
        [GONE, HOST_GONE, *ENDED, ("unit_links", None, "310117107,310117103,merge,2022-02-01,1")],
        "must end it the day before (valid_to), it says 2021-12-31",
    ),
    "before the unit itself": (
        [
            *ENDED,
            HOST_GONE,
            LINK,
            ("units", "310117107,", NO_MORE.replace(",,,2021", ",,2022-03-01,2021")),
        ],
        "begins on 2022-01-01, but the unit itself only on 2022-03-01",
    ),
    "into a unit that is not there yet": (
        [*MERGED, ("units", "310117103,", "310117103,佘山镇,Sheshan,,2022-03-01,,town,310117,code")],
        "on 2022-01-01 310117103 is not valid; mend its dates",
    ),
    "two links of a unit on two days": (
        [GONE, HOST_GONE, *ENDED, ("unit_links", None, "310117107,310117103,split,2022-01-01,0.5"),
         ("unit_links", None, "310117107,310117105,split,2022-02-01,0.5")],
        "310117107 to 310117105: begins on 2022-02-01, another link of the unit on another day",
    ),
    "a day that is none": (
        [("unit_links", None, "310117107,310117103,merge,2021-02-30,1")],
        "unit_links.csv: 310117107 to 310117103: 2021-02-30 is no date",
    ),
    "a duty after the merger": (
        [*MERGED, ("obligations", "310117107,activity,", "310117107,activity,2020-12,2022-01,5,3,20")],
        "obligations.csv: 310117107 owes activity after it went into another unit; set valid_to to 2021-12",
    ),
    "a duty without an end": (
        [GONE, HOST_GONE, LINK],
        "obligations.csv: 310117107 owes unit_summary after it went into another unit; set valid_to to 2021-12",
    ),
    "the merged unit still hosts": (
        [GONE, LINK, *ENDED],
        "clusters.csv: C01 at 310117107: the unit does not exist all the time; name the host of that time",
    ),
    "hosts that overlap": (
        [("cluster_hosts", None, "C07,310117107,,2021-06-30"), ("cluster_hosts", None, "C07,310117103,2021-06-15,2021-12-31")],
        "cluster_hosts.csv: C07 at 310117103: overlaps the host before it; valid_from must be 2021-07-01, not 2021-06-15",
    ),
    "a second host since ever": (
        [("cluster_hosts", None, "C07,310117107,,2021-06-30"), ("cluster_hosts", None, "C07,310117103,,2021-12-31")],
        "overlaps the host before it; valid_from must be 2021-07-01, not blank",
    ),
    "days without a host": (
        [("cluster_hosts", None, "C07,310117107,,2021-06-30"), ("cluster_hosts", None, "C07,310117103,2021-07-02,2021-12-31")],
        "cluster_hosts.csv: C07 at 310117103: leaves days without a host; valid_from must be 2021-07-01",
    ),
    "first days without a host": (
        [("cluster_hosts", None, "C07,310117107,2018-02-01,2021-06-30")],
        "leaves days without a host; valid_from must be 2018-01-01",
    ),
    "a host that ends before it begins": (
        [("cluster_hosts", None, "C07,310117107,,2017-06-30")],
        "C07 at 310117107: ends on 2017-06-30, before it begins",
    ),
    "a cluster that ends before its present host": (
        [("clusters", "C07,", "C07,新桥,Xinqiao,,2018-01-01,2021-12-31,committee,310117105,published,other,"),
         ("cluster_hosts", None, "C07,310117107,,2021-12-31")],
        "cluster_hosts.csv: C07 ends on 2021-12-31, before 310117105 hosts it",
    ),
    "a unit without a district": (
        [("units", "310117107,", "310117107,九亭镇,Jiuting Town,,,,town,310100,code")],
        "obligations.csv: 310117107 owes returns but has no district above it; its parents in units.csv",
    ),
    "a unit that is none": (
        [("obligations", None, "310117999,unit_summary,2020-12,,5,3,20")],
        "obligations.csv: 310117999 owes returns but is no unit",
    ),
    "a second district without a city": (
        [("units", None, "330421,嘉善县,Jiashan,,,,district,G60,code"), ("units", None, "330421U01,甲,A,,,,town,330421,code"),
         ("obligations", None, "330421U01,unit_summary,2021-12,,5,3,20")],
        "330421U01 owes returns but has no city above it",
    ),
}  # fmt: skip


@pytest.fixture
def lists(tmp_path: Path) -> Path:
    """A copy of the code lists, in a project's folder of its own."""
    folder = tmp_path / "schemas" / "codelists"
    shutil.copytree(find_project_root() / "schemas" / "codelists", folder)
    return folder


def load_whole(lists: Path) -> Project:
    """Load the project with these lists."""
    root = lists.parents[1]
    shutil.copytree(find_project_root() / "assets", root / "assets")
    shutil.copytree(
        find_project_root() / "schemas", root / "schemas", ignore=lambda *_: ["codelists"], dirs_exist_ok=True
    )
    return load_project(root)


def find_faults(lists: Path) -> list[str]:
    units, clusters = (read_code_list(lists / f"{name}.csv") for name in ("units", "clusters"))
    return find_boundary_faults(
        {"units": units, "clusters": clusters},
        read_obligations(lists / "obligations.csv"),
        read_unit_links(lists / "unit_links.csv", units),
        read_cluster_hosts(lists / "cluster_hosts.csv", clusters, units),
    )


def change(lists: Path, name: str, start: str | None, row: str) -> None:
    path = lists / f"{name}.csv"
    lines = path.read_text("utf-8").splitlines()
    found = [n for n, line in enumerate(lines) if start is not None and line.startswith(start)]
    if start is None:
        lines.append(row)
    else:
        (at,) = found
        lines[at] = row
    path.write_text("\n".join(lines) + "\n", "utf-8")


def apply(lists: Path, changes: list[Any]) -> None:
    for name, start, row in changes:
        change(lists, name, start, row)


@pytest.mark.parametrize("case", BROKEN)
def test_what_cannot_be_right_is_refused_with_what_to_do(lists: Path, case: str) -> None:
    changes, said = BROKEN[case]
    assert find_faults(lists) == []
    apply(lists, changes)
    assert [fault for fault in find_faults(lists) if said in fault]


def test_the_project_does_not_load_with_such_lists(lists: Path) -> None:
    apply(lists, BROKEN["a duty without an end"][0])
    with pytest.raises(ContractError, match="owes unit_summary after it went into another unit"):
        load_whole(lists)


def test_a_merger_and_a_move_that_fit_together_are_taken(lists: Path) -> None:
    hosts: list[Change] = [("cluster_hosts", None, "C07,310117107,,2021-06-30"),
                           ("cluster_hosts", None, "C07,310117103,2021-07-01,2021-12-31")]  # fmt: skip
    apply(lists, [*MERGED, *hosts])
    project = load_whole(lists)
    assert project.owed_forms(JIUTING, Period(2021, 12)) == tuple(FORMS)
    assert project.owed_forms(JIUTING, Period(2022, 1)) == ()
    assert project.clusters_hosted_by(SHESHAN, Period(2021, 7)) == ("C03", "C07")
