#!/bin/sh
# Installs the scoring service of this bundle on a machine without a network. Keys and private key are made here, on the machine.
set -eu
umask 077

usage() {
  cat <<'USAGE'
install.sh check                        compares every file with its checksum
install.sh docker [options]             runs the service with Docker on this machine
install.sh cluster [options]            imports the image and deploys to the cluster that kubectl reaches
install.sh keys docker|cluster          prints the service's keys
install.sh uninstall docker|cluster     takes service, keys, certificate and image away

Every command but keys and uninstall checks the checksums first. A second install replaces the service and keeps its keys.

docker:
  --address A          address to publish on (default 0.0.0.0)
  --port N             port to publish (default 443, or 80 without TLS)
  --host-network       no port is published: the service listens on 5001 and 50051 of the machine itself
cluster:
  --context C          kubectl's context
  --import TOOL        k3s, minikube, containerd, docker, or none where every node has the image (default: the first that is here)
both:
  --certificate FILE   own certificate and ...
  --private-key FILE   ... its key, PEM (default: a certificate of its own, made with openssl, if the stack has TLS)
  --timeout SECONDS    how long to wait until the service is ready (default 300)
USAGE
}

fail() { echo "install.sh: $*" >&2; exit 1; }
say() { echo "-- $*"; }

here=$(cd "$(dirname "$0")" && pwd)
cd "$here"

check() {
  if command -v sha256sum >/dev/null; then sums="sha256sum"
  elif command -v shasum >/dev/null; then sums="shasum -a 256"
  else fail "neither sha256sum nor shasum is here to check the bundle with"; fi
  [ -f SHA256SUMS ] || fail "SHA256SUMS is missing: unpack the bundle again"
  make_work
  $sums -c SHA256SUMS >"$work/sums" 2>/dev/null || true
  right=$(grep -c ': OK$' "$work/sums" || true)
  # A line of the list that is damaged itself is left out by the tools, so lines are counted.
  if [ "$right" -eq 0 ] || [ "$right" -ne "$(wc -l <SHA256SUMS)" ]; then
    fail "the bundle is damaged, copy it again: $(grep -v ': OK$' "$work/sums" | tr '\n' ' ')"
  fi
  say "all $right checksums are right"
}

# A file of its own for every secret, gone when the installer ends.
work=
cleanup() { if [ -n "$work" ]; then rm -rf "$work"; fi; }
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
make_work() { [ -n "$work" ] || work=$(mktemp -d); }

random_key() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

# Certificate and private key as tls.crt and tls.key in the working folder.
make_certificate() {
  make_work
  if [ -n "$certificate" ]; then
    cp "$certificate" "$work/tls.crt" && cp "$private_key" "$work/tls.key"
    return
  fi
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 3650 \
    -subj "/CN=$TLS_HOST" -addext "subjectAltName=DNS:$TLS_HOST,DNS:localhost,IP:127.0.0.1" \
    -addext "extendedKeyUsage=serverAuth" \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>"$work/openssl.log" ||
    fail "openssl could not make a certificate: $(cat "$work/openssl.log")"
}

# What a certificate needs, looked at before anything is changed.
require_certificate() {
  [ "$TLS" != none ] || return 0
  if [ -n "$certificate$private_key" ]; then
    [ -f "$certificate" ] || fail "--certificate '$certificate' is no file"
    [ -f "$private_key" ] || fail "--private-key '$private_key' is no file"
  elif [ "$TLS" = own ]; then
    fail "the stack has a certificate of its own: give --certificate and --private-key"
  else
    command -v openssl >/dev/null ||
      fail "openssl is not here to make a certificate: give --certificate and --private-key"
  fi
}

# ---- docker

require_docker() {
  command -v docker >/dev/null || fail "docker is not on PATH"
  docker info >/dev/null 2>&1 || fail "the Docker engine does not answer: is it running, and may you use it?"
}

# Writes standard input into a volume, read-only for the service's user; the volume lies where only root gets.
into_volume() {
  docker run --rm -i --network none --user 0:0 --cap-drop ALL --read-only -v "$1:/secrets" \
    --entrypoint node "$IMAGE" -e \
    'const fs = require("node:fs"); const file = "/secrets/" + process.argv[1]; fs.writeFileSync(file, fs.readFileSync(0)); fs.chmodSync(file, 0o444)' \
    "$2"
}

has_volume() { docker volume inspect "$1" >/dev/null 2>&1; }

ready_in_container='
const tls = Boolean(process.env.TLS_CERTIFICATE_FILE);
const get = require(tls ? "node:https" : "node:http").get;
get({ host: "127.0.0.1", port: process.env.PORT, path: "/v2/health/ready", rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
  .on("error", () => process.exit(1));'

install_docker() {
  require_docker
  [ -z "$RUNTIME_IMAGE" ] || fail "this service has a runtime beside it ($RUNTIME_IMAGE), which takes a cluster"
  require_certificate
  say "loading $IMAGE"
  docker load --quiet --input image.tar >/dev/null
  if [ "$AUTH" = key ] && ! has_volume "$NAME-keys"; then
    say "making keys"
    docker volume create "$NAME-keys" >/dev/null
    for key in primaryKey secondaryKey; do random_key | into_volume "$NAME-keys" "$key"; done
  fi
  if [ "$TLS" != none ] && { [ -n "$certificate" ] || ! has_volume "$NAME-tls"; }; then
    say "making a certificate for $TLS_HOST"
    make_certificate
    docker volume create "$NAME-tls" >/dev/null
    into_volume "$NAME-tls" tls.key <"$work/tls.key"
    into_volume "$NAME-tls" tls.crt <"$work/tls.crt"
  fi
  # One model at a time: the old one ends, what it has accepted is answered, before the new one starts.
  docker stop --time "$STOP_SECONDS" "$NAME" >/dev/null 2>&1 || true
  docker rm --force "$NAME" >/dev/null 2>&1 || true
  set -- --detach --name "$NAME" --restart unless-stopped --env-file service.env \
    --read-only --tmpfs /tmp:size=256m --cap-drop ALL --security-opt no-new-privileges \
    --cpus "$CPUS" --memory "$MEMORY" --pids-limit 1024
  if [ -n "$GPUS" ]; then set -- "$@" --gpus "$GPUS"; fi
  if [ "$AUTH" = key ]; then set -- "$@" -v "$NAME-keys:/etc/scoring/keys:ro"; fi
  if [ "$TLS" != none ]; then set -- "$@" -v "$NAME-tls:/etc/scoring/tls:ro"; fi
  if [ -n "$host_network" ]; then
    set -- "$@" --network host
    reached=127.0.0.1:5001
  else
    set -- "$@" --publish "$address:$port:5001"
    reached=$address:$port
  fi
  say "starting $NAME"
  docker run "$@" "$IMAGE" >/dev/null
  waited=0
  until docker exec "$NAME" node -e "$ready_in_container" 2>/dev/null; do
    if [ "$waited" -ge "$timeout" ] || [ "$(docker inspect --format '{{.State.Restarting}}' "$NAME")" = true ]; then
      docker logs --tail 20 "$NAME" >&2
      fail "the service did not become ready; its log is above"
    fi
    sleep 1
    waited=$((waited + 1))
  done
  if [ "$TLS" != none ]; then
    docker exec "$NAME" cat /etc/scoring/tls/tls.crt >tls.crt
    chmod 644 tls.crt
    say "ready: https://$reached/api/v1/service/$NAME/score, its certificate for clients is $here/tls.crt"
  else
    say "ready: http://$reached/api/v1/service/$NAME/score"
  fi
  [ "$AUTH" != key ] || say "its keys: $here/install.sh keys docker"
}

keys_docker() {
  require_docker
  for key in primaryKey secondaryKey; do
    echo "$key: $(docker exec "$NAME" cat "/etc/scoring/keys/$key")"
  done
}

uninstall_docker() {
  require_docker
  docker stop --time "$STOP_SECONDS" "$NAME" >/dev/null 2>&1 || true
  docker rm --force "$NAME" >/dev/null 2>&1 || true
  for volume in "$NAME-keys" "$NAME-tls"; do
    if has_volume "$volume"; then docker volume rm "$volume" >/dev/null; fi
  done
  if docker image inspect "$IMAGE" >/dev/null 2>&1; then docker image rm "$IMAGE" >/dev/null; fi
  rm -f tls.crt
  say "service, keys, certificate and image are gone"
}

# ---- cluster

kubectl_() {
  if command -v kubectl >/dev/null; then kubectl ${context:+--context "$context"} "$@"
  elif command -v k3s >/dev/null; then k3s kubectl ${context:+--context "$context"} "$@"
  else fail "neither kubectl nor k3s is on PATH"; fi
}

# The tool by which this machine's kubelet gets images.
find_import() {
  [ -z "$import" ] || return 0
  if command -v k3s >/dev/null; then import=k3s
  elif command -v minikube >/dev/null; then import=minikube
  elif command -v ctr >/dev/null && [ -S /run/containerd/containerd.sock ]; then import=containerd
  elif command -v docker >/dev/null; then import=docker
  else fail "neither k3s, minikube, containerd nor docker is here: import image.tar into every node and give --import none"; fi
}

import_image() {
  case $import in
    k3s) k3s ctr images import image.tar ;;
    minikube) minikube image load image.tar ;;
    containerd) ctr --namespace k8s.io images import image.tar ;;
    docker) docker load --quiet --input image.tar ;;
    none) ;;
    *) fail "--import is '$import': it must be k3s, minikube, containerd, docker or none" ;;
  esac
}

forget_image() {
  for image in $IMAGE $RUNTIME_IMAGE; do
    case $import in
      k3s) k3s ctr images rm "$image" ;;
      minikube) minikube image rm "$image" ;;
      containerd) ctr --namespace k8s.io images rm "$image" ;;
      docker) docker image rm "$image" ;;
    esac
  done
}

has_secret() { kubectl_ --namespace "$NAMESPACE" get secret "$1" >/dev/null 2>&1; }

install_cluster() {
  kubectl_ get --raw /readyz >/dev/null || fail "the cluster does not answer"
  require_certificate
  find_import
  say "importing $IMAGE ($import)"
  import_image >/dev/null
  kubectl_ apply -f manifests/namespace.yaml >/dev/null
  if [ "$AUTH" = key ] && ! has_secret "$NAME-keys"; then
    say "making keys"
    make_work
    for key in primaryKey secondaryKey; do random_key >"$work/$key"; done
    kubectl_ --namespace "$NAMESPACE" create secret generic "$NAME-keys" \
      --from-file="$work/primaryKey" --from-file="$work/secondaryKey" >/dev/null
  fi
  if [ "$TLS" != none ] && { [ -n "$certificate" ] || ! has_secret "$NAME-tls"; }; then
    say "making a certificate for $TLS_HOST"
    make_certificate
    kubectl_ --namespace "$NAMESPACE" delete secret "$NAME-tls" --ignore-not-found >/dev/null
    kubectl_ --namespace "$NAMESPACE" create secret tls "$NAME-tls" \
      --cert="$work/tls.crt" --key="$work/tls.key" >/dev/null
    cp "$work/tls.crt" tls.crt && chmod 644 tls.crt
  fi
  say "deploying to namespace $NAMESPACE"
  kubectl_ apply -f manifests/service.yaml >/dev/null
  kubectl_ --namespace "$NAMESPACE" rollout status "deployment/$NAME" --timeout "${timeout}s" ||
    fail "the service did not become ready: kubectl --namespace $NAMESPACE describe pods"
  say "ready; its address: kubectl --namespace $NAMESPACE get service $NAME"
  [ "$AUTH" != key ] || say "its keys: $here/install.sh keys cluster"
}

keys_cluster() {
  for key in primaryKey secondaryKey; do
    echo "$key: $(kubectl_ --namespace "$NAMESPACE" get secret "$NAME-keys" --template "{{index .data \"$key\" | base64decode}}")"
  done
}

uninstall_cluster() {
  kubectl_ delete --ignore-not-found -f manifests/service.yaml >/dev/null
  kubectl_ --namespace "$NAMESPACE" delete secret "$NAME-keys" "$NAME-tls" --ignore-not-found >/dev/null
  kubectl_ delete --ignore-not-found -f manifests/namespace.yaml >/dev/null
  find_import
  forget_image >/dev/null 2>&1 || say "the image was not removed ($import): remove $IMAGE $RUNTIME_IMAGE from the nodes yourself"
  rm -f tls.crt
  say "service, keys, certificate, namespace and image are gone"
}

# ---- command line

address=0.0.0.0 port='' host_network='' context='' import='' certificate='' private_key='' timeout=300
command=${1:-}
case $command in
  '' | -h | --help | help) usage; exit 0 ;;
esac
shift
where=
case $command in
  docker | cluster) where=$command ;;
  keys | uninstall)
    where=${1:-}
    case $where in
      docker | cluster) shift ;;
      *) fail "$command what? $command docker, or $command cluster" ;;
    esac ;;
  check) ;;
  *) fail "there is no command '$command': see --help" ;;
esac

absolute() { case $1 in /*) echo "$1" ;; *) echo "$started/$1" ;; esac; }
started=${OLDPWD:-$here}
while [ $# -gt 0 ]; do
  case $1 in
    --host-network) host_network=yes; shift; continue ;;
    -h | --help) usage; exit 0 ;;
  esac
  [ $# -ge 2 ] || fail "$1 takes a value, or is no option: see --help"
  case $1 in
    --address) address=$2 ;;
    --port) port=$2 ;;
    --context) context=$2 ;;
    --import) import=$2 ;;
    --certificate) certificate=$(absolute "$2") ;;
    --private-key) private_key=$(absolute "$2") ;;
    --timeout) timeout=$2 ;;
    *) fail "there is no option $1: see --help" ;;
  esac
  shift 2
done

case $command in docker | cluster | check) check ;; esac
[ "$command" != check ] || exit 0
# shellcheck source=/dev/null
. ./bundle.env
if [ -z "$port" ]; then if [ "$TLS" = none ]; then port=80; else port=443; fi; fi
case $command in
  docker | cluster) "install_$where" ;;
  *) "${command}_$where" ;;
esac
