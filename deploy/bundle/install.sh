#!/usr/bin/env bash
# Installs g60pipeline from the folder that this script lies in; asks no network for anything.
# Example: ./install.sh --prefix /opt/g60 --fonts system
set -euo pipefail
umask 022

prefix=/opt/g60 fonts=user python=${PYTHON:-python3}
usage() {
    echo "usage: install.sh [--prefix DIR] [--fonts user|system|none]      PYTHON=… chooses the interpreter" >&2
    exit 2
}
fail() {
    echo "install.sh: $*" >&2
    exit 1
}
while [ $# -gt 0 ]; do
    case $1 in
    --prefix) prefix=${2:-} ;;
    --fonts) fonts=${2:-} ;;
    *) usage ;;
    esac
    [ $# -ge 2 ] || usage
    shift 2
done
case $fonts in
user) fonts_in=${XDG_DATA_HOME:-$HOME/.local/share}/fonts/g60 ;;
system) fonts_in=/usr/share/fonts/g60 ;;
none) ;;
*) usage ;;
esac
[ -n "$prefix" ] || usage
prefix=$(realpath --canonicalize-missing "$prefix")
cd "$(dirname "$0")"

changed=$(sha256sum --check --quiet SHA256SUMS 2>/dev/null) ||
    fail "this bundle is not as it was packed; copy it anew. Nothing was installed. ${changed:-SHA256SUMS is missing}"
kind=$("$python" -c 'import platform, sys; print("cp%d%d-%s-%s" % (*sys.version_info[:2], sys.platform, platform.machine()))')
name=$(cat NAME)
case $name in
*-"$kind") ;;
*) fail "this bundle is $name, but $python is $kind; choose another with PYTHON=…" ;;
esac
"$python" -c 'import ensurepip, venv' 2>/dev/null || fail "$python lacks venv: install Debian's python3-venv"

# An upgrade is installed beside what is there, and `current` turns to it only when it is whole.
target=$prefix/$name-$(sha256sum SHA256SUMS | cut -c-12)
if [ ! -e "$target/.whole" ]; then
    trap 'rm -rf "$target"' EXIT
    "$python" -m venv --clear "$target"
    "$target/bin/python" -m pip install --quiet --isolated --disable-pip-version-check --no-index --no-deps --no-compile \
        --find-links wheelhouse --require-hashes --requirement requirements.txt
    # Without bytecode every command would take twice as long to start. A few packages carry files for other Pythons.
    "$target/bin/python" -m compileall -q -j 0 "$target/lib" >/dev/null || true
    cp --recursive deploy "$target/deploy"
    touch "$target/.whole"
    trap - EXIT
fi
ln --symbolic --force --no-dereference "$target" "$prefix/current.new"
mv --no-target-directory "$prefix/current.new" "$prefix/current"

if [ "$fonts" != none ]; then
    mkdir -p "$fonts_in"
    cp fonts/* "$fonts_in/"
    if command -v fc-cache >/dev/null; then
        fc-cache "$fonts_in"
    else
        echo "Charts need fontconfig to find the fonts: install Debian's package fontconfig"
    fi
fi

if "$prefix/current/bin/g60" doctor --help >/dev/null 2>&1; then
    "$prefix/current/bin/g60" doctor || echo "Mend what doctor says, then run: $prefix/current/bin/g60 doctor"
fi
echo "Installed in $target; the command is $prefix/current/bin/g60"
