import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['gatewright-source'] },
  ssr: { resolve: { conditions: ['gatewright-source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    setupFiles: ['test/quiet-log.ts'],
    // Every core: most of the time goes into loading files, not into tests that measure anything.
    maxWorkers: '100%',
    // Those that run at the same time are programs of their own, which want a core each.
    maxConcurrency: 2,
    // A machine that is busy must not fail a test that starts processes.
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default', './test/closing-line-reporter.ts'],
  },
})
