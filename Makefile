# Voltseal: every task of a developer and of CI. `make help` lists them.
.DEFAULT_GOAL := help
.NOTPARALLEL:
.DELETE_ON_ERROR:
SHELL := /bin/sh

BIN := .venv/bin
PYTHON := $(BIN)/python
SETUP := build/setup.stamp
STUBS := build/typings.stamp
CONSTRAINTS := tests/constraints.txt

# System packages that tests need beyond Python, a C compiler and Node. Add a package here with its reason in WHY.
SYSTEM_PACKAGES := mosquitto chromium chromium-driver poppler-utils poppler-data zbar-tools
WHY := tests drive a real MQTT broker and a real browser, and read PDF reports and their QR codes

# Both names: older pip knows only the first for build dependencies, newer pip only the second.
export PIP_CONSTRAINT := $(CURDIR)/$(CONSTRAINTS)
export PIP_BUILD_CONSTRAINT := $(CURDIR)/$(CONSTRAINTS)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export NO_MKDOCS_2_WARNING := 1
export PYRIGHT_PYTHON_IGNORE_WARNINGS := 1

.PHONY: help
help: ## list these tasks
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(SETUP) ## make .venv with everything in it, and provide MicroPython (instant when done before)

# pyvenv.cfg stands for the environment: it is written at its creation and not touched by later installs.
.venv/pyvenv.cfg:
	@.ci/make-venv .venv

$(SETUP): .venv/pyvenv.cfg pyproject.toml $(CONSTRAINTS) simulator/wheel_hook.py
	@echo "setup: installing Python packages (about 200 MB, a minute when nothing is cached)"
	@$(PYTHON) -m pip install --quiet --editable '.[dev,sim,docs,report]'
	@$(PYTHON) -m voltseal_sim.toolchain install || { test $$? -eq 2 && echo "setup: going on without MicroPython"; }
	@mkdir -p build && touch $@
	@echo "setup: done"

.PHONY: demo
demo: $(SETUP) ## three emulated packs seal, the gateway anchors, evidence is checked, attacks are caught
	@$(BIN)/voltseal demo $(ARGS)

# CI=1: what cannot be provided is then a failure and not a skip.
.PHONY: test
test: export CI := 1
test: system-packages checkers chain-tools check ## install what the tests need, then everything that `check` does

.PHONY: check
check: $(SETUP) lint type docs vectors-check page-check pytest ## everything CI checks, on a machine that has the packages

.PHONY: system-packages
system-packages:
	@.ci/system-packages "$(WHY)" $(SYSTEM_PACKAGES)

# Other people's programs, which judge what we export.
.PHONY: checkers
checkers: $(SETUP)
	@$(PYTHON) -m tests.interop.checkers

# A chain's node, the contract's compiler and test runner, from npm.
.PHONY: chain-tools
chain-tools: $(SETUP)
	@$(PYTHON) -m tests.chain.toolchain

.PHONY: pytest
pytest: $(SETUP)
	@echo "check: tests"
	@$(PYTHON) -m pytest $(ARGS)

.PHONY: lint
lint: $(SETUP) ## ruff (rules and format) and the import contracts
	@echo "check: ruff"
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --check --quiet . || { echo "lint: not formatted; run: make fmt" >&2; exit 1; }
	@echo "check: import contracts"
	@$(BIN)/lint-imports

.PHONY: type
type: $(SETUP) $(STUBS) ## mypy --strict on gateway, simulator and encoder; pyright on the firmware
	@echo "check: mypy"
	@$(BIN)/mypy
	@echo "check: pyright (firmware, against the stubs of MicroPython for ESP32)"
	@$(BIN)/pyright

# Not into .venv: these stubs replace the standard library's, and only pyright's view of the firmware may see them.
$(STUBS): $(SETUP)
	@rm -rf build/typings
	@$(PYTHON) -m pip install --quiet --target build/typings micropython-esp32-stubs
	@touch $@

.PHONY: fmt
fmt: $(SETUP) ## format, and mend what can be mended mechanically
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

.PHONY: test-firmware
test-firmware: $(SETUP) ## only the firmware's tests, on MicroPython and on CPython
	@$(PYTHON) -m pytest tests/firmware $(ARGS)

.PHONY: vectors
vectors: $(SETUP) ## write tests/vectors anew from their generators
	@$(PYTHON) tests/vectors/generate.py
	@$(PYTHON) tests/vectors/generate_bundles.py
	@$(PYTHON) tests/vectors/generate_evm_anchor.py

# Compared with the tree and not with git, so that it also holds in an unpacked archive.
.PHONY: vectors-check
vectors-check: $(SETUP)
	@echo "check: test vectors equal their generator's output"
	@rm -rf build/vectors && mkdir -p build/vectors && cp -R tests/vectors build/vectors/committed
	@$(PYTHON) tests/vectors/generate.py
	@$(PYTHON) tests/vectors/generate_bundles.py
	@$(PYTHON) tests/vectors/generate_evm_anchor.py
	@diff -rq -x __pycache__ build/vectors/committed tests/vectors || \
	  { echo "vectors: they differed and have been written anew; commit them" >&2; exit 1; }

.PHONY: page
page: $(SETUP) ## put the browser verifier together from its sources
	@$(PYTHON) -m voltseal.verifier_page.build

.PHONY: page-check
page-check: $(SETUP)
	@echo "check: the browser verifier equals what its sources give"
	@$(PYTHON) -m voltseal.verifier_page.build --check

.PHONY: bench
bench: $(SETUP) ## measure into build/bench.json; one area with AREA=name
	@$(PYTHON) -m tests.bench.run $(if $(AREA),--area $(AREA)) $(ARGS)

.PHONY: docs
docs: $(SETUP) ## build the site into build/site; a broken link is an error
	@echo "check: documentation"
	@$(BIN)/mkdocs build --quiet --strict -f docs/site/mkdocs.yml -d "$(CURDIR)/build/site"

FUZZ := tests/unit/gateway/wire/test_fuzz.py tests/unit/gateway/wire/test_cbor.py tests/unit/gateway/wire/test_columns.py \
  tests/unit/gateway/verifier/test_changes.py tests/unit/gateway/evidence/test_layout.py tests/unit/gateway/log/test_note.py

.PHONY: fuzz
fuzz: $(SETUP) ## the fuzz tests for much longer (stop it when you like)
	@$(PYTHON) -m pytest $(FUZZ) --hypothesis-profile=fuzz --timeout=0 $(ARGS)

# After a deliberate upgrade in .venv. The stubs are not installed there, so their pins are taken from build/typings.
.PHONY: constraints
constraints: $(SETUP) $(STUBS)
	@$(PYTHON) -m pip freeze --exclude-editable > $(CONSTRAINTS)
	@$(PYTHON) -m pip freeze --path build/typings >> $(CONSTRAINTS)

.PHONY: clean
clean: ## remove what was built; .venv stays
	@rm -rf build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	@find gateway simulator firmware tests -name __pycache__ -type d -prune -exec rm -rf {} +
