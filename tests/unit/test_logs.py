"""Events as lines: which ids they bear, where they go, that they survive a rotated file."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from g60pipeline.logs import configure_logs, emit, log_with


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """What a test sets, the next one does not find."""
    logger = logging.getLogger("g60pipeline")
    before = list(logger.handlers)
    yield
    for handler in [h for h in logger.handlers if h not in before]:
        logger.removeHandler(handler)
        handler.close()


def lines(home: Path) -> list[dict[str, object]]:
    text = (home / "logs" / "g60.jsonl").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_an_event_bears_its_ids_and_those_around_it(tmp_path: Path) -> None:
    configure_logs(tmp_path, "")
    with log_with(run="r1"), log_with(month="2021-11"):
        emit("received", submission=7, unit="310117001", sha256=None)
    emit("published", snapshot="s")
    first, second = lines(tmp_path)
    assert first.pop("time", "")
    assert first == {
        "level": "info", "event": "received", "run": "r1", "month": "2021-11", "submission": 7, "unit": "310117001",
    }  # fmt: skip
    assert "run" not in second


def test_the_message_alone_says_all_of_it(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    configure_logs(tmp_path, "")
    emit("alerted", subject="2 runs\nfailed", kept=0, note="")
    assert caplog.messages == ['alerted subject="2 runs\\nfailed" kept=0 note=""']


def test_json_and_text_go_to_stderr_and_to_no_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logs(tmp_path, "json")
    emit("loaded", submission=1)
    assert json.loads(capsys.readouterr().err)["submission"] == 1
    configure_logs(tmp_path, "text")
    emit("loaded", logging.WARNING, submission=1)
    assert capsys.readouterr().err.endswith("WARNING loaded submission=1\n")
    assert not (tmp_path / "logs").exists()


def test_a_file_that_was_rotated_away_is_made_anew(tmp_path: Path) -> None:
    configure_logs(tmp_path, "")
    emit("loaded", submission=1)
    (tmp_path / "logs" / "g60.jsonl").rename(tmp_path / "old")
    emit("loaded", submission=2)
    assert [line["submission"] for line in lines(tmp_path)] == [2]


def test_any_other_record_and_its_exception_are_json_too(tmp_path: Path) -> None:
    configure_logs(tmp_path, "")
    try:
        raise OSError("disk full")
    except OSError:
        logging.getLogger("g60pipeline.intake").exception("cannot write %s", "x")
    (line,) = lines(tmp_path)
    assert (line["event"], line["message"], line["level"]) == ("message", "cannot write x", "error")
    assert "OSError: disk full" in str(line["exception"])


def test_another_place_is_wrong(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="G60_LOG is xml"):
        configure_logs(tmp_path, "xml")
