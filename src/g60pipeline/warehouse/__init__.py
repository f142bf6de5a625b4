"""The warehouse: the only importer of sqlalchemy (and duckdb).

Belongs here: tables made from contracts, engines, transactions, the ledger, loading frames, views of what is in force.
Not here: what an indicator computes (indicators), what a rule says (quality).
"""
