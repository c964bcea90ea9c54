# Everything that a person does twice. `make` lists the targets.
#
#   make test PYTHON=python3.13 VENV=build/venv-3.13    another interpreter, in its own environment
#   make test TESTS=tests/engine                        a part of the suite
#   make run SECONDS=10                                 end by itself

PYTHON ?= python3
VENV ?= .venv
TESTS ?= tests
PYTEST_ARGS ?=
SOAK_MINUTES ?= 10
SECONDS :=  # not from the environment: shells have a variable of this name
BASE ?=

PY := $(abspath $(VENV))/bin/python
PIP := $(PY) -m pip --disable-pip-version-check -q
SOURCES := $(shell find orderbook orderbook_server agents obctl -name '*.p[yx]x' -o -name '*.pxd')
SERVER_TESTS := $(addprefix tests/server/test_, transcripts.py line_limits.py line_fuzz.py sequencer.py executions.py sessions.py)
WEB_TESTS := $(addprefix tests/web/test_, window.py tape.py feed.py)
JOURNAL_TESTS := $(addprefix tests/journal/test_, checksums.py every_byte.py file_journal.py format_1.py reader.py records.py replay.py)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help build run serve replay test compose-test pictures check proto debug san san-money san-engine cov bench fuzz soak canary dist clean

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)


# The environment and the build

# The interpreter to make the environment with: PYTHON if it is new enough, else the newest that is.
FIND_PYTHON = for python in $(PYTHON) python3.14 python3.13 python3.12 python3.11; do \
	    if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then break; fi; \
	    python=; \
	done; \
	if [ -z "$$python" ]; then \
	    echo "Python 3.11 or later is needed, and neither $(PYTHON) nor python3.11 … 3.14 is one:" \
	        "install one, or say make PYTHON=/path/to/python3" >&2; exit 1; \
	fi

# An environment with what a build needs.
$(VENV)/.made: pyproject.toml constraints.txt tools/preflight.py
	@$(FIND_PYTHON); $$python tools/preflight.py && echo "Making $(VENV) with $$python" && $$python -m venv $(VENV)
	@$(PIP) install -c constraints.txt setuptools cython
	@touch $@

# The package, built in place. The first time pip installs it as well, for the command and what it needs.
$(VENV)/.built: $(VENV)/.made setup.py $(SOURCES)
	@echo "Building the compiled modules"
	@$(if $(filter %/.made,$?), \
	    $(PIP) install -c constraints.txt --no-build-isolation -e ., \
	    $(PY) setup.py -q build_ext --inplace)
	@touch $@

# What the tests and checks need; --group asks for a recent pip.
$(VENV)/.tools: $(VENV)/.built
	@test -e $@ -a ! $(VENV)/.made -nt $@ || { echo "Installing the tools for tests and checks"; \
	    $(PIP) install --upgrade 'pip>=25.1' && \
	    $(PIP) install -c constraints.txt --group test --group browser --group check --group proto \
	        'obctl[data,server,watch]'; }
	@touch $@

build: $(VENV)/.built  ## build the compiled modules in place, and the environment in .venv

run: $(VENV)/.server  ## run an exchange with agents that trade on it, and watch; until Ctrl-C, or for SECONDS
	@$(PY) -m obctl demo $(if $(SECONDS),--seconds $(SECONDS))

serve: $(VENV)/.server  ## start an exchange on loopback: page 8080, TCP 9000, gRPC 50051, metrics 9100
	$(PY) -m obctl serve

# What the server needs.
$(VENV)/.server: $(VENV)/.built
	@test -e $@ -a ! $(VENV)/.made -nt $@ || $(PIP) install -c constraints.txt 'obctl[server]'
	@touch $@

replay: build/sample.csv  ## replay a generated sample of order flow, and sum up
	$(PY) -m obctl replay build/sample.csv

build/sample.csv: $(VENV)/.built
	@mkdir -p build
	$(PY) -m obctl generate $@ --mix balanced --commands 200000


# Tests

test: $(VENV)/.tools  ## build, and run the whole test suite
	$(PY) -m pytest $(TESTS) $(PYTEST_ARGS)

compose-test: $(VENV)/.made  ## parse docker-compose.yml, build the image and run it, as far as can be here; BASE=IMAGE
	$(PY) tools/compose_test.py $(if $(BASE),--base $(BASE))

pictures: $(VENV)/.tools  ## make the README's pictures anew, of the page in Chromium and of the terminal
	CI=true OBCTL_PICTURES=$(abspath docs/pictures) \
	    $(PY) -m pytest -q tests/browser/test_pictures.py tests/watch/test_picture.py

check: $(VENV)/.tools  ## lint, types, stubs against the compiled modules, the layer rule
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	PATH="$(dir $(PY)):$$PATH" cython-lint orderbook orderbook_server agents obctl tests
	$(PY) -m mypy
	$(PY) -m mypy.stubtest orderbook orderbook_server agents obctl --mypy-config-file pyproject.toml \
	    --allowlist tests/stubtest_allowlist.txt
	$(PY) -m pytest -q tests/test_layers.py

proto: $(VENV)/.tools  ## generate orderbook_wire from proto/
	$(PY) tools/make_proto.py .

# A copy of the sources, to be built in another way: the release build in the tree stays as it is. Times are kept, so
# that only what changed is compiled again.
TREE := .ci .dockerignore $(filter-out build dist %.egg-info $(VENV),$(wildcard *))
define build_copy
	@mkdir -p build/$(1)
	@find build/$(1) -path '*/build' -prune -o -type f ! -name '*.so' -exec rm -f {} +
	@tar -cf - --exclude='*.so' --exclude=__pycache__ $(TREE) | tar -xf - -C build/$(1)
	@echo "Building the compiled modules in build/$(1)"
	@cd build/$(1) && ORDERBOOK_BUILD=$(1) $(PY) setup.py -q build_ext --inplace
endef

debug: $(VENV)/.tools  ## run the suite on a build with bounds checks and C asserts
	$(call build_copy,debug)
	cd build/debug && $(PY) -m pytest -m 'not canary and not oracle' $(TESTS) $(PYTEST_ARGS)

san: $(VENV)/.tools  ## run the tests of compiled code under AddressSanitizer and UBSan (Linux, gcc)
	$(call build_copy,sanitize)
	@$(MAKE) -j2 --output-sync san-money san-engine

# Its two halves, at the same time.
define sanitized
	cd build/sanitize && \
	    LD_PRELOAD="$$($(CC) -print-file-name=libasan.so) $$($(CC) -print-file-name=libubsan.so)" \
	    ASAN_OPTIONS=detect_leaks=0 UBSAN_OPTIONS=print_stacktrace=1 PYTHONMALLOC=malloc \
	    $(PY) -m pytest -m 'not oracle' $(1) $(PYTEST_ARGS)
endef

san-money:
	$(call sanitized,tests/money $(JOURNAL_TESTS))

san-engine:
	$(call sanitized,tests/engine tests/flow tests/replay $(SERVER_TESTS) $(WEB_TESTS))

canary: $(VENV)/.tools  ## plant bugs in a copy of the engine, and see that the suite catches them
	$(PY) -m pytest tests/test_canary.py $(PYTEST_ARGS)

fuzz: $(VENV)/.tools  ## run the property tests with many more examples
	HYPOTHESIS_PROFILE=long $(PY) -m pytest tests/engine/test_model.py \
	    tests/money/test_money_model.py tests/flow tests/server/test_line_fuzz.py tests/server/test_executions.py $(PYTEST_ARGS)

soak: $(VENV)/.tools  ## random flow against the oracle, kills of agents, SOAK_MINUTES each; then all of tests/soak_journal.py
	$(PY) -m tests.soak --minutes $(SOAK_MINUTES)
	$(PY) -m tests.soak_agents --minutes $(SOAK_MINUTES)
	$(PY) -m tests.soak_journal
	FAULTS=all $(PY) -m pytest tests/journal/test_faults.py --timeout=0

cov: $(VENV)/.tools  ## line coverage of the Python and Cython files, in build/coverage/htmlcov
	$(call build_copy,coverage)
	@$(PIP) install -c constraints.txt --group cov
	cd build/coverage && $(PY) tools/place_c_files.py build/cython-coverage && COVERAGE_CORE=ctrace \
	    $(PY) -m pytest -m 'not canary' --cov --cov-report=term --cov-report=html --timeout=0 $(TESTS) $(PYTEST_ARGS)

bench: $(VENV)/.tools  ## run the benchmarks once, in this environment
	@$(PIP) install -c constraints.txt --group bench
	$(PY) -m asv machine --yes
	$(PY) -m asv run --environment existing:$(PY) --quick --show-stderr --dry-run


# The distribution

dist: $(VENV)/.tools  ## make sdist and wheel in dist/, and try the wheel in an environment of its own
	@rm -rf dist
	$(PY) -m build -q --outdir dist .
	$(PY) tools/check_dist.py dist

clean:  ## remove what was built, the environment too
	rm -rf $(VENV) build dist htmlcov *.egg-info .pytest_cache .hypothesis .mypy_cache .ruff_cache
	find orderbook orderbook_server agents obctl tests tools -name '*.so' -exec rm -f {} +
	find orderbook orderbook_server orderbook_wire agents obctl tests tools -name __pycache__ -exec rm -rf {} +
