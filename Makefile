# make demo   all set-up, then the main job: a scream detector proved on a simulated board
# make test   all set-up, then the tests
# make fuzz   libFuzzer on the firmware's receiver for ten minutes (needs clang); SECONDS=60 for one
# make fuzz-host   the state machines of the host's end, likewise
.PHONY: demo test test-all fuzz fuzz-host lint setup setup-test clean

BOARD ?= qemu-mps2-an505

setup:
	@scripts/setup.sh

setup-test:
	@scripts/setup.sh test

demo: setup
	@.venv/bin/proofboard run scream --board $(BOARD)

test: setup-test
	.venv/bin/pytest -n 2 --dist loadfile --board qemu-mps2-an505 --require-board

test-all: setup-test
	.venv/bin/pytest -n 2 --dist loadfile --board qemu-mps2-an505 --require-board -m "slow or not slow"

SECONDS ?= 600

fuzz: setup-test
	.venv/bin/python tests/fuzz_target.py --seconds $(SECONDS)

fuzz-host: setup-test
	.venv/bin/python tests/fuzz_host.py --seconds $(SECONDS)

lint: setup-test
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/clang-format --dry-run --Werror $$(git ls-files '*.c' '*.h')

clean:
	rm -rf .venv build runs *.egg-info
