# shellcheck shell=sh
# The service on a cluster that kubectl reaches. Sourced by install.sh.

kubectl_() {
  if command -v kubectl >/dev/null; then kubectl ${context:+--context "$context"} "$@"
  elif command -v k3s >/dev/null; then k3s kubectl ${context:+--context "$context"} "$@"
  else fail "neither kubectl nor k3s is on PATH: run this where the cluster is administered, or install.sh docker"; fi
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

has_certificate_cluster() { has_secret "$NAME-tls"; }
has_secret() { kubectl_ --namespace "$NAMESPACE" get secret "$1" >/dev/null 2>&1; }

install_cluster() {
  kubectl_ get --raw /readyz >/dev/null ||
    fail "the cluster does not answer: see kubectl cluster-info, and name another with --context"
  require_certificate
  find_import
  say "importing $IMAGE ($import)"
  import_image >/dev/null ||
    fail "image.tar could not be imported with $import, its words are above: are you root? See --import"
  kubectl_ apply -f manifests/namespace.yaml >/dev/null
  if [ "$AUTH" = key ] && ! has_secret "$NAME-keys"; then
    say "making keys"
    make_work
    for key in primaryKey secondaryKey; do random_key >"$work/$key"; done
    kubectl_ --namespace "$NAMESPACE" create secret generic "$NAME-keys" \
      --from-file="$work/primaryKey" --from-file="$work/secondaryKey" >/dev/null
  fi
  if needs_certificate; then
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
    fail "the service did not become ready within $timeout s: see kubectl --namespace $NAMESPACE describe pods; kubectl --namespace $NAMESPACE logs deployment/$NAME --all-containers; then install again"
  say "ready; its address: kubectl --namespace $NAMESPACE get service $NAME"
  [ "$AUTH" != key ] || say "its keys: $here/install.sh keys cluster"
}

keys_cluster() {
  for key in primaryKey secondaryKey; do
    value=$(kubectl_ --namespace "$NAMESPACE" get secret "$NAME-keys" --template "{{index .data \"$key\" | base64decode}}") ||
      fail "namespace $NAMESPACE has no keys of $NAME: install it with install.sh cluster"
    echo "$key: $value"
  done
}

uninstall_cluster() {
  kubectl_ delete --ignore-not-found -f manifests/service.yaml >/dev/null
  kubectl_ --namespace "$NAMESPACE" delete secret "$NAME-keys" "$NAME-tls" --ignore-not-found >/dev/null
  # Another service may live in the namespace.
  others=$(kubectl_ --namespace "$NAMESPACE" get deployments,statefulsets,daemonsets,jobs --output name)
  if [ -z "$others" ]; then
    kubectl_ delete --ignore-not-found -f manifests/namespace.yaml >/dev/null
  else
    say "namespace $NAMESPACE stays, since it has others in it: $(echo "$others" | tr '\n' ' ')"
  fi
  find_import
  forget_image >/dev/null 2>&1 || say "the image was not removed ($import): remove $IMAGE $RUNTIME_IMAGE from the nodes yourself"
  rm -f tls.crt
  say "service, keys and certificate are gone"
}
