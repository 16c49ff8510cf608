.DEFAULT_GOAL := help
.PHONY: help run test lint types validate clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 17

run: .venv/.ready .venv-ministack/.ready ## Serve on http://127.0.0.1:3000 (PORT=… changes it)
	@exec .venv/bin/python -m local

test: .venv/.ready .venv-ministack/.ready ## Run the tests (ARGS=… goes to pytest)
	@.venv/bin/python -m pytest $(ARGS)

lint: .venv/.ready ## Check style and formatting
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

types: .venv/.ready ## Check the types
	@.venv/bin/mypy

validate: .venv-sam/.ready ## Check the template
	@SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam validate --lint

clean: ## Remove the environments and what tools left behind; the data of `make run` stays
	@rm -rf .venv .venv-* .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache

# Each environment is renewed when its requirements have changed.
.venv/.ready: requirements.txt functions/requirements.txt
.venv-ministack/.ready: local/requirements-ministack.txt
.venv-sam/.ready: infra/requirements.txt
.venv/.ready .venv-ministack/.ready .venv-sam/.ready:
	@local/environment.sh $(@D) $<
