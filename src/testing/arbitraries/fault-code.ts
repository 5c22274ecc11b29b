import type { Fault } from '../upstream/fault.ts'
import { dataAsCode } from './code.ts'

/** A fault as the call that makes it: `fault.truncate(5)`. */
export function faultAsCode(fault: Fault): string {
  const name = fault.kind.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())
  return `fault.${name}(${argumentsOf(fault).map(dataAsCode).join(', ')})`
}

function argumentsOf(fault: Fault): readonly unknown[] {
  switch (fault.kind) {
    case 'reset-after-bytes':
    case 'truncate':
    case 'malformed':
      return [fault.bytes]
    case 'drip':
      return [fault.bytes, fault.every]
    case 'wrong-content-length':
      return [fault.by]
    case 'informational':
      return informationalArguments(fault)
    case 'trailers':
      return [fault.fields]
    case 'latency':
      return [fault.latency]
    case 'reset-stream':
      return fault.after === undefined ? [fault.code] : [fault.code, fault.after]
    case 'goaway':
      return goawayArguments(fault)
    default:
      return []
  }
}

/** Without those that are as they would be anyway. */
function informationalArguments({
  status,
  headers = {},
  times = 1,
}: Extract<Fault, { kind: 'informational' }>): readonly unknown[] {
  if (times !== 1) return [status, headers, times]
  return Object.keys(headers).length > 0 ? [status, headers] : [status]
}

function goawayArguments({ last, code, closes }: Extract<Fault, { kind: 'goaway' }>): readonly unknown[] {
  const given = Object.entries({ last, code, closes }).filter(([, value]) => value !== undefined)
  return given.length > 0 ? [Object.fromEntries(given)] : []
}
