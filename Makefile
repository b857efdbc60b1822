# make demo       the whole workflow on a simulated modem, installing what it needs
# make test       every test, installing what it needs
# make bench      what io-pkt is worth beside the kernel's driver: doc/bench.md
# make build      the commands, in bin/
# make install    the commands and their manuals below PREFIX, whose bin goes first in PATH
# make deb        a Debian package, in bin/
# make arm64      the commands for arm64, in bin/arm64, and tests of theirs under QEMU
# make lint       golangci-lint and shellcheck

PREFIX ?= /opt/io-pkt
DESTDIR ?=

# The commands that reach USB need cgo, for libusb; the others are static.
CGO_COMMANDS    = io-pkt
STATIC_COMMANDS = io-usb ifconfig if_up mount nicinfo sloginfo slogger \
	buildfile dhcp.client on pidin random slay waitfor
# One binary, several names: the name picks the variant.
LINKS = io-pkt-v4=io-pkt io-pkt-v4-hc=io-pkt io-pkt-v6-hc=io-pkt slog2info=sloginfo \
	slogger2=slogger io-usb-otg=io-usb dhclient=dhcp.client qon=on pipe=random devc-pty=random

# Commands whose options bash completes, beside io-pkt.
COMPLETED = buildfile io-pkt-v4 io-pkt-v4-hc io-pkt-v6-hc io-usb io-usb-otg pidin slay \
	slogger slogger2 sloginfo slog2info

TO = $(DESTDIR)$(PREFIX)

GO       ?= go
VERSION  := $(shell git describe --tags --always --dirty 2>/dev/null || echo unknown)
GOFLAGS  := -trimpath -ldflags '-X main.version=$(VERSION)'
GOTESTSUM := gotest.tools/gotestsum@v1.13.0
GOLANGCI  := github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v2.12.2

.PHONY: all build commands demo test bench lint install deb arm64 clean

all: build

build:
	@scripts/setup build
	@$(MAKE) --no-print-directory commands

# What go builds is go's to know: it keeps a cache.
commands:
	@mkdir -p bin
	CGO_ENABLED=1 $(GO) build $(GOFLAGS) -o bin/ $(CGO_COMMANDS:%=./cmd/%)
	CGO_ENABLED=0 $(GO) build $(GOFLAGS) -o bin/ $(STATIC_COMMANDS:%=./cmd/%)
	@for l in $(LINKS); do ln -sfn "$${l#*=}" "bin/$${l%%=*}"; done

demo:
	@scripts/setup demo
	@$(MAKE) --no-print-directory commands
	@scripts/demo bin

# go would show an old result of tests that build commands and run them: it does not
# know that they do. -count=1 has it run them.
test:
	@scripts/setup test
	@$(MAKE) --no-print-directory commands
	$(GO) vet ./...
	$(GO) run $(GOTESTSUM) --format pkgname-and-test-fails -- -race -count=1 -timeout 40m $(TESTFLAGS) ./...

bench:
	@scripts/setup bench
	@$(MAKE) --no-print-directory commands
	$(GO) run ./test/bench $(BENCHFLAGS)

lint:
	@scripts/setup test
	$(GO) run $(GOLANGCI) run ./...
	shellcheck scripts/* .ci/run packaging/deb \
		$(addprefix packaging/debian/,postinst postrm prerm start) test/*/testdata/*.sh

install: build
	install -d '$(TO)/bin' '$(TO)/share/man/man8' '$(TO)/share/bash-completion/completions'
	install $(CGO_COMMANDS:%=bin/%) $(STATIC_COMMANDS:%=bin/%) '$(TO)/bin'
	$(GO) run ./internal/manual '$(TO)/share/man/man8'
	@for l in $(LINKS); do \
		ln -sfn "$${l#*=}" '$(TO)/bin/'"$${l%%=*}"; \
		ln -sfn "$${l#*=}.8" '$(TO)/share/man/man8/'"$${l%%=*}.8"; done
	install -m 644 scripts/completion '$(TO)/share/bash-completion/completions/io-pkt'
	@for c in $(COMPLETED); do ln -sfn io-pkt '$(TO)/share/bash-completion/completions/'"$$c"; done
	@echo 'Put it first: PATH=$(PREFIX)/bin:$$PATH'

deb:
	@scripts/setup build
	@packaging/deb

# Pure packages, whose tests run everywhere.
ARM64_TESTS = buildfile getopt offload qnx waitfor

arm64:
	@scripts/setup arm64
	@mkdir -p bin/arm64
	scripts/arm64 $(GO) build $(GOFLAGS) -o bin/arm64/ $(CGO_COMMANDS:%=./cmd/%)
	GOARCH=arm64 CGO_ENABLED=0 $(GO) build $(GOFLAGS) -o bin/arm64/ $(STATIC_COMMANDS:%=./cmd/%)
	@for l in $(LINKS); do ln -sfn "$${l#*=}" "bin/arm64/$${l%%=*}"; done
	scripts/arm64 run bin/arm64/io-pkt --version
	GOARCH=arm64 CGO_ENABLED=0 $(GO) test -exec qemu-aarch64-static ./usb ./slog $(ARM64_TESTS:%=./internal/%)

clean:
	rm -rf bin
