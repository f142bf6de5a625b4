"""Structured logs: what happened, as one line per event, with the ids by which it is found again.

Belongs here: how an event is written and where to. Not here: which events there are and what each says (operations.events).

`G60_LOG` says where to: unset, as JSON lines into `<home>/logs/g60.jsonl` (whoever rotates that file may rename it: it is
opened anew); `json`, as JSON lines on stderr; `text`, as readable lines on stderr. Dagster keeps the same lines in its event
log, whatever is set.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from io import TextIOWrapper
from logging.handlers import WatchedFileHandler
from pathlib import Path
from types import MappingProxyType
from typing import Any

MODES = ("", "json", "text")
_LOGGER = logging.getLogger("g60pipeline")
_NONE: Mapping[str, Any] = MappingProxyType({})
_IDS: ContextVar[Mapping[str, Any]] = ContextVar("g60_ids", default=_NONE)


@contextmanager
def log_with(**ids: Any) -> Generator[None]:
    """Write these ids with every event within."""
    token = _IDS.set({**_IDS.get(), **ids})
    try:
        yield
    finally:
        _IDS.reset(token)


def emit(event: str, level: int = logging.INFO, **ids: Any) -> None:
    """Write an event with its ids and those of `log_with`; an id that is None is left out.

    The message holds all of it too, so that it reads the same where only messages are kept.
    """
    known = {name: value for name, value in {**_IDS.get(), **ids}.items() if value is not None}
    words = [event, *(f"{name}={_quote(value)}" for name, value in known.items())]
    _LOGGER.log(level, "%s", " ".join(words), extra={"g60": {"event": event, **known}})


def _quote(value: Any) -> str:
    text = str(value)
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' ="\n') else text


class JsonFormatter(logging.Formatter):
    """One JSON object per line: time, level, event, ids; of a record that is no event, its message."""

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        said: dict[str, Any] = getattr(record, "g60", None) or {
            "event": "message",
            "message": record.getMessage(),
        }
        entry = {"time": at.replace("+00:00", "Z"), "level": record.levelname.lower(), **said}
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False, default=str)


class _LogFile(WatchedFileHandler):
    """A file whose folder is made with its first line."""

    def _open(self) -> TextIOWrapper:
        Path(self.baseFilename).parent.mkdir(parents=True, exist_ok=True)
        return super()._open()


class _Stderr(logging.StreamHandler[Any]):
    """Stderr as it is at each line."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        self.stream = sys.stderr
        super().emit(record)


def configure_logs(home: Path, mode: str) -> None:
    """Write the events of this process where `mode` says, in place of where they went before."""
    if mode not in MODES:
        raise ValueError(f"G60_LOG is {mode}, but may only be json, text or unset")
    for handler in [h for h in _LOGGER.handlers if isinstance(h, (_LogFile, _Stderr))]:
        _LOGGER.removeHandler(handler)
        handler.close()
    fresh = _Stderr() if mode else _LogFile(home / "logs" / "g60.jsonl", encoding="utf-8", delay=True)
    text = logging.Formatter("%(asctime)s %(levelname)s %(message)s")
    fresh.setFormatter(text if mode == "text" else JsonFormatter())
    _LOGGER.addHandler(fresh)
    _LOGGER.setLevel(logging.INFO)
