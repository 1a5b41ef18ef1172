.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8000
DATA ?= data
TEMPLATE ?= crm_basic

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)

install: $(STAMP) ## make .venv and install everything
.PHONY: install

run: $(STAMP) ## start the product on http://127.0.0.1:8000 (PORT=, DATA=, TEMPLATE=)
	$(BIN)/dougong run --port $(PORT) --data $(DATA) --template $(TEMPLATE)

lint: $(STAMP) ## style, imports between floors, types, fresh schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy runtime builder plugins
	$(BIN)/python -m runtime.meta.generate --check

test: lint ## everything that must hold: lint, types, tests
	$(BIN)/pytest -n 2 --dist loadfile

bench: $(STAMP) ## speed figures: ratios against a hand-written application
	$(BIN)/python -m tests.benchmarks.api
	$(BIN)/python -m tests.benchmarks.large

schemas: $(STAMP) ## write schemas/kinds from the catalog
	$(BIN)/python -m runtime.meta.generate

docs: $(STAMP) ## where the documentation is
	@echo "README.md, docs/, and /docs in the running product"

clean: ## remove what was installed and built (never data)
	rm -rf $(VENV) build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help run lint test bench schemas docs clean
