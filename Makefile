# Penstock. `make` alone prints the targets; every target has a `##` line.
SHELL     := /bin/bash
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

VERSION   := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
LDFLAGS   := -s -w -X main.version=$(VERSION)
MODULES   := . sdk/go $(patsubst %/go.mod,%,$(wildcard plugins/*/go.mod))
PLUGINS   := $(patsubst plugins/%/go.mod,bin/plugins/%.wasm,$(wildcard plugins/*/go.mod))
TOOL      := GOWORK=off go tool -modfile=tools/go.mod
PKG       ?= ./...
FUZZTIME  ?= 10s
FUZZDIRS  ?=
BENCHTIME ?= 1s

.PHONY: help
help: ## print the targets
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-16s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: build plugins ## signed webhook to mail, then kill -9 under load; ends by itself (KEEP=1 leaves the server running)
	go run ./internal/demo $(if $(KEEP),-keep)

.PHONY: node
node: internal/interop/node_modules/.package-lock.json internal/interop/editor/node_modules/.package-lock.json ## install the senders' and editors' libraries that the tests use

%/node_modules/.package-lock.json: %/package-lock.json
	@tools/need.sh npm nodejs npm
	@cd $* && npm ci --silent && touch node_modules/.package-lock.json

.PHONY: namespaces
namespaces:
	@tools/need.sh ip iproute2

.PHONY: test
test: node namespaces ## run every test of every module with the race detector
	@for m in $(MODULES); do (cd $$m && echo "== $$m" && go test -race -shuffle=on -count=1 -timeout 25m $(PKG)) || exit 1; done

.PHONY: short
short: ## run the quick tests only, without the race detector
	@for m in $(MODULES); do (cd $$m && go test -short -timeout 5m $(PKG)) || exit 1; done

.PHONY: build
build: ## build bin/pi
	CGO_ENABLED=0 go build -trimpath -ldflags '$(LDFLAGS)' -o bin/pi ./cmd/pi

.PHONY: plugins
plugins: $(PLUGINS) ## build and pack the plugins to bin/plugins/*.wasm

bin/plugins/%.wasm: plugins/%/*.go plugins/%/go.mod sdk/go/*.go | build
	@mkdir -p bin/plugins
	cd plugins/$* && GOOS=wasip1 GOARCH=wasm go build -trimpath -buildmode=c-shared -ldflags='-s -w' -o ../../$@ .
	bin/pi plugin pack $@

.PHONY: check
check: fmt-check lint tidy-check generate-check ## format, linters, tidy and generated files, all without drift

.PHONY: fmt
fmt: ## format all Go files
	$(TOOL) gofumpt -w $$(git ls-files '*.go')

.PHONY: fmt-check
fmt-check:
	@out=$$($(TOOL) gofumpt -l $$(git ls-files '*.go')); test -z "$$out" || { echo "not formatted:"; echo "$$out"; exit 1; }

.PHONY: lint
lint: ## run golangci-lint on every module, and prove that its import rules bite
	@$(TOOL) golangci-lint version >/dev/null
	@GOLANGCI=$$($(TOOL) -n golangci-lint) && for m in $(MODULES); do echo "== lint $$m"; (cd $$m && $$GOLANGCI run --config $(CURDIR)/.golangci.yml ./...) || exit 1; done
	go test -count=1 -tags lint -run Lint ./internal/archtest

.PHONY: tidy-check
tidy-check:
	@for m in $(MODULES) tools; do (cd $$m && GOWORK=off go mod tidy -diff) || exit 1; done

.PHONY: generate
generate: ## write the reference pages in docs/reference
	go run ./internal/docgen

.PHONY: generate-check
generate-check:
	go run ./internal/docgen -check

.PHONY: bench
bench: ## run every benchmark beside its floor
	@for m in $(MODULES); do (cd $$m && go test -run '^$$' -bench . -benchmem -benchtime $(BENCHTIME) $(PKG)) || exit 1; done

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME
	@for d in $$(git ls-files '*_test.go' | grep '^$(FUZZDIRS)' | xargs grep -l '^func Fuzz' | xargs -n1 dirname | sort -u); do \
	  for f in $$(grep -ho '^func Fuzz[A-Za-z0-9]*' $$d/*_test.go | sed 's/func //'); do \
	    echo "== $$d $$f"; (cd $$d && go test -run '^$$' -fuzz "^$$f$$" -fuzztime $(FUZZTIME) .) || exit 1; done; done

.PHONY: fuzz-smoke
fuzz-smoke: ## run each fuzz target of the door for 30 s
	@$(MAKE) --no-print-directory fuzz FUZZTIME=30s FUZZDIRS=ingress

.PHONY: abuse
abuse: ## the abuse tests of the door at full size; takes some minutes
	PENSTOCK_ABUSE=full go test -count=1 -timeout 60m -v -run '^Test(Abuse|SameDelivery|Rotation)' ./internal/app

.PHONY: vuln
vuln: ## look for known vulnerabilities that the code reaches
	$(TOOL) govulncheck ./...

.PHONY: cover
cover: ## write coverage.out and print the total
	go test -coverprofile=coverage.out -coverpkg=./... ./... && go tool cover -func=coverage.out | tail -1

.PHONY: clean
clean: ## remove what was built
	rm -rf bin coverage.out
