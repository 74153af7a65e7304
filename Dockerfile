# Debian, not Alpine: the embedded Postgres is linked against glibc.
FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY tsconfig.json ./
COPY tools/ tools/
COPY src/ src/
RUN node tools/build.js && npm prune --omit=dev

FROM node:24-bookworm-slim
ENV NODE_ENV=production \
    FLEETLOG_DATA_DIR=/data \
    HTTP_HOST=0.0.0.0 \
    MQTT_HOST=0.0.0.0 \
    LOG_FORMAT=json
# A fixed number, so that a volume keeps its owner over images.
RUN groupadd --gid 10001 fleetlog \
  && useradd --uid 10001 --gid fleetlog --no-create-home --home-dir /data --shell /usr/sbin/nologin fleetlog \
  && install --directory --owner=fleetlog --group=fleetlog --mode=0700 /data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules/ node_modules/
COPY --from=build /app/dist/ dist/
COPY migrations/ migrations/
# The contracts are served, and requests are checked against the first.
COPY src/api/openapi.yaml src/api/asyncapi.yaml src/api/
COPY tools/ tools/
USER fleetlog
VOLUME /data
EXPOSE 8080 8883
# The server needs up to ten seconds to commit and acknowledge what it holds: stop the container with that much patience.
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HTTP_PORT || 8080}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# As in tools/node-flags.js.
CMD ["node", "--max-semi-space-size=64", "--openssl-config=tools/openssl.cnf", "dist/main.js"]
