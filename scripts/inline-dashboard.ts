import { PAGE_FILES } from '../src/admin/dashboard/page-files.ts'

/** What of esbuild's interface for plugins is used here. */
interface Build {
  onLoad(
    of: { readonly filter: RegExp },
    load: () => { readonly contents: string; readonly loader: 'js' },
  ): void
}

/** A plugin for esbuild: the bundle has the dashboard's files as text, instead of the module that reads them. */
export const inlineDashboard: { readonly name: string; setup(build: Build): void } = {
  name: 'inline-dashboard',
  setup(build) {
    build.onLoad({ filter: /[\\/]dashboard[\\/]page-files\.ts$/ }, () => ({
      contents: `export const PAGE_FILES = ${JSON.stringify(PAGE_FILES)}`,
      loader: 'js',
    }))
  },
}
