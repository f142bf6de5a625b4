"""The whole of `schemas/` and `assets/`, loaded once. Not here: any one file's shape."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path

from pydantic import Field as Attr

from g60pipeline.contracts.base import ContractError, Model, line_of, read_model
from g60pipeline.contracts.boundaries import (
    ClusterHost,
    UnitLink,
    ancestors,
    host_in,
    read_cluster_hosts,
    read_unit_links,
)
from g60pipeline.contracts.boundary_faults import find_boundary_faults
from g60pipeline.contracts.codelists import CodeList, Obligation, read_code_list, read_obligations
from g60pipeline.contracts.corrections import Correction, read_corrections
from g60pipeline.contracts.definitions import definitions_hash, read_definitions
from g60pipeline.contracts.feedback import FeedbackTexts
from g60pipeline.contracts.form_checks import check_form
from g60pipeline.contracts.forms import Form, read_form
from g60pipeline.contracts.indicators import (
    FigureFile,
    Indicator,
    IndicatorFile,
    Mart,
    Scorecard,
    ScorecardFile,
    read_indicator_file,
    read_mart,
)
from g60pipeline.contracts.messages import Messages
from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.releases import ReleaseRules
from g60pipeline.contracts.rules import with_generated_rules
from g60pipeline.contracts.tables import PublishedTable, find_table_faults, read_tables
from g60pipeline.contracts.templates import TemplateTexts, TemplateVersions

DISTRICT = "310117"


class Project(Model):
    """Everything that is promised. `forms` are the ten; the cover stands apart."""

    root: Path
    cover: Form
    forms: dict[str, Form]
    code_lists: dict[str, CodeList]
    obligations: tuple[Obligation, ...]
    unit_links: tuple[UnitLink, ...] = ()
    cluster_hosts: tuple[ClusterHost, ...] = ()
    corrections: tuple[Correction, ...] = ()
    messages: Messages
    feedback: FeedbackTexts
    template: TemplateTexts
    indicator_files: tuple[IndicatorFile, ...] = ()
    marts: dict[str, Mart] = Attr(default_factory=dict)
    scorecards: tuple[Scorecard, ...] = ()
    figures: FigureFile | None = None
    release_rules: ReleaseRules | None = None
    tables: dict[str, PublishedTable] = Attr(default_factory=dict)
    rules_version: str
    definitions_version: str

    @cached_property
    def indicators(self) -> dict[str, Indicator]:
        """Indicators by id."""
        return {indicator.id: indicator for file in self.indicator_files for indicator in file.indicators}

    @cached_property
    def has_several_districts(self) -> bool:
        """Say whether figures above the district mean anything."""
        return len(self.code_lists["units"].codes_where("kind", "district")) > 1

    @cached_property
    def district_of(self) -> dict[str, str | None]:
        """District of each unit, by the unit's code; None for what lies above the districts."""
        units = self.code_lists["units"]
        return {code: ancestors(code, units).get("district") for code in units.by_code}

    @cached_property
    def has_regroupings(self) -> bool:
        """Say whether figures on today's boundaries can differ from those on the boundaries of their time."""
        return bool(self.unit_links or self.cluster_hosts)

    @cached_property
    def form_by_sheet(self) -> dict[str, Form]:
        """Forms by the name of their sheet and by their own name (for CSV files)."""
        forms = (self.cover, *self.forms.values())
        return {name: form for form in forms for name in (form.sheet, form.name)}

    @cached_property
    def template_versions(self) -> TemplateVersions:
        """Versions of the template."""
        return TemplateVersions(versions=self.code_lists["template_versions"])

    def owed_forms(self, unit_code: str, period: Period) -> tuple[str, ...]:
        """Forms that the unit owes for the period, in the order of the code list."""
        return tuple(o.form for o in self.obligations if o.unit_code == unit_code and o.is_owed_in(period))

    def reporting_units(self, period: Period) -> tuple[str, ...]:
        """Units that owe anything for the period, in the order of the code list."""
        owing = dict.fromkeys(o.unit_code for o in self.obligations if o.is_owed_in(period))
        return tuple(owing)

    def attribute_in(self, code_list: str, attribute: str, code: str, period: Period) -> str | None:
        """Return a code's attribute at the end of the period, None where it has none; only clusters' hosts change."""
        value = self.code_lists[code_list].by_code[code].attributes.get(attribute) or None
        if value is None or (code_list, attribute) != ("clusters", "host_unit"):
            return value
        return host_in(code, period, self.cluster_hosts, value)

    def codes_owned_by(
        self, code_list: str, attribute: str, unit_code: str, period: Period
    ) -> tuple[str, ...]:
        """Codes valid at the end of the period whose attribute then named the unit, such as the clusters it hosted."""
        valid = self.code_lists[code_list].valid_codes(period)
        return tuple(c for c in valid if self.attribute_in(code_list, attribute, c, period) == unit_code)

    def subjects_of(self, district: str, level: str, period: Period) -> frozenset[str]:
        """Subjects of a level that are the district's in the month: clusters by their host, else units, itself, and
        what lies above it."""
        if level != "cluster":
            above = ancestors(district, self.code_lists["units"]).values()
            return frozenset(above) | {unit for unit, of in self.district_of.items() if of == district}
        hosts = {
            c: self.attribute_in("clusters", "host_unit", c, period)
            for c in self.code_lists["clusters"].by_code
        }
        return frozenset(c for c, host in hosts.items() if host and self.district_of.get(host) == district)

    def clusters_hosted_by(self, unit_code: str, period: Period) -> tuple[str, ...]:
        """Clusters that the unit hosted at the end of the period."""
        return self.codes_owned_by("clusters", "host_unit", unit_code, period)


# Lists of the folder that are no code lists.
_RELATIONS = frozenset({"obligations", "unit_links", "cluster_hosts"})


def _hash(paths: list[Path]) -> str:
    digest = hashlib.sha256()
    for path in paths:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()[:16]


def _unknown_codes(form: Form, code_lists: dict[str, CodeList]) -> Iterator[str]:
    for index, field in enumerate(form.fields):
        problems: list[str] = []
        if field.code_list is not None and field.code_list not in code_lists:
            problems.append(f"uses the code list {field.code_list}, which does not exist")
        if field.unit is not None and field.unit not in code_lists["measurement_units"].by_code:
            problems.append(f"is in {field.unit}, which is no unit of measure")
        for problem in problems:
            line = line_of(form.path, ["schema", 0, "properties", index])
            yield f"{form.path}:{line}: {field.name} {problem}"


def _check_references(project: Project) -> None:
    forms = (project.cover, *project.forms.values())
    faults = [fault for form in forms for fault in _unknown_codes(form, project.code_lists)]
    known = set(project.forms)
    faults += [
        f"obligations.csv: {o.unit_code} owes {o.form}, which is no form"
        for o in project.obligations
        if o.form not in known
    ]
    faults += find_boundary_faults(
        project.code_lists, project.obligations, project.unit_links, project.cluster_hosts
    )
    unsaid = sorted(known - set(project.template.grains))
    faults += [f"template.yaml: grains does not say what a row of {name} is" for name in unsaid]
    if all(code.valid_to for code in project.code_lists["template_versions"].codes):
        faults.append("template_versions.csv: no version is in use; one needs a blank valid_to")
    measurement_units = project.code_lists["measurement_units"]
    faults += find_table_faults(project.tables, measurement_units, project.scorecards)
    if faults:
        raise ContractError("\n".join(faults))


def _read_whole_form(path: Path, messages: Messages) -> Form:
    form = read_form(path)
    check_form(form)
    return with_generated_rules(form, messages)


def load_project(root: Path) -> Project:
    """Load `schemas/` and `assets/` below `root`; ContractError names file and line of whatever is wrong."""
    schemas, assets = root / "schemas", root / "assets"
    messages = read_model(Messages, schemas / "messages.yaml")
    form_paths = sorted((schemas / "forms").glob("*.odcs.yaml"))
    forms = {form.name: form for form in (_read_whole_form(path, messages) for path in form_paths)}
    list_paths = sorted(path for path in (schemas / "codelists").glob("*.csv") if path.stem not in _RELATIONS)
    obligations = schemas / "codelists" / "obligations.csv"
    indicator_files = tuple(
        read_indicator_file(path) for path in sorted((assets / "indicators").glob("*.yaml"))
    )
    figures = assets / "figures" / "published_2021.yaml"
    releases = assets / "releases.yaml"
    scorecards = assets / "reports" / "scorecards.yaml"
    code_lists = {path.stem: read_code_list(path) for path in list_paths}
    units, folder = code_lists["units"], schemas / "codelists"
    hosts = [path for path in [folder / "cluster_hosts.csv"] if path.exists()]
    project = Project(
        root=root,
        cover=forms.pop("cover"),
        forms=forms,
        code_lists=code_lists,
        obligations=read_obligations(obligations),
        unit_links=read_unit_links(folder / "unit_links.csv", units),
        cluster_hosts=read_cluster_hosts(folder / "cluster_hosts.csv", code_lists["clusters"], units),
        corrections=read_corrections(assets / "corrections", forms, code_lists),
        messages=messages,
        feedback=read_model(FeedbackTexts, schemas / "feedback.yaml"),
        template=read_model(TemplateTexts, schemas / "template.yaml"),
        indicator_files=indicator_files,
        marts={path.stem: read_mart(path) for path in sorted((assets / "marts").glob("*.sql"))},
        scorecards=read_model(ScorecardFile, scorecards).scorecards if scorecards.exists() else (),
        figures=read_model(FigureFile, figures) if figures.exists() else None,
        release_rules=read_model(ReleaseRules, releases) if releases.exists() else None,
        tables=read_tables(schemas / "tables", assets / "published"),
        definitions_version=definitions_hash(read_definitions(root)),
        rules_version=_hash([*form_paths, *list_paths, obligations, *hosts, schemas / "messages.yaml"]),
    )
    _check_references(project)
    return project
