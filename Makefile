.DEFAULT_GOAL := help
.PHONY: help run test lint types validate clean

help: ## Show this list
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 17

run: .venv/.run .venv-ministack/.run ## Serve on http://127.0.0.1:3000 (PORT=… changes it)
	@exec .venv/bin/python -m local

test: .venv/.all .venv-ministack/.run ## Run the tests (ARGS=… goes to pytest)
	@.venv/bin/python -m pytest $(ARGS)

lint: .venv/.all ## Check style and formatting
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

types: .venv/.all ## Check the types
	@.venv/bin/mypy

validate: .venv-sam/.all ## Check the template
	@SAM_CLI_TELEMETRY=0 .venv-sam/bin/sam validate --lint

clean: ## Remove the environments and what tools left behind; the data of `make run` stays
	@rm -rf .venv .venv-* .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache

# What is installed where. Each is renewed when its requirements have changed.
.venv/.run: local/requirements.txt functions/requirements.txt
.venv/.all: requirements.txt .venv/.run
.venv-ministack/.run: local/requirements-ministack.txt
.venv-sam/.all: infra/requirements.txt
.venv/.run .venv/.all .venv-ministack/.run .venv-sam/.all:
	@local/environment.sh $(@D) $<
	@touch $@
