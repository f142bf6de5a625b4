"""Reminders really go out: to a web server and to a mail server on this machine."""

from __future__ import annotations

import email
import socketserver
from collections.abc import Iterator
from email.header import decode_header, make_header
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from board_world import AT, HOST, PERIOD, status_row
from local_servers import serving, url

from g60pipeline.contracts.project import Project
from g60pipeline.reports.notify import Sending, parse_targets, send_outbox
from g60pipeline.reports.outbox import put_digest, unsent
from g60pipeline.reports.reminders import DISTRICT, build_digests

# apprise looks for a module of the standard library under a name that Python 3.13 drops.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")


class Mail(socketserver.StreamRequestHandler):
    """As much of SMTP as it takes to receive a message."""

    def say(self, text: str) -> None:
        self.wfile.write(text.encode() + b"\r\n")

    def handle(self) -> None:
        self.say("220 here")
        while line := self.rfile.readline().strip().upper():
            if line.startswith(b"DATA"):
                self.say("354 go on")
                lines = iter(self.rfile.readline, b".\r\n")
                self.server.mails.append(email.message_from_bytes(b"".join(lines)))  # type: ignore[attr-defined]
            self.say("221 bye" if line == b"QUIT" else "250 fine")
            if line == b"QUIT":
                break


@pytest.fixture
def mail() -> Iterator[Any]:
    server: Any = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
    server.mails = []
    with serving(server):
        yield server


@pytest.fixture
def outbox(project: Project, tmp_path: Path) -> Path:
    """A reminder for a unit and one for the district."""
    for digest in build_digests(project, pd.DataFrame([status_row(HOST, "activity", PERIOD, "overdue")]), AT):
        put_digest(tmp_path, digest, PERIOD, AT)
    return tmp_path


def test_a_webhook_gets_the_districts_reminder_once(web: Any, outbox: Path) -> None:
    targets = parse_targets(url(web))
    assert send_outbox(outbox, targets, AT) == Sending(sent=1, kept=1)
    (posted,) = web.posted
    assert posted["title"] == "【报送提醒】1 家单位有 1 张报表待报送"
    assert "佘山镇" in posted["message"]
    assert send_outbox(outbox, targets, AT) == Sending(kept=1)
    assert len(web.posted) == 1


def test_a_unit_with_an_address_of_its_own_gets_its_own_reminder(web: Any, outbox: Path) -> None:
    assert send_outbox(outbox, parse_targets(f"{HOST}={url(web)}"), AT) == Sending(sent=1, kept=1)
    assert web.posted[0]["title"].startswith("【报送提醒】佘山镇")


def test_a_mail_server_gets_the_reminder_in_chinese(mail: Any, outbox: Path) -> None:
    port = mail.server_address[1]
    address = f"{HOST}=mailto://127.0.0.1:{port}?from=g60@example.org&to=town@example.org&mode=insecure"
    assert send_outbox(outbox, parse_targets(address), AT) == Sending(sent=1, kept=1)
    (message,) = mail.mails
    assert str(make_header(decode_header(message["Subject"]))).startswith("【报送提醒】佘山镇")
    assert message["To"] == "town@example.org"
    text = next(part for part in message.walk() if part.get_content_type().startswith("text/"))
    body = text.get_payload(decode=True)
    assert isinstance(body, bytes)
    assert "宽限期已过" in body.decode()


def test_what_is_refused_stays_and_is_sent_the_next_time(web: Any, outbox: Path) -> None:
    web.answer = 503
    targets = parse_targets(url(web))
    assert send_outbox(outbox, targets, AT) == Sending(failed=1, kept=1)
    assert len(unsent(outbox)) == 2
    web.answer = 200
    assert send_outbox(outbox, targets, AT) == Sending(sent=1, kept=1)


@pytest.mark.parametrize("address", ["json://127.0.0.1:1/", "nosuchservice://example"])
def test_an_address_that_does_not_work_is_a_failure_and_no_crash(outbox: Path, address: str) -> None:
    assert send_outbox(outbox, parse_targets(address), AT) == Sending(failed=1, kept=1)


def test_addresses_belong_to_units_or_to_the_district() -> None:
    text = f"json://a/x?y=z {HOST}=mailto://u:p@b\n{HOST}=json://c"
    assert parse_targets(text) == {DISTRICT: ["json://a/x?y=z"], HOST: ["mailto://u:p@b", "json://c"]}
    assert parse_targets("  ") == {}


def test_a_wrong_entry_is_named_by_its_place_and_never_quoted() -> None:
    with pytest.raises(ValueError, match="entry 2 of G60_NOTIFY_URLS") as refusal:
        parse_targets("json://a hunter2@example")
    assert "hunter2" not in str(refusal.value)
