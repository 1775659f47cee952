# SPDX-License-Identifier: MIT
# Two commands do everything, package installation included: `make demo` and `make check`. The build itself is Meson's.

BUILD ?= build
PREFIX ?= /usr/local
VIDEOPORT = $(BUILD)/src/cli/videoport

.PHONY: all build help demo check bench install clean packages

all: build

help:
	@echo 'make             build into $(BUILD)/'
	@echo 'make demo        build, and move a picture through the simulated adapter and back'
	@echo 'make check       every test: gcc and clang, sanitizers, fuzzing, 32 bits, mingw-w64 headers'
	@echo 'make bench       measure the DMA path, draw plots of it'
	@echo 'make install     install under PREFIX=$(PREFIX) (DESTDIR works)'
	@echo 'make clean       remove everything that was made'
	@echo
	@echo 'What is missing on a Debian 12 system is installed first (as root, or with sudo);'
	@echo 'VIDEOPORT_NO_INSTALL=1 turns that off.'

packages:
	@scripts/install_packages.sh build

$(BUILD)/build.ninja: | packages
	meson setup $(BUILD)

build: packages $(BUILD)/build.ninja
	ninja -C $(BUILD)

demo: packages $(BUILD)/build.ninja
	ninja -C $(BUILD) src/cli/videoport
	@mkdir -p out
	@echo '$(VIDEOPORT) blit pictures/demo.png -o out/demo-shot.png'
	@$(VIDEOPORT) blit pictures/demo.png -o out/demo-shot.png
	@echo
	@echo 'Look at out/demo-shot.png: that is what the adapter shows. `$(VIDEOPORT) adapters` lists what else it can be.'

check:
	@scripts/install_packages.sh check
	@python3 scripts/check.py

# BENCH is what `videoport bench` takes: BENCH="F L --quick"
bench:
	@scripts/install_packages.sh bench
	@[ -f build-bench/build.ninja ] || meson setup build-bench --buildtype=release
	ninja -C build-bench src/cli/videoport
	@mkdir -p out
	@build-bench/src/cli/videoport bench $(BENCH) -o out/bench.json
	@scripts/plot_bench.py out/bench.json out

install: build
	meson configure $(BUILD) --prefix $(PREFIX)
	meson install -C $(BUILD)

clean:
	rm -rf $(BUILD) build-check build-bench out
