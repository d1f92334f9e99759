# Every habit of the house by name; `make` alone lists them.
ENAMEL_VENV ?= .venv
VENV := $(ENAMEL_VENV)
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest
NEEDS := $(BIN)/python -m tests.peers
READY := $(VENV)/.enamel-ready
CODE := appliance tests benchmarks tools
# What npm leaves when the viewer's own tools are there, the one that drives Chromium among them.
BROWSING := appliance/web/viewer/node_modules/.package-lock.json
# Rooms whose every branch is tested (docs/architecture.md says why these).
WHOLE := keys store audit retention dicom
comma := ,

# Compiled once and kept: a run of the tests starts Python some thousands of times.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test test-all kills power-loss disk-errors root-faults planted-faults trail-forgeries restore-kills job-faults test-keeping test-accounts test-box lint format bench bench-backup copied-cookie screenshots ci coverage viewer-check clean

help: ## List what make can do
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

setup: $(READY) ## Make the Python environment from the locked dependencies

$(READY): pyproject.toml $(wildcard requirements*.lock) tools/bootstrap.sh
	tools/bootstrap.sh $(VENV)
	@touch $@

run: $(READY) ## Start a whole clinic on this machine; Ctrl-C stops it, a second start keeps its data (DEMO=... adds options)
	$(BIN)/enamel demo $(DEMO)

test: $(READY) ## The fast tests, one process a core; those that the clock judges by themselves
	$(PYTEST) -q -n auto --dist loadfile --no-loadscope-reorder -m "not slow and not alone"
	$(PYTEST) -q -m "alone and not slow"

test-all: $(READY) ## Every test, the box and the fault runs included
	ENAMEL_EXAMPLES=20 $(PYTEST) -q -n auto --dist loadfile --no-loadscope-reorder -m "not alone"
	$(PYTEST) -q -m alone
	$(MAKE) kills power-loss disk-errors job-faults

kills: $(READY) ## Kill receiver and intake 1,000 times while scans arrive; writes benchmarks/results/kills.json
	$(BIN)/python -m tests.faults.kills --kills 1000 --write benchmarks/results/kills.json

power-loss: $(READY) ## Replay 2,000 power losses; writes benchmarks/results/power-loss.json
	@$(NEEDS) cc
	$(BIN)/python -m tests.faults.power_loss --states 2000 --write benchmarks/results/power-loss.json

restore-kills: $(READY) ## Kill a restore before each of its changes of the disk; writes benchmarks/results/restore-kills.json
	@$(NEEDS) restic
	$(BIN)/python -m tests.faults.restore_kills --write benchmarks/results/restore-kills.json

planted-faults: $(READY) ## Plant 1,000 faults, 200 of them in a backup; writes benchmarks/results/planted-faults.json
	@$(NEEDS) restic
	$(BIN)/python -m tests.faults.planted --faults 1000 --in-backup 200 --write benchmarks/results/planted-faults.json

trail-forgeries: $(READY) ## Forge the record 500 times, with and without its key; writes benchmarks/results/trail-forgeries.json
	$(BIN)/python -m tests.faults.trail_forgeries --forgeries 500 --write benchmarks/results/trail-forgeries.json

disk-errors: $(READY) ## Fail every write, fsync and rename in turn; writes benchmarks/results/errors.json
	@$(NEEDS) cc
	$(BIN)/python -m tests.faults.errors --stride 1 --write benchmarks/results/errors.json

job-faults: $(READY) ## Cut every job off at every step, five ways, for at most MINUTES=90; goes on in benchmarks/results/job-faults.json
	@$(NEEDS) cc restic
	$(BIN)/python -m tests.faults.jobs --minutes $(or $(MINUTES),90) --write benchmarks/results/job-faults.json

root-faults: $(READY) ## Kill or fail every file operation of a new root and a rekey (20 min); writes benchmarks/results/root-change.json
	@$(NEEDS) cc
	$(BIN)/python -m tests.faults.root_change --stride 1 --write benchmarks/results/root-change.json

test-keeping: $(READY) ## Only the tests of Safekeeping, and how many seconds they take
	$(BIN)/python -m tests.parts keeping

test-accounts: $(READY) ## Only the tests of who may do what and who did, and how many seconds they take
	$(BIN)/python -m tests.parts accounts

test-box: $(READY) ## Only the appliance: boots Debian 12, installs it twice, cuts its power (needs root)
	$(PYTEST) -q tests/box

lint: $(READY) ## What tools can say about the code
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy appliance tests tools
	PYTHONPATH=. $(BIN)/lint-imports --no-cache

format: $(READY) ## Put the code into the house's layout
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

bench: $(READY) ## Measure against Orthanc and DCMTK; writes benchmarks/results.md
	@$(NEEDS) Orthanc storescp storescu ip
	$(BIN)/python -m benchmarks

copied-cookie: $(READY) ## Measure for how long a copied session cookie is good; writes benchmarks/results/copied-cookie.json
	@$(NEEDS) caddy
	$(BIN)/python -m benchmarks.copied_cookie --write benchmarks/results/copied-cookie.json

bench-backup: $(READY) ## Measure backup and restore of 2.6 GB against restic alone, and arrivals meanwhile; writes benchmarks/results (GB=20 for the full run)
	@$(NEEDS) restic storescu
	$(BIN)/python -m benchmarks.backup --gigabytes $(or $(GB),2.6) --write benchmarks/results/backup$(if $(GB),-$(GB)gb).json
	$(BIN)/python -m benchmarks.backup_arrivals --write benchmarks/results/backup-arrivals.json

$(BROWSING): appliance/web/viewer/package-lock.json
	cd appliance/web/viewer && npm ci --ignore-scripts --no-progress
	@touch $@

screenshots: $(READY) $(BROWSING) ## Draw docs/images anew from a demonstration in Chromium
	PYTHONPATH=. $(BIN)/python tools/screenshots.py

coverage: $(READY) ## Every branch of keys, store, audit, retention and dicom is tested
	$(PYTEST) -q -m "not slow" --cov --cov-report= $(addprefix tests/,$(WHOLE))
	$(BIN)/coverage report --fail-under=100 --show-missing --include='$(subst $(eval) ,$(comma),$(foreach room,$(WHOLE),appliance/$(room)/*))'

ci: lint viewer-check ## What has to hold before a change lands
	tools/ci-tests.sh $(VENV)

clean: ## Forget what the tools keep between runs; data is never touched
	rm -rf .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage .coverage.* htmlcov

viewer-check: ## The viewer: types, lint, tests; what is committed is what its source builds
	cd appliance/web/viewer && npm ci --ignore-scripts --no-progress && npm run check
	! grep -n '"resolved"' appliance/web/viewer/package-lock.json
	git diff --exit-code -- appliance/web/static/viewer appliance/export/viewer
	test -z "$$(git status --porcelain -- appliance/web/static/viewer appliance/export/viewer)"
