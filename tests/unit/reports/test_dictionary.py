"""The data dictionary says everything that is defined, every link in it leads somewhere, and staleness is noticed."""

from __future__ import annotations

import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path

import pytest
from typer.testing import CliRunner

from g60pipeline.cli import app
from g60pipeline.contracts.project import Project, load_project
from g60pipeline.operations.dictionary import (
    LINEAGE_PAGE,
    find_stale_dictionary,
    read_sources,
    write_dictionary,
)
from g60pipeline.reports.dictionary import Dictionary, Sources
from g60pipeline.reports.dictionary_pages import build_dictionary, count_entries, render_markdown, render_page
from g60pipeline.settings import find_project_root

ROOT = find_project_root()
COMMITTED = ROOT / "docs" / "dictionary"
_LINK = re.compile(r"(?<!\\)\]\(([^)\s]*)\)")


class _Page(HTMLParser):
    """Ids, links, entries and whatever a page would fetch."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.ids: list[str] = []
        self.links: list[str] = []
        self.fetched: list[str] = []
        self.policy = ""
        self.entry_count = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        self.entry_count += "data-entry" in found
        if "id" in found:
            self.ids.append(found["id"])
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        if tag == "meta" and found.get("http-equiv") == "Content-Security-Policy":
            self.policy = found["content"]
        self.fetched += [found[name] for name in ("src", "srcset", "poster", "data") if name in found]
        if tag == "link":
            self.fetched.append(found.get("href", ""))


@pytest.fixture(scope="module")
def sources(project: Project) -> Sources:
    return read_sources(project)


@pytest.fixture(scope="module")
def dictionary(sources: Sources) -> Dictionary:
    return build_dictionary(sources, ROOT)


@pytest.fixture(scope="module")
def page(sources: Sources, dictionary: Dictionary) -> str:
    return render_page(sources, dictionary, LINEAGE_PAGE)


@pytest.fixture(scope="module")
def markdown(sources: Sources, dictionary: Dictionary) -> dict[str, str]:
    return render_markdown(sources, dictionary)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    for name in ("assets", "schemas"):
        shutil.copytree(ROOT / name, tmp_path / name)
    return tmp_path


def test_everything_that_is_defined_has_its_entry(project: Project, page: str) -> None:
    ids = set(_Page(page).ids)
    forms = (project.cover, *project.forms.values())
    assert {f"field-{form.name}-{field.name}" for form in forms for field in form.fields} <= ids
    assert {f"rule-{rule.code}" for form in forms for rule in form.rules} <= ids
    assert {f"rule-{message.code}" for message in project.messages.intake.values()} <= ids
    assert {f"indicator-{name}" for name in project.indicators} <= ids
    assert {f"list-{name}" for name in project.code_lists} <= ids
    assert {f"column-{mart.name}-{name}" for mart in project.marts.values() for name in mart.columns} <= ids
    assert {f"scorecard-{card.name}" for card in project.scorecards} <= ids
    assert project.figures is not None
    assert {f"figure-{figure.id}" for figure in project.figures.figures} <= ids
    for code_list in project.code_lists.values():
        assert all(code.label_zh in page for code in code_list.codes)


def test_the_page_counts_what_it_shows(dictionary: Dictionary, page: str) -> None:
    assert _Page(page).entry_count == sum(count_entries(dictionary).values())


def test_every_link_of_the_page_resolves(sources: Sources, page: str, tmp_path: Path) -> None:
    read = _Page(page)
    assert len(read.ids) == len(set(read.ids))
    write_dictionary(sources.project, ROOT, tmp_path, tmp_path / "dictionary")
    keys = re.findall(r'data-key="([^"]+)"', (tmp_path / LINEAGE_PAGE).read_text("utf-8"))
    beside = {f"{LINEAGE_PAGE}#{key}" for key in keys} | {LINEAGE_PAGE}
    known = {f"#{name}" for name in read.ids} | beside
    assert [link for link in read.links if link not in known] == []
    assert any(link.startswith(f"{LINEAGE_PAGE}#indicator.") for link in read.links)


def test_every_link_of_the_markdown_resolves(markdown: dict[str, str]) -> None:
    anchors = {name: set(re.findall(r'<a id="([^"]+)">', text)) for name, text in markdown.items()}
    checked = 0
    for name, text in markdown.items():
        for target in _LINK.findall(text):
            file, _, anchor = target.partition("#")
            assert (file or name) in markdown, f"{name}: {target}"
            assert not anchor or anchor in anchors[file or name], f"{name}: {target}"
            checked += 1
    assert checked > 1000


def test_every_table_of_the_markdown_is_whole(markdown: dict[str, str]) -> None:
    for name, text in markdown.items():
        widths: list[int] = []
        for line in [*text.splitlines(), ""]:
            if line.startswith("|"):
                widths.append(len(re.findall(r"(?<!\\)\|", line)))
            elif widths:
                assert set(widths) == {widths[0]}, f"{name}: {line}"
                assert len(widths) > 2
                widths = []


def test_the_page_is_offline_and_runs_its_own_script_only(page: str) -> None:
    read = _Page(page)
    assert read.fetched == []
    assert not re.search(r"(?:https?:)?//[a-z]", re.sub(r"<code>.*?</code>", "", page)), "an outside address"
    assert "default-src 'none'" in read.policy
    assert re.search(r"script-src 'sha256-[A-Za-z0-9+/]{43}='", read.policy)
    assert "'unsafe-inline'" not in read.policy.split("script-src")[1]


def test_a_field_says_what_is_promised_of_it(dictionary: Dictionary) -> None:
    form = next(entry for entry in dictionary.forms if entry.form.name == "cluster_organisation")
    fields = {entry.field.name: entry for entry in form.fields}
    ytd = [fact.zh for fact in fields["new_member_count_ytd"].facts]
    assert ytd == ["整数", "累计流量", "人", "“当月新发展党员数”的累计数", "≥ 0"]
    members = fields["member_count"]
    assert {"CO-REQ", "CO-101"} <= {ref.code for ref in members.rules}
    assert {"cluster_member_count", "member_growth"} <= {ref.code for ref in members.indicators}
    assert fields["cluster_code"].code_list is not None
    assert fields["cluster_code"].code_list.anchor == "list-clusters"
    (owed,) = form.owed
    assert "九亭镇" in {unit.zh for unit in owed.units}


def test_an_amount_says_where_its_unit_stands(dictionary: Dictionary) -> None:
    form = next(entry for entry in dictionary.forms if entry.form.name == "chain_cooperation")
    amount = next(entry for entry in form.fields if entry.field.name == "amount_wan_yuan")
    assert any("换算为万元" in fact.zh for fact in amount.facts)


def test_an_indicator_says_its_formula_in_words_and_what_it_rests_on(dictionary: Dictionary) -> None:
    entries = {entry.ref.code: entry for theme in dictionary.indicators for entry in theme.indicators}
    share = entries["service_within_promise_share"]
    formulas = dict(share.formulas)
    assert formulas["numerator"].zh == "服务事项用时：行数，只计“是否在承诺时限内”为是的行"
    assert (
        formulas["numerator"].en
        == "Duration of service cases: number of rows, where done within the hours promised is yes"
    )
    assert formulas["denominator"].zh == "服务事项用时：行数"
    assert {ref.code for ref in share.rests_on} == {"accepted_at", "completed_at", "case_no"}
    assert "service_kind" in {ref.code for ref in share.placed_by}
    facts = {fact.name: fact.text.zh for fact in share.facts}
    assert facts["target"] == "90%"
    assert facts["missing"] == "缺报单位不计；已报不足 80% 时不公布"
    named = dict(entries["attracted_chain_enterprise_count"].formulas)["numerator"]
    assert named.zh.endswith("只计“是否服务引进”为是且“链上角色”为上游、下游之一的行")
    assert {ref.code for ref in entries["organisation_growth"].figures} == {"F03"}


def test_formulas_leave_no_sql_unsaid(dictionary: Dictionary) -> None:
    for theme in dictionary.indicators:
        for entry in theme.indicators:
            for _, formula in entry.formulas:
                assert not re.search(r"\b(SUM|COUNT|MIN|NULL|IN|AND|NOT)\b|[a-z]_[a-z]", formula.zh), (
                    formula.zh
                )


def test_a_rule_speaks_with_names_instead_of_placeholders(dictionary: Dictionary) -> None:
    rules = {rule.ref.code: rule for group in dictionary.rules for rule in group.rules}
    assert (
        rules["CO-101"].message.zh == "预备党员 〔填报值〕 人，多于党员总数 〔党员人数〕 人。请核对这两格。"
    )
    assert {ref.code for ref in rules["CO-YTD"].cells} == {"new_member_count_ytd"}
    assert not [rule.ref.code for rule in rules.values() if re.search(r"\{\w+\}", rule.message.zh)]


def test_published_tables_are_read_from_their_contracts(root: Path, sources: Sources) -> None:
    shutil.rmtree(root / "schemas" / "tables", ignore_errors=True)
    assert build_dictionary(sources, root).published == ()
    (root / "schemas" / "tables").mkdir()
    (root / "schemas" / "tables" / "sales.odcs.yaml").write_text(
        """
version: 2.1.0
schema:
  - name: sales
    physicalName: pub_v1.sales
    businessName: 销售
    description: Sales.
    properties:
      - {name: amount, businessName: 金额, logicalType: number, description: Amount sold.,
         customProperties: [{property: column, value: {unit: wan_yuan, zh: 销售金额}}]}
      - {name: year, businessName: 年份, logicalType: integer, description: Year.}
""",
        "utf-8",
    )
    (table,) = build_dictionary(sources, root).published
    assert (table.ref.code, table.version, table.description.en) == ("pub_v1.sales", "2.1.0", "Sales.")
    assert [(c.ref.code, c.description.zh, c.type, c.unit) for c in table.columns] == [
        ("amount", "销售金额", "number", "wan_yuan"),
        ("year", "年份", "integer", ""),
    ]


def test_the_committed_dictionary_is_fresh(project: Project) -> None:
    assert find_stale_dictionary(project, ROOT, COMMITTED) == [], "run `make dictionary`"


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("schemas/forms/activity.odcs.yaml", "businessName: 场次", "businessName: 活动场数", "forms.md"),
        ("schemas/codelists/chain_roles.csv", "上游", "上家", "codelists.md"),
        ("assets/indicators/services.yaml", "target: 0.9", "target: 0.95", "indicators.md"),
        ("assets/marts/service_duration.sql", "c.completed_at - c.accepted_at", "c.completed_at - c.completed_at", "marts.md"),
    ],
)  # fmt: skip
def test_a_change_of_a_definition_makes_the_markdown_stale(
    root: Path, project: Project, file: str, old: str, new: str, stale: str
) -> None:
    folder = root / "docs" / "dictionary"
    write_dictionary(project, ROOT, root / "out", folder)
    assert find_stale_dictionary(project, ROOT, folder) == []
    text = (root / file).read_text("utf-8")
    assert old in text
    (root / file).write_text(text.replace(old, new), "utf-8")
    found = find_stale_dictionary(load_project(root), root, folder)
    assert folder / stale in found


def test_what_is_missing_or_left_over_is_stale(root: Path, project: Project) -> None:
    folder = root / "docs"
    write_dictionary(project, ROOT, root / "out", folder)
    (folder / "marts.md").unlink()
    (folder / "poems.md").write_text("# Poems\n", "utf-8")
    assert find_stale_dictionary(project, ROOT, folder) == [folder / "marts.md", folder / "poems.md"]
    written = write_dictionary(project, ROOT, root / "out", folder)
    assert set(written.changed) == {folder / "marts.md", folder / "poems.md"}
    assert not (folder / "poems.md").exists()


def test_the_commands_write_where_they_are_told(tmp_path: Path) -> None:
    run = CliRunner()
    done = run.invoke(
        app, ["dictionary", "--out", str(tmp_path), "--json"], env={"G60_HOME": str(tmp_path / "home")}
    )
    assert done.exit_code == 0, done.output
    said = json.loads(done.output)
    assert [Path(page).name for page in said["pages"]] == ["dictionary.html", "lineage.html"]
    assert all(Path(page).exists() for page in said["pages"])
    assert (tmp_path / "dictionary" / "README.md").exists()
    alone = tmp_path / "alone" / "columns.html"
    done = run.invoke(app, ["lineage", "--out", str(alone)])
    assert (done.exit_code, done.output.strip()) == (0, str(alone))
    assert "dictionary.html" not in alone.read_text("utf-8")
    assert run.invoke(app, ["dictionary", "--check"]).exit_code == 0
