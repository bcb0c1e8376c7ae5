# `make demo` and `make test` need Python 3.11+ and the package registries, nothing else.
# ARGS goes to the command behind a target:  make demo ARGS="--headless --minutes 2"
PYTHON ?= python3
ARGS ?=
RUN := .venv/bin/
# What `make test` leaves out: the whole chain as processes, large counts, named servers, devices.
QUICK := not system and not soak and not store and not hardware
# Most tests wait for processes; three at a time keep two cores busy. 0: one after the other, in this process.
WORKERS ?= 3
# A run starts a hundred processes; they share compiled modules, whatever the environment says.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo setup test system check format bench soak images lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## /\1|/p' Makefile | while IFS='|' read -r name text; do printf '%-8s %s\n' "$$name" "$$text"; done

demo: ## three workshops, the whole chain, with a console
	@$(PYTHON) tools/bootstrap.py
	@$(RUN)chejian demo $(ARGS)

setup: ## make .venv with the tools for tests and checks
	@$(PYTHON) tools/bootstrap.py --dev

test: setup ## all tests that run on one machine in minutes
	$(RUN)python -m pytest -m "$(QUICK)" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

system: setup ## the whole chain as processes, and the ways of users through the pages
	$(RUN)python -m pytest -m "system and not store" -n 2 --dist worksteal $(ARGS)

check: setup ## lint, types, import contracts, generated files, sizes, locks, wheels, documents
	@$(RUN)python -m tools.check $(ARGS)

format: setup ## let ruff format and fix
	$(RUN)ruff format .
	$(RUN)ruff check --fix .

bench: setup ## first figures with their floors
	@for name in $(basename $(notdir $(wildcard benchmarks/*.py))); do echo "== $$name"; $(RUN)python -m "benchmarks.$$name" $(ARGS) || exit 1; done

soak: setup ## large counts: kills, fuzz inputs, long loads
	$(RUN)python -m pytest -m soak --timeout=3600 $(ARGS)

images: setup ## container images of edge, gateway, cloud and simulators, by podman or docker (ARGS for its build)
	@engine=$$(command -v podman || command -v docker) || { echo "make images needs podman or docker"; exit 1; }; \
	version=$$(sed -n 's/^version = "\(.*\)"/\1/p' deploy/pyproject.toml); \
	for name in edge gateway cloud simulators; do \
	  "$$engine" build --target $$name -f deploy/docker/Dockerfile -t localhost/chejian-$$name:$$version $(ARGS) . || exit 1; \
	done

lock: setup ## write the lock files again (ARGS=--upgrade for the newest versions)
	@PATH="$(CURDIR)/$$(ls -d .chejian/tools/*/bin | tail -1):$$PATH" $(RUN)python -m tools.lock $(ARGS)

clean: ## remove what the tools made; the demo's data stays
	rm -rf .venv .chejian/tools .chejian/npm .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache node_modules
	rm -rf cloud/src/chejian_cloud/console/static/vendor
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
