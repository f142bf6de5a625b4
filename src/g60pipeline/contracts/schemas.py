"""JSON Schemas of our own YAML, for editors and CI: `python -m g60pipeline.contracts.schemas [--check]`.

Belongs here: which model describes which kind of file, and keeping `schemas/meta/` in step with the models.
Not here: the models, and what a schema cannot say (the models' own validators, `form_checks.check_form`).
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from g60pipeline.contracts.corrections import CorrectionFile
from g60pipeline.contracts.feedback import FeedbackTexts
from g60pipeline.contracts.indicators import FigureFile, IndicatorFile, MartHeader, ScorecardFile
from g60pipeline.contracts.messages import Messages
from g60pipeline.contracts.odcs import FormDocument
from g60pipeline.contracts.releases import ReleaseRules
from g60pipeline.contracts.tables import TableDocument
from g60pipeline.contracts.templates import TemplateTexts
from g60pipeline.settings import find_project_root

_MODELS: dict[str, type[BaseModel]] = {
    "form": FormDocument,
    "table": TableDocument,
    "messages": Messages,
    "feedback": FeedbackTexts,
    "template": TemplateTexts,
    "indicators": IndicatorFile,
    "scorecards": ScorecardFile,
    "figures": FigureFile,
    "corrections": CorrectionFile,
    "releases": ReleaseRules,
    "mart_header": MartHeader,
}


class _Generator(GenerateJsonSchema):
    """No titles, which only repeat the keys; lists of one item in the older spelling, which editors know."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False

    def tuple_schema(self, schema: core_schema.TupleSchema) -> JsonSchemaValue:
        described = super().tuple_schema(schema)
        if len(described.get("prefixItems", ())) == 1:
            described["items"] = described.pop("prefixItems")[0]
        return described


def json_schemas() -> dict[str, dict[str, Any]]:
    """Return the JSON Schema of each kind of file, by the kind's name."""
    return {
        name: {"$schema": _Generator.schema_dialect, **model.model_json_schema(schema_generator=_Generator)}
        for name, model in _MODELS.items()
    }


def _render(folder: Path) -> dict[Path, str]:
    return {
        folder / f"{name}.schema.json": json.dumps(schema, ensure_ascii=False, indent=2) + "\n"
        for name, schema in json_schemas().items()
    }


def find_stale(folder: Path) -> list[Path]:
    """List the schemas in the folder that are missing, differ from their model, or have no model any more."""
    texts = _render(folder)
    known = {path: path.read_text(encoding="utf-8") for path in folder.glob("*.schema.json")}
    return sorted(path for path in texts.keys() | known.keys() if texts.get(path) != known.get(path))


def write_schemas(folder: Path) -> None:
    """Bring the folder in step with the models."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = _render(folder)
    for path in find_stale(folder):
        if path in texts:
            path.write_text(texts[path], encoding="utf-8")
        else:
            path.unlink()


def main(arguments: Sequence[str]) -> int:
    """Write `schemas/meta/`; with `--check` only name what is stale, and return 1 if anything is."""
    folder = find_project_root() / "schemas" / "meta"
    if "--check" not in arguments:
        write_schemas(folder)
        return 0
    stale = find_stale(folder)
    for path in stale:
        print(f"{path}: stale; run `make schemas`", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
