# Everything a developer does here, by name. Set-up is idempotent and quiet: it runs before whatever needs it.
# PYTHON=/path/to/python3 chooses the interpreter that .venv is made with.

PY := .venv/bin/python
TYPED := $(wildcard olmis_release lab bench tests)
export PYTHON

# An unmanaged stack of OpenLMIS: while it runs a first deploy beside it is refused, as it should be.
ALONE := tests/integration/test_standin_stack.py

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help venv setup browser images demo demo-up demo-clean unit lint integration test torture torture-clean bench bench-manifests wheel-check lock clean

help: ## say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

venv: ## make .venv: the tool (editable) and everything its development needs
	@lab/venv.sh

setup: venv ## bring what the machine lacks: .venv, Docker engine, Compose 2, base image, sshd
	@lab/engine.sh
	@lab/compose.sh
	@lab/base.sh
	@lab/ssh.sh

images: setup ## build the stand-in images of the lab; nothing to do when their content is unchanged
	@$(PY) -m lab.fleet images

demo: setup ## the story: deploy, a bad release taken back by itself, no row lost (about 5 minutes)
	@$(PY) -m lab.demo run

demo-up: setup ## only the estate: uat serving an older release, to work in by hand (build/demo)
	@$(PY) -m lab.demo up

demo-clean: venv ## remove what the demo made, and nothing else
	@$(PY) -m lab.demo clean

unit: venv ## unit and contract tests; no Docker needed
	$(PY) -m pytest -m "not docker" $(wildcard tests/unit tests/contract tests/real)

lint: venv ## ruff, formatting, mypy --strict, import contracts
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy $(TYPED)
	.venv/bin/lint-imports --no-logo

integration: setup ## tests on a real engine, with real PostgreSQL and nginx
	$(PY) -m lab.fleet up
	$(PY) -m pytest -m docker $(ALONE)
	$(PY) -m pytest -m docker --numprocesses 3 --dist loadfile --no-loadscope-reorder tests/contract tests/integration $(ALONE:%=--ignore=%)

browser: venv ## bring Chromium and its driver, with which tests look at the pages of a plan
	@lab/browser.sh

test: setup browser lint unit wheel-check integration ## everything CI runs; without an engine it fails, and says what to install

torture: setup ## every kill point, failed call, fault and race: hours; goes on where it stopped; GROUP= CASES= BEDS=
	@$(PY) -m tests.torture $(if $(GROUP),--group '$(GROUP)') $(if $(CASES),--cases '$(CASES)') $(if $(BEDS),--beds $(BEDS))

torture-clean: venv ## remove the instances that are tortured; the results stay in build/torture
	@$(PY) -m tests.torture --remove

bench: setup ## how long users are cut off: today's way, plain Compose, olmis-release
	$(PY) -m bench.outage

bench-manifests: venv ## how fast manifests are made, compared and imported; no Docker needed
	$(PY) -m bench.manifests_speed
	$(PY) -m bench.imports

wheel-check: venv ## build the wheel, install it alone in an empty environment, use it there
	@lab/wheel_check.sh

lock: ## resolve the dependencies anew and write constraints.txt (Python 3.11)
	$(or $(PYTHON),python3.11) -m lab.lock

clean: ## remove .venv and caches; keeps build/ (the demo's workspace and set-up's downloads)
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
