#!/usr/bin/env bash
# Measures core/irc against Debian's golang-sorcix-irc-dev and fails when it is not at least three times as fast.
#
# That library is GOPATH code without a go.mod, so it is copied to a temporary folder and given one, and a temporary
# copy of ours (go's -modfile) points there. Nothing in the repository is changed and nothing is downloaded.
#
# usage: core/irc/bench-sorcix.sh [folder of the library]
set -euo pipefail
library=${1:-/usr/share/gocode/src/github.com/sorcix/irc}
if ! ls "$library"/*.go >/dev/null 2>&1; then
	echo "SKIPPED: THE COMPARISON WITH SORCIX DID NOT RUN: $library is not there (apt-get install golang-sorcix-irc-dev)" | tee /dev/stderr
	exit 0
fi
cd "$(dirname "$0")"
root=$(go list -m -f '{{.Dir}}')
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
mkdir "$tmp/sorcix"
cp "$library"/*.go "$tmp/sorcix"
rm -f "$tmp"/sorcix/*_test.go
printf 'module github.com/sorcix/irc\n\ngo 1.16\n' >"$tmp/sorcix/go.mod"
cp "$root/go.mod" "$root/go.sum" "$tmp"
go mod edit -require=github.com/sorcix/irc@v1.1.0 -replace="github.com/sorcix/irc=$tmp/sorcix" "$tmp/go.mod"
GOFLAGS=-mod=mod go test -modfile="$tmp/go.mod" -tags sorcix -count=1 -v ./testdata/sorcix
