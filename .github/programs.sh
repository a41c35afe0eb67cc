#!/bin/sh
# programs.sh FOLDER: the programs that tests start, as their makers publish them. Each is compared
# with the sum that its maker publishes beside it; Go does that for what it builds.
set -eu
kubernetes=v1.37.2
etcd=v3.7.3
helm=v4.3.1
kueue=v0.15.0
versitygw=v1.8.0

mkdir -p "$1"
cd "$1"

fetch() {
  curl --fail --silent --show-error --location --retry 3 --remote-name "$1"
}

for name in kube-apiserver kube-controller-manager kube-scheduler kubelet kubectl; do
  fetch "https://dl.k8s.io/release/$kubernetes/bin/linux/amd64/$name"
  fetch "https://dl.k8s.io/release/$kubernetes/bin/linux/amd64/$name.sha256"
  echo "$(cat "$name.sha256")  $name" | sha256sum --check --quiet
  chmod +x "$name"
done

archive=etcd-$etcd-linux-amd64.tar.gz
fetch "https://github.com/etcd-io/etcd/releases/download/$etcd/$archive"
fetch "https://github.com/etcd-io/etcd/releases/download/$etcd/SHA256SUMS"
sha256sum --check --quiet --ignore-missing SHA256SUMS
tar --extract --gzip --file "$archive" --strip-components=1 "${archive%.tar.gz}/etcd"

archive=helm-$helm-linux-amd64.tar.gz
fetch "https://get.helm.sh/$archive"
fetch "https://get.helm.sh/$archive.sha256sum"
sha256sum --check --quiet "$archive.sha256sum"
tar --extract --gzip --file "$archive" --strip-components=1 linux-amd64/helm

GOBIN=$PWD go install "github.com/versity/versitygw/cmd/versitygw@$versitygw"

# Kueue publishes images, and no program: built from the sources of its release, with the manifests
# that go with them.
GOBIN=$PWD go install "sigs.k8s.io/kueue/cmd/kueue@$kueue"
sources=$(go list -m -f '{{.Dir}}' "sigs.k8s.io/kueue@$kueue" 2>/dev/null ||
  go mod download -json "sigs.k8s.io/kueue@$kueue" | sed -n 's/.*"Dir": "\(.*\)".*/\1/p')
mkdir -p kueue-manifests/crds
cp "$sources"/config/components/crd/bases/*.yaml kueue-manifests/crds/
cp "$sources"/config/components/webhook/manifests.yaml kueue-manifests/webhooks.yaml
