"""The base of all contract models, and YAML that remembers its lines.

Not here: any model with a meaning of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

_SafeLoader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ContractError(ValueError):
    """A contract that cannot be used. The message names file, line and what is wrong, one line each."""


class Model(BaseModel):
    """Frozen; an unknown key is an error, so that a typing error is never a silent default."""

    model_config = ConfigDict(frozen=True, extra="forbid", protected_namespaces=())


class Text(Model):
    """The same text for readers in Chinese and in English."""

    zh: str
    en: str


_STRING = "tag:yaml.org,2002:str"


class _Loader(_SafeLoader):
    """Safe, and a key that stands twice is an error, not the last one's win.

    Contracts are read whenever definitions are loaded, so plain mappings, lists and texts are built directly, without
    PyYAML's generators: half the time.
    """

    def construct_document(self, node: Any) -> Any:
        return self._build(node)

    def _build(self, node: Any) -> Any:
        if node.tag == _STRING:
            return node.value
        if isinstance(node, yaml.MappingNode):
            return self._build_mapping(node)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(item) for item in node.value]
        return self.construct_object(node)

    def _build_mapping(self, node: Any) -> dict[Any, Any]:
        self.flatten_mapping(node)
        built: dict[Any, Any] = {}
        for key_node, value in node.value:
            key = self._build(key_node)
            if key in built:
                problem = f"key {key} stands twice"
                raise yaml.constructor.ConstructorError(problem=problem, problem_mark=key_node.start_mark)
            built[key] = self._build(value)
        return built


M = TypeVar("M", bound=BaseModel)


def line_in(text: str, location: Sequence[str | int]) -> int:
    """Return the 1-based line of `location` (keys and indexes) in the YAML text, or its nearest parent's."""
    node: Any = yaml.compose(text, Loader=_Loader)
    line = 1
    for step in location:
        found = _step_into(node, step)
        if found is None:
            continue  # pydantic adds steps that the file does not have, such as a union's branch
        line, node = found
    return line


def line_of(path: Path, location: Sequence[str | int]) -> int:
    """Return the line of `location` in the YAML file."""
    return line_in(path.read_text(encoding="utf-8"), location)


def _step_into(node: Any, step: str | int) -> tuple[int, Any] | None:
    """Return the line of the key or item and the node behind it."""
    if isinstance(node, yaml.MappingNode):
        values = ((key.start_mark.line + 1, value) for key, value in node.value if key.value == str(step))
        return next(values, None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        item = node.value[step]
        return item.start_mark.line + 1, item
    return None


def parse_yaml(text: str, path: Path) -> Any:
    """Return the data of the text at the head of `path`; ContractError with the line when it is not YAML."""
    try:
        return yaml.load(text, Loader=_Loader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise ContractError(f"{path}:{line}: {error.problem}") from error
    except yaml.YAMLError as error:
        raise ContractError(f"{path}:1: {error}") from error


def read_yaml(path: Path) -> Any:
    """Return the file's data; ContractError with the line when it is not YAML or not UTF-8."""
    try:
        return parse_yaml(path.read_text(encoding="utf-8"), path)
    except UnicodeDecodeError as error:
        line = path.read_bytes().count(b"\n", 0, error.start) + 1
        raise ContractError(f"{path}:{line}: not UTF-8") from error


def validate(model: type[M], data: Any, path: Path, text: str | None = None) -> M:
    """Validate `data` as `model`; ContractError with `file:line: key: problem` for every fault.

    `text` is the YAML that the data came from, where that is only the head of the file.
    """
    try:
        return model.model_validate(data)
    except ValidationError as error:
        source = path.read_text(encoding="utf-8") if text is None else text
        faults = [
            f"{path}:{line_in(source, fault['loc'])}: {'.'.join(map(str, fault['loc']))}: {fault['msg']}"
            for fault in error.errors()
        ]
        raise ContractError("\n".join(faults)) from error


def read_model(model: type[M], path: Path) -> M:
    """Read a YAML file as `model`."""
    return validate(model, read_yaml(path), path)
