import type { Filter } from '../../core/handler.ts'
import type { SecurityHeadersOptions } from '../../filters/security-headers.ts'
import type { Part } from '../part.ts'
import { choice, either, flag, text, texts } from '../schema/values.ts'

const textOrNone = either(text, choice(false))

export const securityHeadersPart: Part<SecurityHeadersOptions, Filter> = {
  schema: {
    contentSecurityPolicy: textOrNone,
    contentSecurityPolicyReportOnly: textOrNone,
    nonceHeader: text,
    frame: either(choice('deny', 'same-origin', false), texts),
    noSniff: flag,
    referrerPolicy: textOrNone,
    permissionsPolicy: textOrNone,
    openerPolicy: choice(
      'same-origin',
      'same-origin-allow-popups',
      'noopener-allow-popups',
      'unsafe-none',
      false,
    ),
    embedderPolicy: choice('require-corp', 'credentialless', 'unsafe-none', false),
    resourcePolicy: choice('same-origin', 'same-site', 'cross-origin', false),
    remove: texts,
    override: flag,
  },
  required: [],
  load: async () => (await import('../../filters/security-headers.ts')).securityHeaders,
}
