# Two images of one program. The last stage, and so the default, is for the CPU; `--target cuda` is for NVIDIA devices.
#   docker build -t darkroom . && docker run -p 8080:8080 -v darkroom:/data darkroom
#   docker build -t darkroom:cuda --target cuda . && docker run --gpus all ... darkroom:cuda worker gpu
# NODE_IMAGE installs: any Debian-based image with Node 20+ and npm (glibc; Alpine is not supported). What runs is the
# Node that package.json pins, so the images it is copied into need neither Node nor npm.
# The root file system may be read-only: data lies in /data, temporary files in /tmp, what machines share in /secrets if
# DARKROOM_SECRETS_DIR says so.
ARG NODE_IMAGE=node:24-bookworm-slim
ARG CPU_IMAGE=debian:bookworm-slim
ARG CUDA_IMAGE=nvidia/cuda:12.8.1-cudnn-runtime-ubuntu24.04

FROM ${NODE_IMAGE} AS installed
ENV DARKROOM_OMIT_DEV=1
WORKDIR /app
COPY package.json package-lock.json .npmrc boot.mjs ./
RUN node boot.mjs --install-only \
 && mv node_modules/node-linux-*/bin/node /usr/local/bin/darkroom-node \
 && rm -rf node_modules/node-linux-*
COPY src src
COPY models models
COPY workers workers
COPY policies policies

# The CUDA libraries of ONNX Runtime are too large for the npm registry: its own script fetches them from NuGet.
FROM installed AS installed-cuda
RUN ONNXRUNTIME_NODE_INSTALL=cuda12 node node_modules/onnxruntime-node/script/install.js

FROM ${CUDA_IMAGE} AS cuda
RUN groupadd --gid 10001 darkroom && useradd --uid 10001 --gid 10001 --no-create-home darkroom \
 && mkdir -m 0700 /data /secrets && chown 10001:10001 /data /secrets
COPY --from=installed-cuda /usr/local/bin/darkroom-node /usr/local/bin/darkroom-node
COPY --from=installed-cuda /app /app
ENV DARKROOM_HOME=/data HOST=0.0.0.0 PORT=8080 DARKROOM_PROVIDER=cuda
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8080
ENTRYPOINT ["/usr/local/bin/darkroom-node", "src/main.ts"]
CMD ["worker", "gpu"]

FROM ${CPU_IMAGE} AS cpu
RUN groupadd --gid 10001 darkroom && useradd --uid 10001 --gid 10001 --no-create-home darkroom \
 && mkdir -m 0700 /data /secrets && chown 10001:10001 /data /secrets
COPY --from=installed /usr/local/bin/darkroom-node /usr/local/bin/darkroom-node
COPY --from=installed /app /app
ENV DARKROOM_HOME=/data HOST=0.0.0.0 PORT=8080
WORKDIR /app
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["/usr/local/bin/darkroom-node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["/usr/local/bin/darkroom-node", "src/main.ts"]
CMD ["serve"]
