# make demo · make test · make bench · make docs · make lint
# Each sets up what it needs on a fresh machine.

BIN := .venv/bin
READY := .venv/.ready
# One thread a test process: two processes on two cores, none waiting for the other.
THREADS := OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS=1
JOBS ?= 2
TIERS := $(wildcard $(addprefix Testing/,unit review workbench desktop browser pacs))

.PHONY: help setup demo test lint bench docs clean

help:
	@sed -n 's/^# //p' Makefile | head -2

setup: $(READY)

$(READY): pyproject.toml requirements/lock.txt .ci/setup
	@.ci/setup environment
	@touch $@

demo: $(READY)
	@.ci/setup drawing
	@$(BIN)/readingroom demo --out demo

lint: $(READY)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

test: lint
	@.ci/setup tools
	@$(THREADS) $(BIN)/python -m pytest -n $(JOBS) --dist loadfile $(TIERS)

bench: $(READY)
	@$(BIN)/python -m Testing.bench

docs: $(READY)
	@$(BIN)/python -m Docs.generate

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache build
