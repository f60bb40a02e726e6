# syntax=docker/dockerfile:1
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No script of a package runs: the two libraries with a part in machine code bring it built.
RUN npm ci --ignore-scripts
COPY . .
RUN npm run build:product

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts --omit=dev

FROM node:24-slim
LABEL org.opencontainers.image.title="lwm2m-ipe" \
      org.opencontainers.image.description="oneM2M Interworking Proxy Entity for LwM2M devices" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    IPE_HTTP_HOST=0.0.0.0 \
    IPE_STORE_PATH=/var/lib/lwm2m-ipe
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE NOTICE ./
# What outlives the container, with a CSE of your own.
RUN install -d -o node -g node -m 0700 /var/lib/lwm2m-ipe
VOLUME /var/lib/lwm2m-ipe
USER node
EXPOSE 5683/udp 5684/udp 8090/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
  CMD ["node", "-e", "require(process.env.IPE_HTTP_TLS_CERTIFICATE ? 'https' : 'http').get({ host: '127.0.0.1', port: process.env.IPE_HTTP_PORT || 8090, path: '/health/live', rejectUnauthorized: false }, (answer) => process.exit(answer.statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]
# A larger young generation: requests that wait for the CSE would else be copied to the old one.
ENTRYPOINT ["node", "--max-semi-space-size=64", "dist/ipe/main.js"]
CMD ["run"]
