"""The correct returns of all units and months, and the writing of the whole sample.

Belongs here: who sends what, in which order. Not here: values (the modules by theme), wrong returns (faults),
files (writers).
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from g60pipeline.contracts.deadlines import ANY, Opening
from g60pipeline.contracts.periods import Period, period_range
from g60pipeline.contracts.project import Project as Contracts
from g60pipeline.sample.calibration import CLUSTERS, UNITS
from g60pipeline.sample.clusters import carrier_rows, organisation_row, register_rows
from g60pipeline.sample.counterparts import supplied_rows
from g60pipeline.sample.economy import economy_rows
from g60pipeline.sample.events import activity_rows, cooperation_rows, recognition_rows, service_rows
from g60pipeline.sample.faults import FAULTS, NOT_SENT, Fault
from g60pipeline.sample.model import (
    MONTHS,
    SYNTHETIC,
    ExpectedFinding,
    Forms,
    Return,
    Row,
    SampleFile,
    SampleManifest,
    Status,
)
from g60pipeline.sample.projects import Project, build_projects, project_rows
from g60pipeline.sample.registers import Registers, build_registers
from g60pipeline.sample.units import summary_row
from g60pipeline.sample.writers import Writer, suffix

_FIRST_OF_THE_BUREAUS = Period(2015, 1)
_UNIT_PLANS = {plan.code: plan for plan in UNITS}
# All of the sample arrives years after its months were locked. Fixed dates, so that every home opens the same.
SAMPLE_OPENING = Opening(
    unit_code=ANY,
    form=ANY,
    first_period=_FIRST_OF_THE_BUREAUS.key,
    last_period=MONTHS[-1].key,
    opened_from=date(2021, 1, 1),
    opened_until=date(2099, 12, 31),
    reason="合成样例：历史月份集中补报",
    opened_by="样例生成程序",
)


@dataclass(frozen=True)
class Parcel:
    """A file to be sent: its name, whose return for which month, what for and what becomes of it."""

    name: str
    unit_code: str
    period: Period
    sequence: int = 1
    purpose: str = "correct"
    status: Status = "accepted"
    fault: Fault | None = None


@dataclass(frozen=True)
class Sample:
    """Everything that is drawn once by seed; returns are made from it one by one."""

    contracts: Contracts
    seed: int
    registers: Registers
    projects: dict[str, list[Project]]

    def correct_return(self, unit_code: str, period: Period, sequence: int = 1) -> Return:
        """Return what the unit truthfully sends for the month: exactly the forms that it owes."""
        forms = self._forms(unit_code, period)
        owed = self.contracts.owed_forms(unit_code, period)
        return Return(
            unit_code=unit_code,
            period=period,
            sequence=sequence,
            cover=self._cover(unit_code, period, sequence),
            forms={form: forms.get(form, []) for form in owed},
        )

    def parcels(self) -> Iterator[Parcel]:
        """Yield the files in the order of sending: by month, then by unit; a correction follows its fault."""
        faults = {(fault.unit_code, fault.period): fault for fault in FAULTS}
        for period in period_range(_FIRST_OF_THE_BUREAUS, MONTHS[-1]):
            for unit in self.contracts.reporting_units(period):
                if (unit, period) not in NOT_SENT:
                    yield from _parcels_of(unit, period, faults.get((unit, period)))

    def _cover(self, unit_code: str, period: Period, sequence: int) -> Row:
        return {
            "unit_code": unit_code,
            "period": period.key,
            "template_version": self.contracts.template_versions.current.code,
            "sequence_number": sequence,
            "unit_name": self.contracts.code_lists["units"].label_zh(unit_code),
            "remark": SYNTHETIC,
        }

    def _forms(self, unit_code: str, period: Period) -> Forms:
        if unit_code not in _UNIT_PLANS:  # a bureau
            return {"district_economy": economy_rows(self.contracts, unit_code, period, self.seed)}
        step = MONTHS.index(period)
        forms = self._cluster_forms(unit_code, step)
        forms["unit_summary"] = [summary_row(_UNIT_PLANS[unit_code], forms, step, self.seed)]
        forms["recognition"] = recognition_rows(unit_code, step)
        return forms

    def _cluster_forms(self, unit_code: str, step: int) -> Forms:
        forms: Forms = {}
        for plan in (plan for plan in CLUSTERS if plan.host == unit_code):
            register = self.registers[plan.code]
            rows = {
                "cluster_organisation": [organisation_row(plan, register, step, self.seed)],
                "cluster_enterprise": register_rows(plan, register, step),
                "activity": activity_rows(plan, step, self.seed),
                "integration_project": project_rows(self.projects[plan.code], step),
                "service_case": service_rows(plan, register, step, self.seed),
                "chain_cooperation": cooperation_rows(plan, self.registers, step, self.seed),
                "innovation_carrier": carrier_rows(plan, step, self.seed),
            }
            for form, more in rows.items():
                forms.setdefault(form, []).extend(more)
        if forms:
            forms["chain_cooperation"] += supplied_rows(unit_code, self.registers, step, self.seed)
        return forms


def _parcels_of(unit: str, period: Period, fault: Fault | None) -> Iterator[Parcel]:
    stem, ending = f"{unit}_{period.key}", suffix(unit)
    if fault is None:
        yield Parcel(f"{stem}_1{ending}", unit, period)
        return
    yield Parcel(fault.file_name, unit, period, purpose=fault.kind, status=fault.status, fault=fault)
    if fault.is_corrected:
        yield Parcel(f"{stem}_2{ending}", unit, period, sequence=2, purpose="corrected")


def build_sample(contracts: Contracts, seed: int = 2021) -> Sample:
    """Draw everything that chance decides."""
    return Sample(contracts, seed, build_registers(seed), build_projects(seed))


def write_sample(
    project: Contracts,
    folder: Path,
    seed: int = 2021,
    progress: Callable[[int, int], None] | None = None,
    manifest_path: Path | None = None,
) -> SampleManifest:
    """Write every file of the sample into `folder` and `manifest.json` beside it, unless told where.

    `progress` is told how many files are done, of how many. The same seed gives the same bytes.
    """
    folder.mkdir(parents=True, exist_ok=True)
    sample, writer = build_sample(project, seed), Writer(project)
    parcels = list(sample.parcels())
    files: list[SampleFile] = []
    for done, parcel in enumerate(parcels, start=1):
        files.append(_write_parcel(parcel, sample, writer, folder))
        if progress is not None:
            progress(done, len(parcels))
    not_sent = tuple((unit, period.key) for unit, period in NOT_SENT)
    manifest = SampleManifest(seed, tuple(files), not_sent, manifest_path or folder.parent / "manifest.json")
    text = json.dumps(manifest.as_json(), ensure_ascii=False, indent=1)
    manifest.manifest_path.write_text(text + "\n", encoding="utf-8")
    return manifest


def render(parcel: Parcel, sample: Sample, writer: Writer) -> tuple[bytes, list[ExpectedFinding]]:
    """Return the file's bytes and the findings that it must get."""
    sent: Return | bytes = sample.correct_return(parcel.unit_code, parcel.period, parcel.sequence)
    findings: list[ExpectedFinding] = []
    if parcel.fault is not None:
        sent, findings = parcel.fault.apply(sent)
    return sent if isinstance(sent, bytes) else writer.render(sent), findings


def _write_parcel(parcel: Parcel, sample: Sample, writer: Writer, folder: Path) -> SampleFile:
    content, findings = render(parcel, sample, writer)
    (folder / parcel.name).write_bytes(content)
    return SampleFile(
        name=parcel.name,
        sha256=hashlib.sha256(content).hexdigest(),
        unit_code=parcel.unit_code,
        period=parcel.period.key,
        purpose=parcel.purpose,
        expected_status=parcel.status,
        expected_findings=tuple(findings),
    )
