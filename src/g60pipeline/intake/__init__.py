"""From an inbox folder to typed frames and intake findings.

Belongs here: listing, archiving, isolated parsing, personal numbers, text normalised, headings matched,
values typed. Not here: judging values (quality), the ledger and any other table (warehouse). Imports
nothing, so that the parsers' process starts light.
"""
