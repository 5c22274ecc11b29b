import type { RequestMessage } from '../../core/message.ts'
import { dashboardFile } from '../dashboard/files.ts'

/** What orchestrators ask, who have no token. */
const PROBES: ReadonlySet<string> = new Set(['/health', '/ready'])

/** Whether a request may come from whomever: for what says nothing, the files of the dashboard, and for probes. */
export function isOpen({ method, path }: RequestMessage): boolean {
  if (method !== 'GET' && method !== 'HEAD') return false
  return PROBES.has(path) || dashboardFile(path) !== undefined
}
