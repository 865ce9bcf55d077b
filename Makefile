# Two commands on a fresh machine: `make run` and `make test`. Needs Python 3.11 or newer, git and make.

PYTHON ?= python3
PORT ?= 3000
BIN := .venv/bin
READY := .venv/ready
LOCALE := integration_admin/locale

# What Python has compiled is kept, whatever the environment says: the tests start it a hundred times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup run test style types imports lock texts bench faults mutants lighthouse security axe screenshots

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; set PYTHON=.")'
	$(PYTHON) -m venv .venv
	@sed -n '/^uv==/,/[^\\]$$/p' requirements.lock > .venv/uv.lock
	$(BIN)/python -m pip install --quiet --require-hashes --requirement .venv/uv.lock
	@# uv needs ten seconds where pip needs two minutes; pip does it where only pip knows the way to the packages.
	$(BIN)/uv pip install --quiet --python .venv --require-hashes --requirement requirements.lock \
	  || $(BIN)/python -m pip install --quiet --require-hashes --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	@touch $@

setup: $(READY) ## make .venv with the locked dependencies

run: $(READY) ## start the demo on port 3000 of this machine; PORT= moves it
	@exec $(BIN)/integration-admin demo --port $(PORT)

test: $(READY) ## check style, types and imports, then run every test
	@$(MAKE) --no-print-directory --jobs=2 types style imports
	@exec $(BIN)/pytest -n 3 --no-loadscope-reorder

style: $(READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(READY)
	$(BIN)/mypy

imports: $(READY)
	$(BIN)/lint-imports

lock: $(READY) ## renew requirements.lock from pyproject.toml
	$(BIN)/uv pip compile pyproject.toml --all-extras --universal --python-version 3.11 --generate-hashes \
	  --no-emit-index-url --no-emit-find-links --no-header --output-file requirements.lock

texts: $(READY) ## collect the sentences, update the translations and compile them
	$(BIN)/pybabel -q extract -F babel.cfg -k t -k msg --omit-header --no-location --sort-output \
	  -o $(LOCALE)/messages.pot .
	$(BIN)/pybabel -q update -i $(LOCALE)/messages.pot -d $(LOCALE) --no-fuzzy-matching --ignore-obsolete \
	  --ignore-pot-creation-date --width=110
	$(BIN)/pybabel -q compile -d $(LOCALE)

bench: $(READY) ## measure speed and memory; prints a table and writes instance/reports/bench.json
	@exec $(BIN)/python -m benchmarks

faults: $(READY) ## kill, pause and cut off workers by the hundred; prints a table and writes instance/reports/faults.json
	@exec $(BIN)/python -m faults $(FAULTS)

mutants: $(READY) ## change what decides what is sent, one small fault at a time, and count what the tests notice
	@exec nice $(BIN)/python -m benchmarks.mutants

lighthouse: $(READY) ## measure the pages on a simulated phone; prints a table and writes instance/reports/lighthouse.json
	@exec $(BIN)/python -m lighthouse

security: $(READY) ## attack the running parts at length; prints a table and writes instance/reports/security.json and sbom.json
	@exec $(BIN)/python -m security $(SECURITY)

axe: $(READY) ## ask axe-core about every page and state in all three languages, on a desktop and on a phone
	@exec $(BIN)/pytest tests/e2e/every_axe.py

screenshots: $(READY) ## save pictures of every page, both sizes and themes, under instance/reports/screenshots
	@exec $(BIN)/python -m screenshots
