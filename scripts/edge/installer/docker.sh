# shellcheck shell=sh
# The service as a container of Docker's. Sourced by install.sh.

require_docker() {
  command -v docker >/dev/null || fail "docker is not on PATH: install Docker's engine, or deploy to a cluster with: install.sh cluster"
  docker info >/dev/null 2>&1 ||
    fail "the Docker engine does not answer: start it (systemctl start docker), and run this as root or in the group docker"
}

has_volume() { docker volume inspect "$1" >/dev/null 2>&1; }
has_container() { docker container inspect "$1" >/dev/null 2>&1; }
has_certificate_docker() { has_volume "$NAME-tls"; }
remove_container() { docker rm --force "$1" >/dev/null 2>&1 || true; }

load_image() {
  say "loading $IMAGE"
  docker load --quiet --input image.tar >/dev/null ||
    fail "Docker could not load image.tar, its words are above: is there room for it?"
  of_image=$(docker image inspect --format '{{.Architecture}}' "$IMAGE")
  of_engine=$(docker version --format '{{.Server.Arch}}')
  [ "$of_image" = "$of_engine" ] ||
    fail "the image is for $of_image and this machine is $of_engine: build it with docker build --platform linux/$of_engine, and the bundle anew"
}

# Writes standard input into a volume, read-only for the service's user; the volume lies where only root gets.
into_volume() {
  docker run --rm -i --network none --user 0:0 --cap-drop ALL --read-only -v "$1:/secrets" \
    --entrypoint node "$IMAGE" -e \
    'const fs = require("node:fs"); const file = "/secrets/" + process.argv[1]; fs.writeFileSync(file, fs.readFileSync(0)); fs.chmodSync(file, 0o444)' \
    "$2" || fail "the image did not start to write $2, Docker's words are above"
}

# A volume that is there counts as complete, so one that was begun must not stay: install.sh calls this at its end.
forget_half_made() { docker volume rm --force "$half_made" >/dev/null 2>&1 || true; }

make_secrets() {
  if [ "$AUTH" = key ] && ! has_volume "$NAME-keys"; then
    say "making keys"
    half_made=$NAME-keys
    docker volume create "$half_made" >/dev/null
    for key in primaryKey secondaryKey; do random_key | into_volume "$half_made" "$key"; done
    half_made=
  fi
  if needs_certificate; then
    say "making a certificate for $TLS_HOST"
    make_certificate
    has_volume "$NAME-tls" || half_made=$NAME-tls
    docker volume create "$NAME-tls" >/dev/null
    into_volume "$NAME-tls" tls.key <"$work/tls.key"
    into_volume "$NAME-tls" tls.crt <"$work/tls.crt"
    half_made=
  fi
}

create_container() {
  set -- --name "$1" --restart unless-stopped --env-file service.env \
    --read-only --tmpfs /tmp:size=256m --cap-drop ALL --security-opt no-new-privileges \
    --cpus "$CPUS" --memory "$MEMORY" --pids-limit 1024
  if [ -n "$GPUS" ]; then set -- "$@" --gpus "$GPUS"; fi
  if [ "$AUTH" = key ]; then set -- "$@" -v "$NAME-keys:/etc/scoring/keys:ro"; fi
  if [ "$TLS" != none ]; then set -- "$@" -v "$NAME-tls:/etc/scoring/tls:ro"; fi
  if [ -n "$host_network" ]; then set -- "$@" --network host; else set -- "$@" --publish "$address:$port:5001"; fi
  docker create "$@" "$IMAGE" >/dev/null
}

ready_in_container='
const tls = Boolean(process.env.TLS_CERTIFICATE_FILE);
const get = require(tls ? "node:https" : "node:http").get;
get({ host: "127.0.0.1", port: process.env.PORT, path: "/v2/health/ready", rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1))
  .on("error", () => process.exit(1));'

# Starts the container and waits until it is ready.
start_container() {
  docker start "$NAME" >/dev/null || return 1
  waited=0
  until docker exec "$NAME" node -e "$ready_in_container" 2>/dev/null; do
    [ "$(docker inspect --format '{{.State.Restarting}}' "$NAME")" = false ] || return 1
    [ "$waited" -lt "$timeout" ] || return 1
    sleep 1
    waited=$((waited + 1))
  done
}

# One model at a time: the old one ends, what it has accepted is answered, before the new one starts. It is kept until then.
replace_container() {
  if has_container "$NAME"; then
    docker stop -t "$STOP_SECONDS" "$NAME" >/dev/null
    docker rename "$NAME" "$NAME-before"
  fi
  docker rename "$NAME-next" "$NAME"
  say "starting $NAME"
  if start_container; then
    remove_container "$NAME-before"
    return
  fi
  docker logs --tail 20 "$NAME" >&2
  remove_container "$NAME"
  again=
  if has_container "$NAME-before"; then
    docker rename "$NAME-before" "$NAME"
    docker start "$NAME" >/dev/null && again="; the one that ran before runs again"
  fi
  fail "the service did not become ready, what it and Docker said is above$again. If a port is taken, name another with --port, or end what listens there"
}

install_docker() {
  require_docker
  [ -z "$RUNTIME_IMAGE" ] || fail "this service has a runtime beside it ($RUNTIME_IMAGE), which takes a cluster: install.sh cluster"
  require_certificate
  # An install that was cut off may have left these.
  if ! has_container "$NAME" && has_container "$NAME-before"; then docker rename "$NAME-before" "$NAME"; fi
  for rest in "$NAME-before" "$NAME-next"; do remove_container "$rest"; done
  old_image=$(docker inspect --format '{{.Image}}' "$NAME" 2>/dev/null || true)
  load_image
  make_secrets
  create_container "$NAME-next" || fail "Docker refuses such a container, its words are above; nothing that ran has been touched"
  replace_container
  if [ "$old_image" != "$(docker image inspect --format '{{.Id}}' "$IMAGE")" ] && [ -n "$old_image" ]; then
    docker image rm "$old_image" >/dev/null 2>&1 || say "the image of the service before stays: docker image rm $old_image"
  fi
  if [ -n "$host_network" ]; then reached=127.0.0.1:5001; else reached=$address:$port; fi
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
    value=$(docker exec "$NAME" cat "/etc/scoring/keys/$key") ||
      fail "$NAME does not run here, or has no keys: see docker ps --all, and install.sh docker"
    echo "$key: $value"
  done
}

uninstall_docker() {
  require_docker
  docker stop -t "$STOP_SECONDS" "$NAME" >/dev/null 2>&1 || true
  for container in "$NAME" "$NAME-before" "$NAME-next"; do remove_container "$container"; done
  for volume in "$NAME-keys" "$NAME-tls"; do
    if has_volume "$volume"; then docker volume rm "$volume" >/dev/null; fi
  done
  if docker image inspect "$IMAGE" >/dev/null 2>&1; then
    docker image rm "$IMAGE" >/dev/null || fail "the image stays, since something else uses it; service, keys and certificate are gone"
  fi
  rm -f tls.crt
  say "service, keys, certificate and image are gone"
}
