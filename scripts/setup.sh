#!/usr/bin/env bash
# All set-up for Proofboard on Debian or Ubuntu: system packages, virtual environment, the package itself; with the
# argument `test` also what the tests need. Says what it installs, installs only what is missing, and can be run again
# at no cost.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\033[1m==>\033[0m %s\n' "$*"; }
fail() {
    printf 'setup: %s\n' "$*" >&2
    exit 1
}

[ "$(uname -s)" = Linux ] || fail "this script knows Debian and Ubuntu only; docs/install.md lists what is needed elsewhere"
command -v apt-get >/dev/null || fail "apt-get is not here: this script knows Debian and Ubuntu only (docs/install.md lists what is needed)"
command -v python3 >/dev/null || fail "python3 is not here: install Python 3.11 or newer"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed, python3 is $(python3 --version 2>&1)"

# program or file that shows the package is there, and the package
needed=(
    "cc gcc"
    "/usr/include/stdlib.h libc6-dev"
    "cmake cmake"
    "ninja ninja-build"
    "arm-none-eabi-gcc gcc-arm-none-eabi"
    "/usr/lib/arm-none-eabi/newlib/nano.specs libnewlib-arm-none-eabi"
    "qemu-system-arm qemu-system-arm"
)
missing=()
for pair in "${needed[@]}"; do
    read -r sign package <<<"$pair"
    case "$sign" in
    /*)
        # newlib keeps its specs in a folder that differs between releases
        [ -e "$sign" ] || dpkg -s "$package" >/dev/null 2>&1 || missing+=("$package")
        ;;
    *) command -v "$sign" >/dev/null || missing+=("$package") ;;
    esac
done
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=("python3-venv")

if [ ${#missing[@]} -gt 0 ]; then
    as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        command -v sudo >/dev/null ||
            fail "these packages are missing and neither root nor sudo is at hand: apt-get install ${missing[*]}"
        as_root=(sudo)
    fi
    say "installing system packages: ${missing[*]}"
    "${as_root[@]}" apt-get update -qq || fail "apt-get update failed: is the package mirror reachable?"
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null ||
        fail "apt-get could not install: ${missing[*]}"
fi

# The recordings come as Debian packages too: apt needs its lists to find them.
if ! apt-cache show ufoai-sound >/dev/null 2>&1; then
    say "updating the package lists, for the recordings"
    if [ "$(id -u)" -eq 0 ]; then apt-get update -qq; else sudo apt-get update -qq; fi ||
        fail "apt-get update failed: is the package mirror reachable?"
fi

case "${1:-}" in
"") extras="" ;;
test) extras="[test]" ;;
*) fail "the only argument is 'test', not '$1'" ;;
esac
stamp=".venv/proofboard${1:+-$1}.stamp"
wanted=$(cat pyproject.toml constraints.txt scripts/setup.sh | sha256sum)
if [ ! -e "$stamp" ] || [ "$(cat "$stamp")" != "$wanted" ]; then
    say "making the virtual environment .venv with $(python3 --version)"
    python3 -m venv .venv || fail "the virtual environment could not be made"
    say "installing Proofboard, the Python packages it needs${1:+ and those its tests need} into .venv"
    .venv/bin/pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable ".$extras" ||
        fail "pip could not install the Python packages"
    echo "$wanted" >"$stamp"
fi
say "set-up is complete"
