# The embedded form on the CPU, for trying and for small use. Runs as an unprivileged user; data lives in /data.
# BASE: any Debian-based image with Node 20+ and npm (glibc; Alpine is not supported). The process itself runs in the
# Node pinned in package.json.
#   docker build -t darkroom . && docker run -p 8080:8080 -v darkroom:/data darkroom
ARG BASE=node:24-slim
FROM ${BASE}
ENV DARKROOM_OMIT_DEV=1 DARKROOM_HOME=/data HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY package.json package-lock.json .npmrc boot.mjs ./
RUN node boot.mjs --install-only && npm cache clean --force
COPY . .
RUN useradd --system --create-home darkroom && mkdir /data && chown darkroom:darkroom /data
USER darkroom
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "boot.mjs", "src/main.ts", "serve"]
