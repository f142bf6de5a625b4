"""What a run and a command both do: read the warehouse, let other packages build, write the result.

Belongs here: work that takes several packages and no Dagster. Not here: assets and schedules (defs), arguments and what
is printed (cli), the building itself (reports, quality, intake).
"""
