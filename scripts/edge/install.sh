#!/bin/sh
# Installs the scoring service of this bundle on a machine without a network. Keys and private key are made here, on the machine.
set -eu
umask 077
# Tools are read by their words, which a locale translates; with CDPATH cd goes elsewhere and prints where.
LC_ALL=C
export LC_ALL
unset CDPATH
# Without one kubectl keeps its cache where it is started: among the files of the bundle.
[ -n "${HOME-}" ] || export HOME="${TMPDIR:-/tmp}"

usage() {
  cat <<'USAGE'
install.sh check                        compares every file with its checksum, and refuses files that have none
install.sh docker [options]             runs the service with Docker on this machine
install.sh cluster [options]            imports the image and deploys to the cluster that kubectl reaches
install.sh keys docker|cluster          prints the service's keys
install.sh uninstall docker|cluster     takes service, keys, certificate and image away

Every command checks the checksums first; keys and uninstall those of the installer alone. A second install
replaces the service and keeps its keys and certificate; with docker, what ran before runs again where the new one
does not become ready.

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
  --timeout SECONDS    how long to wait until the service is ready (default 600)
USAGE
}

fail() { echo "install.sh: $*" >&2; exit 1; }
say() { echo "-- $*"; }

here=$(cd "$(dirname "$0")" && pwd)
cd "$here"

# What the installer reads as its own code.
parts="bundle.env installer/certificate.sh installer/docker.sh installer/cluster.sh"

# Usage: compare LIST, some or all lines of SHA256SUMS
compare() {
  if command -v sha256sum >/dev/null; then sums="sha256sum"
  elif command -v shasum >/dev/null; then sums="shasum -a 256"
  else fail "neither sha256sum nor shasum is here to check the bundle with: install coreutils"; fi
  $sums -c "$1" >"$work/sums" 2>/dev/null || true
  right=$(grep -c ': OK$' "$work/sums" || true)
  # A line of the list that is damaged itself is left out by the tools, so lines are counted.
  if [ "$right" -eq 0 ] || [ "$right" -ne "$(wc -l <"$1")" ]; then
    fail "the bundle is damaged, copy it again: $(grep -v ': OK$' "$work/sums" | tr '\n' ' ')"
  fi
}

# Names in a list of checksums, one a line.
names_of() { sed 's/^[0-9a-f]* [ *]//' "$1"; }

# Files that have no checksum, but the list itself, the certificate that the installer leaves, and those given to it.
unlisted() {
  find . ! -type d | while IFS= read -r found; do
    name=${found#./}
    case $here/$name in
      "$here/SHA256SUMS" | "$here/tls.crt" | "$certificate" | "$private_key") continue ;;
    esac
    names_of SHA256SUMS | grep -Fxq -e "$name" || printf '%s ' "$name"
  done
}

check() {
  [ -f SHA256SUMS ] || fail "SHA256SUMS is missing: unpack the bundle again"
  # Before the working folder, which may lie in the bundle's.
  extra=$(unlisted)
  make_work
  compare SHA256SUMS
  [ -z "$extra" ] ||
    fail "SHA256SUMS does not list ${extra% }: move what is yours out of the bundle's folder, or copy the bundle again"
  say "all $right checksums are right"
}

# For what must go on when the image or another large file is gone.
check_parts() {
  [ -f SHA256SUMS ] || fail "SHA256SUMS is missing: unpack the bundle again"
  make_work
  while read -r sum name; do
    case " $parts " in *" ${name#\*} "*) printf '%s  %s\n' "$sum" "${name#\*}" ;; esac
  done <SHA256SUMS >"$work/parts"
  for part in $parts; do
    names_of "$work/parts" | grep -Fxq -e "$part" || fail "SHA256SUMS does not list $part: copy the bundle again"
  done
  compare "$work/parts"
}

# A file of its own for every secret, gone when the installer ends.
work=
half_made=
cleanup() {
  if [ -n "$work" ]; then rm -rf "$work"; fi
  if [ -n "$half_made" ]; then forget_half_made; fi
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
make_work() { [ -n "$work" ] || work=$(mktemp -d); }

random_key() { od -An -N24 -tx1 /dev/urandom | tr -d ' \n'; }

address=0.0.0.0 port='' host_network='' context='' import='' certificate='' private_key='' timeout=600
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

started=${OLDPWD:-$here}
absolute() { case $1 in /*) echo "$1" ;; *) echo "$started/${1#./}" ;; esac; }
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

# Usage: require_number OPTION VALUE MOST
require_number() {
  case $2 in
    '' | *[!0-9]* | ??????*) ;;
    *) if [ "$2" -ge 1 ] && [ "$2" -le "$3" ]; then return 0; fi ;;
  esac
  fail "$1 is '$2': it must be a whole number from 1 to $3"
}
[ -z "$port" ] || require_number --port "$port" 65535
require_number --timeout "$timeout" 86400

for part in $parts; do
  [ -f "$part" ] || fail "$part is missing: unpack the bundle again"
done
case $command in docker | cluster | check) check ;; *) check_parts ;; esac
[ "$command" != check ] || exit 0

# shellcheck source=/dev/null
. ./bundle.env
# shellcheck source=installer/certificate.sh
. ./installer/certificate.sh
# shellcheck source=installer/docker.sh
. ./installer/docker.sh
# shellcheck source=installer/cluster.sh
. ./installer/cluster.sh
check_certificate_files
if [ -z "$port" ]; then if [ "$TLS" = none ]; then port=80; else port=443; fi; fi
case $command in
  docker | cluster) "install_$where" ;;
  *) "${command}_$where" ;;
esac
