# The tasks of this repository. `make help` lists them.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
CARGO ?= cargo

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-22s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Try it: a local room in the browser and a local cluster (ARGS="--port 8080" passes options on)
	$(CARGO) run --release --locked -- demo $(ARGS)

.PHONY: test
test: test-rust test-browser ## All tests; installs what they need and says so

.PHONY: test-rust
test-rust: ## The Rust tests, a real Kubernetes control plane included
	variables=$$(scripts/setup-tests.sh); eval "$$variables"; $(CARGO) test --locked --workspace $(ARGS)

.PHONY: test-browser
test-browser: ## The demo's page, driven in Chromium
	variables=$$(scripts/setup-tests.sh); eval "$$variables"; \
	$(CARGO) build --locked --bin readback; \
	scripts/browser-test.sh "$${CARGO_TARGET_DIR:-target}/debug/readback"

.PHONY: test-rust-bert
test-rust-bert: ## The tests of what needs libtorch: training, and that both engines answer the same
	variables=$$(scripts/setup-tests.sh rust-bert); eval "$$variables"; \
	$(CARGO) test --locked --workspace --features readback/rust-bert --target-dir "$${CARGO_TARGET_DIR:-target}/torch" --lib --test all -- train:: yardstick:: engine:: decode:: model:: parity:: $(ARGS)

.PHONY: train
train: ## Teach the model again from intents/ (ARGS="--seed 2" passes options on)
	variables=$$(scripts/setup-tests.sh rust-bert); eval "$$variables"; \
	$(CARGO) run --release --locked --features rust-bert --target-dir "$${CARGO_TARGET_DIR:-target}/torch" -- train $(ARGS)

.PHONY: sentences
sentences: ## Write docs/sentences.md and the picture of the cards again, after `make test`
	scripts/sentences.py
	cp target/browser-test/cards.png docs/cards.png

.PHONY: libtorch
libtorch: ## Fetch libtorch and the encoder, and print the variables that name them
	scripts/libtorch.sh

.PHONY: vendor-adaptivecards
vendor-adaptivecards: ## Fetch Microsoft's card renderer into the page again
	scripts/vendor-adaptivecards.sh

.PHONY: image-build
image-build: ## Build the image's files, as the Dockerfile does, into target/image/rootfs
	scripts/image-build.sh

.PHONY: check
check: check-format check-imports check-lints check-docs check-dependencies ## Everything that is checked without running it

.PHONY: check-format
check-format:
	$(CARGO) fmt --check

# Files that import each other in a circle cannot be understood one at a time.
.PHONY: check-imports
check-imports:
	python3 scripts/check-imports.py

# Warnings are errors everywhere, but not through RUSTFLAGS, which would rebuild every dependency.
.PHONY: check-lints
check-lints:
	$(CARGO) clippy --locked --workspace --all-targets -- -D warnings

.PHONY: check-docs
check-docs:
	scripts/sentences.py --check
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --document-private-items --lib

# Advisories need a database that is not reachable everywhere, so they are reported but do not fail.
.PHONY: check-dependencies
check-dependencies:
	@if ! $(CARGO) deny --version >/dev/null 2>&1; then \
	  echo 'NOT RUN: licences, bans, sources and advisories: cargo-deny is not installed (cargo install --locked cargo-deny)'; \
	else \
	  $(CARGO) deny --locked --all-features check bans licenses sources; \
	  $(CARGO) deny --locked --all-features check advisories || echo 'advisories: see above; they stop nothing'; \
	fi
