"""Synthetic returns that reproduce the published figures of 2021.

Belongs here: made-up enterprises, clusters and returns, the wrong returns and what is expected of them, the
files. Not here: reading or judging returns (intake, quality). All of it is deterministic by seed, and marked
as synthetic.
"""
