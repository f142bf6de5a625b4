"""The only importer of dagster: partitions, resources, assets, checks, jobs, sensor and schedule.

Belongs here: how the work is scheduled and shown. Not here: the work; every asset calls the package that does it, and
imports it inside its body, so that loading the definitions stays cheap.
"""
