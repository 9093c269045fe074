# The service alone, for linux/amd64 and linux/arm64 (there without a recogniser of its own: docs/deploy-anywhere.md).
# Run it with a read-only root file system; all that is kept lies in /data. compose.yaml does so.
ARG NODE=24.21.0

FROM node:${NODE}-bookworm-slim AS build
WORKDIR /sawt
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --no-audit --no-fund
# Node is the image's; of the native libraries only this platform's stay.
RUN rm -rf node_modules/node node_modules/node-bin-* node_modules/node-linux-* node_modules/.bin/node \
    && find node_modules/onnxruntime-node/bin -mindepth 3 -maxdepth 3 ! -path "*/linux/$(node -p process.arch)" -exec rm -rf {} + \
    && find node_modules/vosk/lib -mindepth 1 -maxdepth 1 ! -name 'linux-*' -exec rm -rf {} + \
    && rm -rf node_modules/vosk/demo
COPY . .

FROM node:${NODE}-bookworm-slim
# An init, so that what a model's host leaves behind is reaped and signals reach the service; an allocator for recognition.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends tini=0.19.* libjemalloc2=5.3.* \
    && rm -rf /var/lib/apt/lists/* \
    && install --directory --owner=node --group=node /data
WORKDIR /sawt
COPY --from=build /sawt ./
ENV NODE_ENV=production VOICE_SERVICE_ENV=production DATA_DIR=/data PORT=8080
USER node
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "scripts/healthy.ts"]
ENTRYPOINT ["/usr/bin/tini", "--", "node"]
CMD ["src/main.ts"]
