.DEFAULT_GOAL := help
.PHONY: help run test test-quick check test-nightly test-integration test-browser test-contract lint types validate openapi lock build deploy build-local deploy-local replay sam-local test-e2e bench bench-books books books-template test-pythons measure-init client clean

# The Python that the deployed functions run on. `sam build` wants it on the PATH.
DEPLOYED_PYTHON = $(shell sed -n 's/^ *Runtime: python//p' infra/template.yaml)
SAM = PATH="$(CURDIR)/.venv-sam/bin:$$PATH" SAM_CLI_TELEMETRY=0 sam

help: ## Show this list
	@sed -n 's/^\([a-z0-9-]*\):.*## /  make \1\t/p' Makefile | expand -t 25

run: .venv/.run .venv-ministack/.run ## Serve the API on http://127.0.0.1:3000 (PORT=… for another port)
	@PYTHONPATH=functions exec .venv/bin/python -m local

test: .venv/.all .venv-ministack/.run ## Run the tests (ARGS=… is passed to pytest)
	@.venv/bin/python -m pytest -n 2 --dist worksteal $(ARGS)

test-quick: .venv/.all ## Run the tests of the rules and the template, in under a minute
	@.venv/bin/python -m pytest -q -n 2 tests/rules tests/infra $(ARGS)

check: lint types validate test ## Check style, types and the template, and run the tests: use it before every pull request

# Different histories every night; a failure prints its seed.
test-nightly: export HYPOTHESIS_PROFILE = nightly
test-nightly: export PYTEST_TIMEOUT = 3600
test-nightly: export SIMULATOR_NIGHTLY = 1
test-nightly: export SIMULATOR_HISTORIES ?= 10000
test-nightly: export SIMULATOR_SEED ?= $(shell date -u +%Y%m%d)00000
test-nightly: .venv/.all ## Search longer: 10,000 histories, more simultaneous faults, more callers, new examples
	@.venv/bin/python -m pytest -n 2 --dist worksteal tests/rules tests/storage $(ARGS)
	@.venv/bin/python -m pytest tests/integration $(ARGS)

test-integration: .venv/.all ## Test on a real engine, DynamoDB Local (needs Java 17, and npm the first time)
	@.venv/bin/python -m pytest tests/integration $(ARGS)

test-browser: .venv/.run .venv-ministack/.run .venv-browser/.all ## Test the pages in a real browser; screenshots go to .screenshots
	@CHROMIUM=$$(tests/browser/chromium.sh) && export CHROMIUM && .venv-browser/bin/python -m pytest tests/browser $(ARGS)

test-contract: .venv/.run .venv-ministack/.run .venv-contract/.all ## Test the local server against its description
	@.venv-contract/bin/python -m tests.contract $(ARGS)

lint: .venv/.all ## Check style and formatting
	@.venv/bin/ruff check
	@.venv/bin/ruff format --check

types: .venv/.all ## Check types
	@.venv/bin/mypy

validate: .venv-sam/.all ## Check the templates
	@$(SAM) validate --lint
	@$(SAM) validate --lint --template infra/books.yaml

lock: .venv/.all ## Pin what the functions run on, with hashes, from functions/requirements.in
	@.venv/bin/uv pip compile --quiet --upgrade --python-version $(DEPLOYED_PYTHON) --generate-hashes --no-annotate \
	    --custom-compile-command 'make lock' functions/requirements.in -o functions/requirements.txt

openapi: .venv/.run ## Generate the API description
	@PYTHONPATH=functions .venv/bin/python -m tools.openapi

# Bytecode that is valid whatever the file times in the zip; without it, Lambda compiles everything at every start.
build: BUILD = .aws-sam/build
build: .venv-sam/.all ## Build for deployment, in .aws-sam/build (ARCHITECTURE=x86_64 for another processor)
	@$(SAM) build --build-dir $(BUILD) $(if $(ARCHITECTURE),--parameter-overrides Architecture=$(ARCHITECTURE))
	@.venv-sam/bin/python tools/trim.py $(BUILD)
	@.venv-sam/bin/python$(DEPLOYED_PYTHON) -m compileall -q -j 0 --invalidation-mode unchecked-hash $(BUILD)

deploy: build ## Build and deploy to AWS (ARGS=--guided the first time); needs Python 3.13 and credentials
	@$(SAM) deploy $(ARGS)

# The same for this machine's processor, to run here.
MACHINE = $(subst amd64,x86_64,$(subst aarch64,arm64,$(shell uname -m)))
build-local:
	@$(MAKE) --no-print-directory build BUILD=.aws-sam/local ARCHITECTURE=$(MACHINE)

deploy-local: build-local .venv/.all .venv-aws/.all ## Deploy to a stand-in for AWS on this machine, and print calls to paste
	@exec .venv/bin/python -m tools.deploy_local .aws-sam/local

replay: .venv/.run ## Publish the events that the bucket kept (ARGS=STACK): see docs/runbook.md
	@.venv/bin/python -m tools.replay $(ARGS)

sam-local: build-local .venv/.all ## Start a DynamoDB for `sam local`, and print its commands (needs Docker, Java 17, and npm the first time)
	@PYTHONPATH=functions exec .venv/bin/python -m tools.sam_local

test-e2e: build-local .venv/.all .venv-aws/.all .venv-lambda/.all ## Deploy to a temporary stand-in for AWS, and test it over HTTP
	@.venv/bin/python -m pytest tests/e2e $(ARGS)

bench: .venv/.all ## Measure costs and speed beside other designs, for docs/costs.md (ARGS=--counts for counts alone, --quick for a smoke test)
	@PYTHONPATH=functions .venv/bin/python -m bench $(ARGS)

bench-books: .venv/.all ## Measure the books on up to a million lines, for docs/books.md (ARGS=--quick: that it works)
	@PYTHONPATH=functions .venv/bin/python -m bench.books $(ARGS)

books: .venv-books/.all ## Prove what the ledger holds, from its lines alone (ARGS=verify, seal, prove, check, statement)
	@PYTHONPATH=functions .venv-books/bin/python -m books $(ARGS)

books-template: .venv/.all ## Write the SQL of the books into infra/books.yaml
	@PYTHONPATH=functions .venv/bin/python -m tools.books_template

# Python versions differ in parsing and imports; `make test` has already run on one of them.
QUICK = tests/api/test_exercise.py tests/api/test_bodies.py tests/api/test_retries.py tests/rules/test_promises.py
QUICK_OF_THE_CLIENT = $(patsubst %,tests/client/test_%.py,attempts description package tokens)
test-pythons: ## Run the quick tests on every other Python found, from 3.11 on; those of the client on 3.10
	@for version in 3.11 3.12 3.13; do \
	    if [ ! -x .venv/bin/python$$version ] && local/environment.sh .venv-$$version tests/requirements.txt $$version; then \
	        .venv-$$version/bin/python -m pytest -q $(QUICK) || exit 1; \
	    fi; \
	done
	@if local/environment.sh .venv-3.10 tests/client/requirements.txt 3.10; then \
	    .venv-3.10/bin/python -m pytest -q $(QUICK_OF_THE_CLIENT); \
	fi

measure-init: .venv-sam/.all .venv-lambda/.all ## Measure how long the built functions take to start
	@$(SAM) build --build-dir .aws-sam/plain --parameter-overrides Architecture=$(MACHINE) >/dev/null 2>&1
	@.venv-sam/bin/python -m tools.measure_init .aws-sam/plain

client: .venv-client/.all ## Install the client and its command line, .venv-client/bin/points
	@.venv-client/bin/python -m pip install -qq --disable-pip-version-check --no-deps --editable client
	@echo "Installed; to have points on the PATH: export PATH=$(CURDIR)/.venv-client/bin:\$$PATH"

clean: ## Remove environments and tool output; the data of `make run` stays
	@rm -rf .venv .venv-* .aws-sam .hypothesis .mypy_cache .pytest_cache .ruff_cache .screenshots .bench .dynamodb-local*

# What is installed where. Each is renewed when its requirements change.
.venv/.run: local/requirements.txt functions/requirements.in
.venv/.all: requirements.txt bench/requirements.txt books/requirements.txt client/requirements.txt tests/requirements.txt .venv/.run
.venv-ministack/.run: local/requirements-ministack.txt
.venv-books/.all: books/requirements.txt
.venv-sam/.all: infra/requirements.txt
.venv-browser/.all: tests/browser/requirements.txt
.venv-contract/.all: tests/contract/requirements.txt
.venv-aws/.all: infra/requirements-aws.txt local/requirements-ministack.txt
.venv-lambda/.all: infra/requirements-lambda.txt
.venv-client/.all: client/requirements.txt
# What that takes, measured with pip and a fast connection.
.venv/.run: TAKES = 85 MB and some 15 s
.venv/.all: TAKES = 615 MB and some 45 s
.venv-ministack/.run: TAKES = 90 MB and some 10 s
.venv-books/.all: TAKES = 155 MB and some 10 s
.venv-sam/.all: TAKES = 330 MB and some 30 s
.venv-browser/.all: TAKES = 215 MB and some 10 s
.venv-contract/.all: TAKES = 95 MB and some 10 s
.venv-aws/.all: TAKES = 115 MB and some 15 s
.venv-lambda/.all: TAKES = 16 MB and a few seconds
.venv-client/.all: TAKES = 46 MB and a few seconds
.venv-sam/.all .venv-aws/.all .venv-lambda/.all: VERSION = $(DEPLOYED_PYTHON)
.venv/.run .venv/.all .venv-ministack/.run .venv-sam/.all .venv-aws/.all .venv-lambda/.all .venv-browser/.all .venv-contract/.all .venv-client/.all .venv-books/.all:
	@local/environment.sh $(@D) $< "$(VERSION)" "$(TAKES)"
	@touch $@
