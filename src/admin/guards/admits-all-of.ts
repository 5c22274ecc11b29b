import type { AdminSettings } from '../admin-options.ts'

type Admission = Pick<AdminSettings, 'tokens' | 'tlsIdentity' | 'tapBodies'>

/** Whether everyone whom the settings of before let in is let in still, to whatever they could see. With other TLS, whose certificates count is not known. */
export function admitsAllOf(now: Admission, before: Admission): boolean {
  if (now.tlsIdentity !== before.tlsIdentity || (before.tapBodies && !now.tapBodies)) return false
  return now.tokens === undefined || (before.tokens !== undefined && now.tokens.hasAllOf(before.tokens))
}
