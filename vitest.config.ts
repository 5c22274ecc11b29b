import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['gatewright-source'] },
  ssr: { resolve: { conditions: ['gatewright-source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Those that run at the same time are programs of their own, which want a core each.
    maxConcurrency: 2,
    reporters: ['default', './test/closing-line-reporter.ts'],
  },
})
