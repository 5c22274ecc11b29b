import { defineConfig } from 'tsup'
import { inlineDashboard } from './scripts/inline-dashboard.ts'

export default defineConfig({
  entry: [
    'src/index.ts',
    'src/admin/index.ts',
    'src/balancers/index.ts',
    'src/cache/index.ts',
    'src/cli/main.ts',
    'src/config/index.ts',
    'src/discovery/index.ts',
    'src/filters/*.ts',
    '!src/filters/*.test.ts',
    'src/testing/index.ts',
    'src/testing/arbitraries/index.ts',
    'src/testing/vitest.ts',
    'src/workers/index.ts',
  ],
  format: 'esm',
  target: 'node22',
  dts: false,
  clean: true,
  sourcemap: true,
  removeNodeProtocol: false,
  esbuildPlugins: [inlineDashboard],
})
