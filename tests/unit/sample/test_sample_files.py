from __future__ import annotations

import csv
import hashlib
import io
import json
import zipfile
from collections import Counter
from datetime import datetime
from pathlib import Path

import openpyxl
import pytest
from sample_files import Written

from g60pipeline.contracts.periods import Period
from g60pipeline.contracts.project import Project
from g60pipeline.sample.faults import FAULTS, NOT_SENT
from g60pipeline.sample.generate import Sample, build_sample, render
from g60pipeline.sample.model import SYNTHETIC
from g60pipeline.sample.writers import Writer


def csv_rows(path: Path, member: str, encoding: str) -> list[list[str]]:
    with zipfile.ZipFile(path) as archive:
        return list(csv.reader(io.StringIO(archive.read(member).decode(encoding))))


def test_the_manifest_lists_every_file_with_its_fingerprint(written: Written) -> None:
    on_disk = {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in written.folder.iterdir()}

    assert {file["name"]: file["sha256"] for file in written.document["files"]} == on_disk
    assert len(on_disk) == len(written.document["files"])
    assert len(set(on_disk.values())) == len(on_disk)
    assert written.manifest.manifest_path == written.folder.parent / "manifest.json"


def test_every_owed_return_is_sent_once_rightly_or_listed_as_missing(
    project: Project, written: Written
) -> None:
    files = written.manifest.files
    is_right = {f.name: f.purpose in ("correct", "corrected") for f in files}
    right = Counter((f.unit_code, f.period) for f in files if is_right[f.name])
    wrong = {(f.unit_code, f.period): f.purpose for f in files if not is_right[f.name]}
    corrected = {(f.unit_code, f.period) for f in files if f.purpose == "corrected"}

    assert set(right.values()) == {1}
    assert len(right) == 72 * 2 + 22 * 12 + 20 - 5
    assert corrected == {(f.unit_code, f.period.key) for f in FAULTS if f.is_corrected}
    assert wrong == {(f.unit_code, f.period.key): f.kind for f in FAULTS}
    assert written.document["not_sent"] == [[unit, period.key] for unit, period in NOT_SENT]
    assert not right.keys() & {(unit, period.key) for unit, period in NOT_SENT}


def test_the_same_seed_gives_the_same_bytes(project: Project, written: Written) -> None:
    sample, writer = build_sample(project), Writer(project)
    chosen = {
        parcel.name: parcel for parcel in sample.parcels() if parcel.period.key in ("2021-05", "2021-07")
    }
    kinds = {Path(name).suffix for name in chosen}

    assert kinds == {".xlsx", ".zip", ".json"}
    for name, parcel in chosen.items():
        assert render(parcel, sample, writer)[0] == (written.folder / name).read_bytes(), name


def test_another_seed_gives_other_bytes(project: Project, sample: Sample) -> None:
    other, writer = build_sample(project, seed=3), Writer(project)
    parcel = next(p for p in sample.parcels() if p.name == "310117501_2021-05_1.xlsx")

    assert render(parcel, sample, writer) != render(parcel, other, writer)


def test_a_workbook_has_cover_title_headings_and_words(
    project: Project, sample: Sample, written: Written
) -> None:
    book = openpyxl.load_workbook(written.folder / "310117107_2021-12_1.xlsx")
    cover = {row[0]: row[1] for row in book["封面"].iter_rows(values_only=True)}
    owed = [project.forms[form] for form in project.owed_forms("310117107", Period(2021, 12))]

    assert book.sheetnames == ["封面", *(form.sheet for form in owed)]
    assert (cover["报送单位代码"], cover["报送期"], cover["模板版本"], cover["报送序号"]) == (
        "310117107",
        "2021-12",
        "2021.1",
        1,
    )
    for form in owed:
        above = list(book[form.sheet].iter_rows(max_row=3, values_only=True))
        assert above[0][0] == f"{form.title.zh}（{SYNTHETIC}）"
        assert list(above[2]) == [field.heading for field in form.fields]
    row = [cell.value for cell in book["集群企业名册"][4]]
    typed = sample.correct_return("310117107", Period(2021, 12)).forms["cluster_enterprise"][0]
    assert row[:3] == ["C01", typed["enterprise_uscc"], typed["enterprise_name"]]
    assert row[3] == "龙头"
    assert row[6] == "是"
    assert isinstance(row[15], datetime)
    assert row[15].date() == typed["joined_on"]
    assert book.properties.title == book.properties.description == SYNTHETIC
    assert book.properties.created == datetime(2021, 1, 1)


@pytest.mark.parametrize(
    ("unit", "encoding", "sheet"),
    [("310117001", "utf-8", "单位汇总表"), ("310117102", "gb18030", "集群企业名册")],
)
def test_two_units_send_zips_of_csv(written: Written, unit: str, encoding: str, sheet: str) -> None:
    path = written.folder / f"{unit}_2021-03_1.zip"
    cover = dict(csv_rows(path, "封面.csv", encoding))
    rows = csv_rows(path, f"{sheet}.csv", encoding)

    assert (cover["报送单位代码"], cover["备注"]) == (unit, SYNTHETIC)
    assert rows[0][0] in ("单位代码", "集群代码")
    assert rows[1][0] in (unit, "C08")


def test_the_gb18030_files_are_not_utf_8(written: Written) -> None:
    with pytest.raises(UnicodeDecodeError):
        csv_rows(written.folder / "310117102_2021-03_1.zip", "封面.csv", "utf-8")


def test_one_unit_sends_json(written: Written) -> None:
    document = json.loads((written.folder / "310117U01_2021-11_1.json").read_text("utf-8"))
    expo = next(row for row in document["组织活动表"] if row["活动类别"] == "双创博览会")

    assert document["封面"]["备注"] == SYNTHETIC
    assert expo["活动日期"].startswith("2021-11-")
    assert document["荣誉表"] == []


def test_every_kind_of_file_says_that_it_is_synthetic(written: Written) -> None:
    for name in ("310117U03_2015-01_1.xlsx", "310117U04_2019-07_1.xlsx", "310117501_2021-05_2.xlsx"):
        book = openpyxl.load_workbook(written.folder / name, read_only=True)
        assert ("备注", SYNTHETIC) in list(book["封面"].iter_rows(values_only=True))
