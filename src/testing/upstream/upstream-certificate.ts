import { type SelfSigned, selfSigned } from '../../index.ts'

let made: SelfSigned | undefined

/**
 * @internal A certificate for localhost, 127.0.0.1 and ::1, and its key. Also the authority to trust, since it signs itself.
 * Made when it is first asked for, and the same for all upstreams of a process.
 */
export function localhostCertificate(): SelfSigned {
  made ??= selfSigned()
  return made
}
