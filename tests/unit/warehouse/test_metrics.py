"""The counts that operators watch: right numbers on both engines, in a format that Prometheus reads."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from ledger_world import HOST, MONTH, TOWN, Ledger

from g60pipeline.operations.metrics import LastRun, write_metrics_file
from g60pipeline.reports.prometheus import Metric, write_metrics
from g60pipeline.settings import Settings, load_settings
from g60pipeline.warehouse.connect import POSTGRES

AT = datetime(2021, 12, 28, 2)  # units report November; the last grace for it has ended
RUNS = [LastRun("month", datetime(2021, 12, 6), True), LastRun("publish", datetime(2021, 12, 7), False)]
NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
LABEL = r'[a-zA-Z_][a-zA-Z0-9_]*="(?:[^"\\\n]|\\["\\n])*"'
SAMPLE = re.compile(
    rf"({NAME})(?:\{{((?:{LABEL})(?:,{LABEL})*)\}})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|NaN|[+-]Inf)"
)
ABOUT = re.compile(rf"# (HELP|TYPE) ({NAME}) (.+)")


def parse(text: str) -> dict[str, float]:
    """Read the exposition format strictly: HELP, then TYPE, then the samples of that metric, each series once."""
    assert text.endswith("\n")
    found: dict[str, float] = {}
    seen: list[tuple[str, str]] = []
    for line in text.splitlines():
        if about := ABOUT.fullmatch(line):
            assert (about[1], about[2]) not in seen
            seen.append((about[1], about[2]))
            assert about[1] == "HELP" or about[3] in {"counter", "gauge"}
            continue
        sample = SAMPLE.fullmatch(line)
        assert sample is not None, line
        assert seen[-2:] == [("HELP", sample[1]), ("TYPE", sample[1])]
        series = f"{sample[1]}{{{sample[2]}}}" if sample[2] else sample[1]
        assert series not in found
        found[series] = float(sample[3])
    return found


@pytest.fixture
def settings(ledger: Ledger, tmp_path: Path) -> Settings:
    url = ledger.warehouse.url.render_as_string(hide_password=False)
    return replace(load_settings({"G60_HOME": str(tmp_path)}), warehouse_url=url)


def read(settings: Settings, ledger: Ledger) -> dict[str, float]:
    if ledger.warehouse.engine.dialect.name != POSTGRES:
        ledger.warehouse.close()  # the file can be open for reading or for writing in a process, not for both
    return parse(write_metrics_file(settings, ledger.warehouse.project, RUNS, AT).read_text("utf-8"))


def test_counts_are_those_of_the_ledger(settings: Settings, ledger: Ledger) -> None:
    ledger.submit(TOWN, datetime(2021, 12, 2))
    number = ledger.submit(HOST, datetime(2021, 12, 3), "returned")
    ledger.submit(HOST, datetime(2021, 12, 4), None, period="2021-10")
    ledger.judge(
        number, "returned", datetime(2021, 12, 5)
    )  # by new rules: what the first verdict found is past
    finding = {
        "verdict_id": 3, "submission_id": number, "form": "activity", "rule": "r", "code": "c", "level": 1,
        "finding_key": "k", "message_zh": "错", "message_en": "wrong",
    }  # fmt: skip
    for n, severity in enumerate(["critical", "critical", "warning"]):
        ledger.insert("ops.finding", {**finding, "finding_no": n, "severity": severity})
    ledger.insert("ops.finding", {**finding, "verdict_id": 2, "finding_no": 0, "severity": "warning"})
    inbox = Path(settings.inbox)
    inbox.mkdir()
    (inbox / "1.xlsx").write_bytes(b"x" * 1001)  # as in the ledger
    (inbox / "1 (2).xlsx").write_bytes(b"new")
    settings.outbox.mkdir()
    (settings.outbox / "a.json").touch()

    found = read(settings, ledger)
    assert found['g60_submissions{month="2021-11",status="accepted"}'] == 1
    assert found['g60_submissions{month="2021-11",status="returned"}'] == 1
    assert found['g60_submissions{month="2021-10",status="received"}'] == 1
    assert found['g60_submissions{month="2021-09",status="accepted"}'] == 0
    assert found[f'g60_findings{{month="{MONTH}",severity="critical"}}'] == 2
    assert found[f'g60_findings{{month="{MONTH}",severity="warning"}}'] == 1
    assert found['g60_units{month="2021-11",state="expected"}'] == 22
    assert found['g60_units{month="2021-11",state="received"}'] == 2
    assert found['g60_units{month="2021-11",state="accepted"}'] == 1
    assert found['g60_units{month="2021-11",state="overdue"}'] == 21
    assert found["g60_inbox_backlog_files"] == 1
    assert found["g60_outbox_unsent_messages"] == 1
    assert found['g60_last_run_success{job="month"}'] == 1
    assert found['g60_last_run_success{job="publish"}'] == 0
    assert found['g60_last_run_timestamp_seconds{job="month"}'] == 1638748800
    assert found["g60_warehouse_size_bytes"] > 1_000_000
    assert found["g60_warehouse_readable"] == 1


def test_months_that_were_released_say_when(settings: Settings, ledger: Ledger) -> None:
    ledger.insert("release.release", {
        "release_id": "2021-11.1", "period": MONTH, "release_no": 1, "stage": "preliminary", "cut_submission_id": 0,
        "cut_verdict_id": 0, "cut_correction_event_id": 0, "definitions_hash": "h", "created_at": datetime(2021, 12, 9),
        "manifest": {}, "manifest_sha256": "m",
    })  # fmt: skip
    found = read(settings, ledger)
    with ledger.warehouse.transaction() as connection:
        connection.exec_driver_sql("DELETE FROM release.release")
    assert found['g60_last_release_timestamp_seconds{month="2021-11"}'] == 1639008000


def test_what_cannot_be_read_is_left_out_and_said(tmp_path: Path, ledger: Ledger) -> None:
    settings = load_settings({"G60_HOME": str(tmp_path)})
    found = parse(
        write_metrics_file(
            settings, ledger.warehouse.project, [], AT, tmp_path / "m" / "g60.prom"
        ).read_text()
    )
    assert found["g60_warehouse_readable"] == 0
    assert not any(series.startswith("g60_units") for series in found)


def test_labels_are_escaped() -> None:
    text = write_metrics([Metric("g60_x", "About.", [({"job": 'a"b\\c\nd'}, 0.5)])])
    assert parse(text) == {'g60_x{job="a\\"b\\\\c\\nd"}': 0.5}
