import { defineConfig } from 'vitest/config'

export default defineConfig({
  resolve: { conditions: ['gatewright-source'] },
  ssr: { resolve: { conditions: ['gatewright-source', 'node', 'import', 'default'] } },
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts', 'bench/**/*.test.ts'],
    reporters: ['default', './test/closing-line-reporter.ts'],
  },
})
