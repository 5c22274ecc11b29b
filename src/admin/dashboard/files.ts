import { PAGE_FILES } from './page-files.ts'

/** A file of the dashboard, as it is served. */
export interface DashboardFile {
  readonly contentType: string
  readonly bytes: Buffer
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  html: 'text/html; charset=utf-8',
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
}

const files = new Map(
  Object.entries(PAGE_FILES).map(([name, text]): [string, DashboardFile] => [
    name === 'dashboard.html' ? '/' : `/${name}`,
    { contentType: CONTENT_TYPES[name.slice(name.lastIndexOf('.') + 1)]!, bytes: Buffer.from(text) },
  ]),
)

/** The file at a path of the admin listener: `/` is the page. `undefined` where the dashboard has none. */
export function dashboardFile(path: string): DashboardFile | undefined {
  return files.get(path)
}

/** Every path that `dashboardFile` knows. */
export function dashboardPaths(): readonly string[] {
  return [...files.keys()]
}
