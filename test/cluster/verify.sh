#!/usr/bin/env bash
# The manifests of the scoring service on a real Kubernetes control plane. Needs Go 1.24 or later to build it once.
set -euo pipefail
cd "$(dirname "$0")/../.."
KUBERNETES_BIN=$(test/cluster/build.sh)
export KUBERNETES_BIN
exec npx mocha --config test/cluster/mocharc.json "$@"
