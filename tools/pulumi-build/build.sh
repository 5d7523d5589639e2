#!/usr/bin/env bash
# Builds the Pulumi CLI and its Node language host with Go, for machines that may not download Pulumi's releases, and puts
# them where the npm package `pulumi` looks: ~/.pulumi/versions/VERSION/bin. Needs Go and the Go module proxy.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
version=$(node -p "require('$root/node_modules/pulumi/package.json').version")
# The last SDK module with the language host inside; afterwards it became a module of its own, which not every proxy has.
older_host=3.68.0
bin=${PULUMI_HOME:-$HOME/.pulumi}/versions/$version/bin
export GOFLAGS=-mod=mod
command -v go > /dev/null || { echo "Go is needed to build the Pulumi CLI: https://go.dev/dl" >&2; exit 1; }

if [ -x "$bin/pulumi" ] && [ -x "$bin/pulumi-language-nodejs" ] && [ "${1:-}" != --force ]; then
  echo "already built: $bin"
  exit 0
fi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$bin"

cli=github.com/pulumi/pulumi/pkg/v3
mkdir "$work/cli" && cd "$work/cli"
go mod init wrapper 2> /dev/null
go get "$cli/cmd/pulumi@v$version" 2> get.log || { tail -n 3 get.log >&2; exit 1; }
go build -ldflags "-s -w -X github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=$version" -o "$work/pulumi" "$cli/cmd/pulumi"

host=github.com/pulumi/pulumi/sdk/nodejs/cmd/pulumi-language-nodejs/v3
mkdir "$work/host" && cd "$work/host"
go mod init wrapper 2> /dev/null
if go get "$host@v$version" 2> get.log; then
  built_host=$version
  go build -o "$work/pulumi-language-nodejs" "$host"
else
  # It knows the engine's calls but two: its RunPlugin is replaced by one that runs policy packs.
  built_host=$older_host
  sdk=github.com/pulumi/pulumi/sdk/v3
  go get "$sdk/nodejs/cmd/pulumi-language-nodejs@v$older_host" 2> get.log || { tail -n 3 get.log >&2; exit 1; }
  source=$(go list -m -f '{{.Dir}}' $sdk)/nodejs/cmd/pulumi-language-nodejs
  cp "$source"/main.go "$source"/proxy*.go "$root/tools/pulumi-build/runPlugin.go" .
  chmod u+w ./*.go
  sed -i.bak 's/) RunPlugin(/) runPluginUnsupported(/' main.go
  go build -o "$work/pulumi-language-nodejs" .
fi

cp "$root/node_modules/@pulumi/pulumi/pulumi-resource-pulumi-nodejs" "$work/"
install -m 755 "$work/pulumi" "$work/pulumi-language-nodejs" "$work/pulumi-resource-pulumi-nodejs" "$bin/"
echo "built the CLI $version and the language host $built_host: $bin"
