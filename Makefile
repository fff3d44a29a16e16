# Everything a person does here, by name. `make` alone explains them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# What `make run` keeps its data in; delete it to start afresh.
RUN_DATA ?= .run
# The engines of the node that `make run` starts: `all`, or a list such as `espeak,whisper`.
ENGINES ?= espeak
# Where the small models for tests are put.
SMALL_MODELS ?= $(HOME)/.cache/sfetnic/small-models
export SMALL_MODELS
# Where `make demo-call` leaves what it heard.
CALL ?= .demo-call
# `make bench DATA=folder`: a folder with further evaluation data; without it the starter pack alone is measured.
DATA ?=
# `make bench-scheduler`, `make bench-phone`: parts and options for the script of that name; for the first a trace of requests.
ARGS ?=
TRACE ?=

.PHONY: help deps deps-test models-test web run demo-call test lint bench bench-scheduler bench-phone build-cuda eval openapi clean

help: ## Explain the targets
	@echo "Sfetnic: answers citizens from the institution's own knowledge."
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

deps: ## Install what building and running need (Debian packages, Node packages)
	@scripts/install-deps build

deps-test: deps
	@scripts/install-deps test

models-test: deps-test ## Make the small models that tests use (seconds)
	@inference-node/engines/small-models/make "$(SMALL_MODELS)"

web: node_modules/.package-lock.json ## Bundle the pages' styles and scripts
	@npm run --silent build

node_modules/.package-lock.json: package.json package-lock.json
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

run: deps web ## Build, start, print the addresses and the first operator's one-time password
	@ENGINES="$(ENGINES)" scripts/run "$(RUN_DATA)"

test: deps-test models-test web ## Prove it: unit and story tests, three real servers, two real browsers, every engine
	@npm run --silent typecheck
	cargo test --workspace --locked
	@npm run --silent test

lint: deps web ## Formatting, clippy, licences and sources of dependencies
	@scripts/install-deps lint
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	cargo deny --log-level error check bans licenses sources

bench: deps models-test web ## Measure, and print the figures of docs/benchmarks.md (DATA=folder adds its evaluation files)
	@DATA="$(DATA)" scripts/bench

bench-scheduler: deps ## Compare the gateway with its peers (ARGS="latency --quick"; TRACE=file adds prefix hits; OURS: see the script)
	@scripts/bench-scheduler $(ARGS) $(if $(TRACE),--trace "$(TRACE)")

bench-phone: deps ## Compare the telephone with its peers (ARGS="relay --calls 50,200 --rounds 2"; see the script)
	@scripts/bench-phone $(ARGS)

demo-call: deps-test models-test web ## Play a whole telephone call with a soft phone; leaves what was heard and the transcript
	cargo build --locked --package server --package node --no-default-features --features node/espeak,node/whisper
	@node appliance/server/tests/telephone/demo.mjs "$(CALL)"

build-cuda: deps ## Build the inference node for NVIDIA GPUs (CUDA_CAPABILITY=90; an hour the first time)
	@scripts/build-cuda

eval: deps web ## Evaluate the answers over the starter pack
	cargo run --quiet --locked --package server -- eval --knowledge starter --questions appliance/knowledge/starter/questions

openapi: web ## Write docs/openapi.json anew
	cargo run --quiet --locked --package server -- openapi > docs/openapi.json

clean: ## Delete the data of `make run`
	rm -rf "$(RUN_DATA)"
