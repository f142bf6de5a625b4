"""What is promised: pydantic models and the loader of `schemas/` and `assets/`.

Belongs here: forms, rules, code lists, indicators, messages, published figures, and the errors that name file and line.
Not here: reading returns (intake), judging them (quality), SQL (indicators, warehouse). Pure: no I/O but reading the
project's own files, no third-party library but pydantic and PyYAML.
"""
