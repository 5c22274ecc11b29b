/** A file of the dashboard by its path; `undefined` where there is none. */
export function dashboardFile(path: string): { contentType: string; bytes: Buffer } | undefined {
  if (path !== '/') return undefined
  return {
    contentType: 'text/plain; charset=utf-8',
    bytes: Buffer.from('gatewright admin: see /api/snapshot\n'),
  }
}
