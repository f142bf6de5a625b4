"""What readers get: pages, templates and workbooks, made from contracts and plain frames.

Belongs here: pure functions from data to a document. Not here: reading the warehouse (warehouse), when a
document is made and where it goes (defs), words (assets/reports/, schemas/messages.yaml).
"""
