# Thin: a target is a line or two. Set-up happens on first use, and again only when its inputs change.
PYTHON ?= python3
UV ?= uv
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps
# Universal: one set of pins for every Python from 3.11 on. The build backend is pinned with the rest (editables:
# what hatchling needs for an editable install).
COMPILE := printf "hatchling\neditables\n" | $(UV) pip compile --quiet --universal --python-version 3.11 \
	--fork-strategy fewest --no-strip-extras --generate-hashes --no-emit-index-url --no-header --no-annotate --extra server pyproject.toml -
export PYTHON
# A file's tests stay together: they share what its fixtures made. In the order of folders, which begins with what takes
# long, so that no process is left waiting for another's last file. One process more than cores: daemons and browsers wait.
PARALLEL := --numprocesses $(shell expr $$(nproc) + 1) --dist loadfile --no-loadscope-reorder

.PHONY: help run sample ui test coverage histories sweep check static schemas contracts dictionary constraints bench snapshot screenshots bundle bundle-test clean

help: ## list the targets
	@sed -nE 's/^([a-z-]+):.*## (.*)/\1\t\2/p' Makefile | expand -t 14

# Exit code 3 says that returns were sent back, as some of the sample's must be.
run: .venv/.runtime ## make the sample returns, run the main job on them, print what came out
	@$(BIN)/g60 sample
	@$(BIN)/g60 run --from 2015-01 --to 2021-12 || [ $$? -eq 3 ]

sample: .venv/.runtime ## make the sample returns only
	$(BIN)/g60 sample

ui: .venv/.runtime ## Dagster's pages at http://127.0.0.1:3000
	$(BIN)/g60 ui

test: .venv/.dev ## all tests
	$(BIN)/pytest $(PARALLEL)

coverage: .venv/.dev ## all tests, and which lines and branches they reach
	$(BIN)/pytest --cov $(PARALLEL)

histories: .venv/.dev ## fifty random histories on both engines against the reference model (FIRST_HISTORY=51 for others)
	HISTORIES=$(or $(HISTORIES),50) $(BIN)/pytest -q $(subst loadfile,load,$(PARALLEL)) tests/reference tests/unit/warehouse/test_incremental.py

sweep: .venv/.dev ## the tests that take minutes each: a scripted month, both engines whole, a second district, every value explained
	$(BIN)/pytest -m sweep $(PARALLEL)

check: static ## static checks and the fast tests
	$(BIN)/pytest -q $(PARALLEL) tests/unit tests/contracts tests/gx_fused

static: .venv/.dev ## style, types, arrows, contracts, generated schemas
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports
	ls schemas/forms/*.odcs.yaml schemas/tables/*.odcs.yaml | xargs -n 1 -P 2 $(BIN)/datacontract lint
	$(BIN)/python -m g60pipeline.contracts.schemas --check
	$(BIN)/python -m g60pipeline.contracts.table_lock --check
	$(BIN)/python -m g60pipeline.contracts.dbt_sources --check
	$(BIN)/g60 dictionary --check

schemas: .venv/.runtime ## write schemas/meta/ anew from the models
	$(BIN)/python -m g60pipeline.contracts.schemas

contracts: .venv/.runtime ## agree on the published tables as they are now; refuses what their versions do not say
	$(BIN)/python -m g60pipeline.contracts.table_lock
	$(BIN)/python -m g60pipeline.contracts.dbt_sources

dictionary: .venv/.runtime ## write docs/dictionary/ anew from contracts and definitions, and its pages to var/out/
	$(BIN)/g60 dictionary

constraints: ## pin the dependencies anew (needs uv); pins that still fit stay: delete constraints/*.txt to upgrade
	$(COMPILE) --extra dev --output-file constraints/dev.txt
	$(COMPILE) --constraints constraints/dev.txt --output-file constraints/runtime.txt
	$(COMPILE) --extra dev --extra bench --constraints constraints/dev.txt --output-file constraints/bench.txt

bench: .venv/.bench ## the rule engine beside Great Expectations' own and pandera; planted errors: found, and their cause named; both databases
	$(BIN)/python bench/engine.py
	$(BIN)/python bench/seeded_errors.py
	PYTHONPATH=tests $(BIN)/python bench/warehouse.py
	PYTHONPATH=tests/defs $(BIN)/python bench/runs.py

snapshot: .venv/.dev ## write the graph's snapshot anew; read its diff
	$(BIN)/python tests/defs/refresh_graph_snapshot.py

screenshots: .venv/.dev ## take the documents' pictures of Dagster's pages, which must be up (make ui)
	$(BIN)/python tests/e2e/ui_screenshots.py http://127.0.0.1:3000 docs/images

bundle: .venv/.runtime ## pack wheels, fonts and deploy/ into dist/, to install from without a network
	deploy/bundle/build $(BIN)/python dist

bundle-test: bundle ## install from the bundle with the network cut, as root, and run a month there
	deploy/bundle/prove dist/g60pipeline-*.tar

clean: ## remove the environment and caches; the data in var/ stay
	rm -rf .venv dist .coverage* .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# pip takes the files as they are (--no-deps): they are complete, and every line carries its hashes.
.venv/.%: constraints/%.txt pyproject.toml
	@.ci/needs $*
	$(PYTHON) -m venv .venv
	$(PIP) --require-hashes --requirement $<
	$(PIP) --no-build-isolation --editable .
	@touch $@
