#!/usr/bin/env bash
# Builds the Dockerfile without a container engine and sees the image serve a signed picture: buildah with chroot isolation, on a
# base made here from Debian's packages (debootstrap) and this machine's Node and npm. For machines where `docker build` cannot be had.
# Needs root, buildah, debootstrap, curl, and Node 20+ from a Debian package or a compatible glibc.
set -euo pipefail
cd "$(dirname "$0")/.."

export STORAGE_DRIVER="${STORAGE_DRIVER:-vfs}" BUILDAH_ISOLATION=chroot
work="$(mktemp -d)"
port="${PORT:-18080}"
certificates=/etc/ssl/certs/ca-certificates.crt

debootstrap --variant=minbase --include=ca-certificates bookworm "$work/base" >"$work/debootstrap.log"
cp "$certificates" "$work/base$certificates"
base="$(buildah from scratch)"
buildah add -q "$base" "$work/base" / >/dev/null
buildah config --env NODE_EXTRA_CA_CERTS="$certificates" "$base"
buildah commit -q "$base" localhost/darkroom-base >/dev/null

node="$(buildah from localhost/darkroom-base)"
npm_folder="$(dirname "$(dirname "$(realpath "$(command -v npm)")")")"
buildah add -q "$node" "$(realpath "$(command -v node)")" /usr/bin/node >/dev/null
buildah add -q "$node" "$npm_folder" /usr/lib/node_modules/npm >/dev/null
buildah run "$node" -- ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/bin/npm
buildah commit -q "$node" localhost/darkroom-node >/dev/null

# The docker format keeps the health check.
buildah bud -q --format docker --target cpu --tag localhost/darkroom \
  --build-arg NODE_IMAGE=localhost/darkroom-node --build-arg CPU_IMAGE=localhost/darkroom-base \
  --build-arg CUDA_IMAGE=localhost/darkroom-base .

image="$(buildah from localhost/darkroom)"
# Not at /data: buildah gives a folder of its own to each VOLUME.
mkdir "$work/data"
chown 10001:10001 "$work/data"
buildah run --volume "$work/data:/home-folder" --env DARKROOM_HOME=/home-folder --env PORT="$port" --env HOST=127.0.0.1 "$image" -- \
  /usr/local/bin/darkroom-node src/main.ts serve >"$work/serve.log" 2>&1 &
serving=$!
trap 'kill "$serving" 2>/dev/null || true; wait "$serving" 2>/dev/null || true; buildah rm "$base" "$node" "$image" >/dev/null; rm -rf "$work"' EXIT
for _ in $(seq 1 60); do
  curl -sf "http://127.0.0.1:$port/readyz" >/dev/null && break
  sleep 1
done
[ -f "$work/data/keys.json" ] || { cat "$work/serve.log"; exit 1; }
echo "readyz: $(curl -s "http://127.0.0.1:$port/readyz")"
echo "runs as: $(stat -c %u "$work/data/keys.json")"
key="$(node -p 'require(process.argv[1]).client' "$work/data/keys.json")"
curl -s "http://127.0.0.1:$port/v1/images/generations" -H "authorization: Bearer $key" -H 'content-type: application/json' \
  -d '{"prompt":"a red boat on the sea at sunset","response_format":"b64_json"}' |
  node -e 'let t="";process.stdin.on("data",(d)=>t+=d).on("end",()=>{const a=JSON.parse(t);if(!a.data)throw new Error(t);require("fs").writeFileSync(process.argv[1],Buffer.from(a.data[0].b64_json,"base64"))})' "$work/picture.png"
echo "verdict: $(curl -s "http://127.0.0.1:$port/v1/provenance/verify" -F "file=@$work/picture.png" | node -p 'JSON.parse(require("fs").readFileSync(0, "utf8")).verdict')"
pkill -TERM --parent "$serving" || true
