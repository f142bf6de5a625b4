"""The lineage page holds every column and every link, and needs nothing but itself."""

from __future__ import annotations

import base64
import hashlib
import json
import re

import pytest

from g60pipeline.contracts.lineage import CARRYING, Lineage
from g60pipeline.contracts.project import Project
from g60pipeline.indicators.lineage import build_lineage
from g60pipeline.reports.lineage import build_lineage_page


@pytest.fixture(scope="module")
def lineage(project: Project) -> Lineage:
    return build_lineage(project)


@pytest.fixture(scope="module")
def page(project: Project, lineage: Lineage) -> str:
    return build_lineage_page(project, lineage, "dictionary.html")


def _keys(page: str) -> list[str]:
    return re.findall(r'data-key="([^"]+)"', page)


def _links(page: str) -> list[list[int]]:
    found = re.search(r'<script type="application/json" id="links">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return json.loads(found[1])


def test_every_column_stands_on_the_page_once(project: Project, lineage: Lineage, page: str) -> None:
    keys = _keys(page)
    assert len(keys) == len(set(keys))
    assert {node.key for node in lineage.nodes} <= set(keys)
    for form in (project.cover, *project.forms.values()):
        assert {f"form.{form.name}.{field.name}" for field in form.fields} <= set(keys)


def test_every_link_stands_on_the_page(lineage: Lineage, page: str) -> None:
    keys = _keys(page)
    drawn = {(keys[source], keys[target]): carries for source, target, carries in _links(page)}
    assert set(drawn) == {(link.source.key, link.target.key) for link in lineage.links}
    carried = {(link.source.key, link.target.key) for link in lineage.links if link.role in CARRYING}
    assert {ends for ends, carries in drawn.items() if carries} == carried


def test_links_lead_from_left_to_right(page: str) -> None:
    lanes = [_keys(part) for part in page.split('<section class="lane ')[1:]]
    lane_of = {key: number for number, keys in enumerate(lanes) for key in keys}
    keys = _keys(page)
    assert len(lanes) == 4
    for source, target, _ in _links(page):
        is_cover = keys[source].startswith("form.cover.") or keys[source].startswith("ledger.ops.submission.")
        assert lane_of[keys[source]] < lane_of[keys[target]] or is_cover


def test_the_page_is_offline_and_runs_its_own_script_only(page: str) -> None:
    assert not re.search(r'\s(?:src|srcset|action)="', page)
    assert not re.search(r"<link\b|@import|url\(", page)
    assert set(re.findall(r'href="([^"#]*)', page)) == {"dictionary.html"}
    assert set(re.findall(r"https?://[^\"' )]+", page)) <= {"http://www.w3.org/2000/svg"}
    script = page.rsplit("<script>", 1)[1].split("</script>")[0]
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{allowed}'" in page
    assert "default-src 'none'" in page


def test_alone_it_links_to_no_dictionary(project: Project, lineage: Lineage) -> None:
    page = build_lineage_page(project, lineage)
    assert "href=" not in re.sub(r"<style>.*?</style>|<script.*?</script>", "", page, flags=re.DOTALL)


def test_text_of_a_definition_cannot_become_markup(project: Project, lineage: Lineage) -> None:
    mart = project.marts["service_duration"]
    title = mart.title.model_copy(update={"zh": "<script>alert(1)</script>"})
    marts = {**project.marts, mart.name: mart.model_copy(update={"title": title})}
    page = build_lineage_page(project.model_copy(update={"marts": marts}), lineage)
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
