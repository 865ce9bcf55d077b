# Two commands on a fresh machine: `make run` and `make test`. Needs Python 3.11 or newer, git and make.

PYTHON ?= python3
PORT ?= 3000
BIN := .venv/bin
READY := .venv/ready
LOCALE := integration_admin/locale

.PHONY: help setup run test lock texts bench: $(READY) ## measure speed and memory; prints a table and writes instance/reports/bench.json
	@exec $(BIN)/python -m benchmarks
