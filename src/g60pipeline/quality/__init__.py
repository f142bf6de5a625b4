"""The only importer of great_expectations: contract → suite → outcomes → findings and verdicts.

Belongs here: columns derived for rules, suites, running them, turning failing rows into findings. Not
here: reading returns (intake), storing verdicts (warehouse).
"""
