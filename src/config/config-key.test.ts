import { expect, test } from 'vitest'
import { configKey } from './config-key.ts'

test.each([
  ['limit', 'limit'],
  ['maxRetryAfterMs', 'max_retry_after'],
  ['maxBytes', 'max_size'],
  ['bytes', 'size'],
  ['bytesPerSecond', 'bytes_per_second'],
  ['ms', 'time'],
  ['tlsMs', 'tls_timeout'],
  ['ipv6Prefix', 'ipv6_prefix'],
  ['forms', 'forms'],
])('configKey makes of %s %s', (option, key) => {
  expect(configKey(option)).toBe(key)
})
