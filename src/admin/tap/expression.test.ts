import { describe, expect, it } from 'vitest'
import { type Facts, holds } from './expression.ts'
import { parseExpression } from './parse-expression.ts'

const answered: Facts = {
  text: (field) =>
    ({ method: 'GET', path: '/api/users', result: 'completed', 'header.x-tenant': 'blue' })[
      field as string
    ] ?? '',
  number: (field) =>
    ({ status: 503, attempts: 2, duration: 250, bytesSent: 10_240, bytesReceived: 0 })[field],
}

const unanswered: Facts = { text: () => '', number: () => Number.NaN }

describe('holds', () => {
  it.each([
    ['', true],
    [`method == 'GET'`, true],
    [`method != 'GET'`, false],
    [`method == 'get'`, false],
    [`path ~ '/api/*'`, true],
    [`path !~ '/api/*'`, false],
    [`method in ('PUT', 'GET')`, true],
    [`method in ('PUT', 'POST')`, false],
    [`header.X-Tenant == 'blue'`, true],
    [`header.other == ''`, true],
    ['status == 503', true],
    ['status != 503', false],
    ['status < 503', false],
    ['status <= 503', true],
    ['status > 502', true],
    ['status > 503', false],
    ['status >= 503', true],
    ['status in (500, 502..504)', true],
    ['status in (503)', true],
    ['status in (500, 504..599)', false],
    ['duration >= 250ms', true],
    ['duration > 0.25s', false],
    ['bytesSent == 10KB', true],
    ['not attempts == 2', false],
    [`status == 503 and method == 'PUT'`, false],
    [`status == 503 or method == 'PUT'`, true],
    [`not (status == 503 and method == 'PUT')`, true],
  ])('%j of one that was answered: %s', (text, expected) => {
    expect(holds(parseExpression(text), answered)).toBe(expected)
  })

  it.each([
    ['status != 200', true],
    ['status == 200', false],
    ['status < 600', false],
    ['status in (0..999)', false],
    [`route == ''`, true],
    [`route != '/a'`, true],
    [`route ~ '?*'`, false],
    [`route ~ '*'`, true],
  ])('%j of one of which nothing is known: %s', (text, expected) => {
    expect(holds(parseExpression(text), unanswered)).toBe(expected)
  })
})
