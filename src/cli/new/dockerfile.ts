import type { Project } from './project-files.ts'

/**
 * Two stages, so that npm's cache and what only tests need stay outside; no shell between the signals of the platform and the
 * process; an owner who may write nothing.
 */
export function dockerfile({ kind }: Project): string {
  const [sources, command] =
    kind === 'code'
      ? ['*.ts', '["node", "start.ts"]']
      : ['gateway.yaml', '["node_modules/.bin/gatewright", "run", "gateway.yaml"]']
  return `FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --no-audit --no-fund

FROM node:24-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ${sources} ./
# It owns nothing here, and the file system may be read-only: docker run --read-only.
# By number, so that Kubernetes can see that it is not root; it is the user node.
USER 1000:1000
EXPOSE 8080
${HEALTHCHECK}
CMD ${command}
`
}

const HEALTHCHECK =
  'HEALTHCHECK --interval=10s --timeout=3s CMD ["node", "-e", "fetch(\'http://127.0.0.1:\' + process.env.PORT + \'/healthz\').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]'
