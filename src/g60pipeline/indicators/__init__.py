"""Definitions → SQL. One statement per indicator and time basis computes every period, level and dimension
at once.

Belongs here: what a definition may say (check.py), the statements it becomes (compile.py and the modules it
names), marts and scorecards as SQL, published figures compared with ours. Not here: running any SQL
(warehouse), the shape of the definitions' files (contracts). Only fragments.py and the modules that build
SQL import sqlglot; relations.py and figures.py do not, so that lineage is cheap at load time.
"""
