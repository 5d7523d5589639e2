#!/usr/bin/env bash
# Builds a Kubernetes control plane from its published Go modules and prints the folder of the programs: no image and no download page is
# needed, only Go and its module proxy. What is there already is not built again. Takes about 20 minutes on two cores the first time.
set -euo pipefail

etcd=v3.6.5
kubernetes=v1.34.2
kwok=v0.7.0
# Kubernetes's own parts are published beside it, one minor version for one minor version.
staging=v0.${kubernetes#v1.}

cache=${KUBERNETES_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/accelerated-scoring/kubernetes-$kubernetes-etcd-$etcd-kwok-$kwok}
bin=$cache/bin
mkdir -p "$bin"
export GOFLAGS=-mod=mod CGO_ENABLED=0

# A wrapper module a program: their own go.mod files have replacements, which `go install` refuses.
wrapper() {
  rm -rf "${cache:?}/$1"
  mkdir "$cache/$1"
  cd "$cache/$1"
  go mod init wrapper
}

build() { go build -trimpath -ldflags "-s -w ${3:-}" -o "$bin/$1.new" "$2" && mv "$bin/$1.new" "$bin/$1"; }

build_etcd() {
  wrapper etcd
  go get "go.etcd.io/etcd/server/v3@$etcd"
  build etcd go.etcd.io/etcd/server/v3
}

build_kwok() {
  wrapper kwok
  go get "sigs.k8s.io/kwok/cmd/kwok@$kwok"
  build kwok sigs.k8s.io/kwok/cmd/kwok
}

kubernetes_programs="kube-apiserver kube-controller-manager kube-scheduler kubectl"

build_kubernetes() {
  wrapper kubernetes
  go mod edit -require "k8s.io/kubernetes@$kubernetes"
  go mod download k8s.io/kubernetes
  # The version v0.0.0 alone marks what is replaced; kube-openapi and utils have versions of their own.
  for module in $(sed -nE 's|^\s+(k8s\.io/[a-z0-9-]+) v0\.0\.0( //.*)?$|\1|p' "$(go env GOMODCACHE)/cache/download/k8s.io/kubernetes/@v/$kubernetes.mod"); do
    go mod edit -replace "$module=$module@$staging"
  done
  set --
  for program in $kubernetes_programs; do set -- "$@" "k8s.io/kubernetes/cmd/$program@$kubernetes"; done
  go get "$@"
  local version=k8s.io/component-base/version
  for program in $kubernetes_programs; do
    [ -x "$bin/$program" ] || build "$program" "k8s.io/kubernetes/cmd/$program" \
      "-X $version.gitVersion=$kubernetes -X $version.gitMajor=1 -X $version.gitMinor=34"
  done
}

{
  [ -x "$bin/etcd" ] || (build_etcd)
  [ -x "$bin/kwok" ] || (build_kwok)
  for program in $kubernetes_programs; do
    [ -x "$bin/$program" ] || { (build_kubernetes); break; }
  done
} >&2
echo "$bin"
