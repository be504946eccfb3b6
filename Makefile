# Every recipe is one line; what is more than that is a program in tools/.

PYTHON ?= python3
VENV := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help environment tools browser setup host demo test check docs bench clean

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1 - \2/p' $(firstword $(MAKEFILE_LIST))

environment: ## make .venv as uv.lock says, with the fast-container command
	@$(PYTHON) tools/prepare_environment.py

tools: environment ## get Pulumi, BuildKit, buildx, a registry and runc into the per-user cache
	@$(VENV) tools/get_tools.py

browser: environment ## get a headless Chromium for the tests of pages into the per-user cache
	@$(VENV) tools/get_browser.py --quiet

setup: environment tools ## everything that the other targets need (minutes the first time, then under a second)

host:
	@$(PYTHON) tools/get_tools.py --check-host

demo: host setup ## a real `pulumi up` on a local cloud builds, skips and deploys Lambda images
	@$(VENV) stacks/demo.py

test: host setup browser ## the fast checks, then every test, with the real engine, BuildKit and registry
	@$(VENV) tools/run_tests.py

check: environment ## format, lint, types, import rules and pure tests, in seconds
	@$(VENV) tools/check.py

docs: environment ## make a site of the pages in docs/, in the folder site
	@NO_MKDOCS_2_WARNING=1 .venv/bin/mkdocs build --quiet && echo "made: site/index.html"

bench: host setup ## measure, and compare with the alternatives
	@$(VENV) -m bench

clean: ## remove what was made in this checkout (the per-user cache stays)
	@rm -rf .venv .localcloud site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache dist
