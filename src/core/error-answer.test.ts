import { describe, expect, test } from 'vitest'
import { exchange } from '../testing/index.ts'
import { attribute } from './attribute.ts'
import { errorAnswer } from './error-answer.ts'
import { addErrorFields } from './error-fields.ts'
import { PROXY_ERRORS, ProxyError, type ProxyErrorCode } from './errors.ts'
import { clientGrpcWebType } from './grpc-call.ts'
import { GRPC_STATUS, type GrpcStatus, grpcMessage, grpcStatusOf } from './grpc-status.ts'
import { HeaderList } from './headers.ts'

const asked = (type: string) => exchange({ method: 'POST', headers: { 'content-type': type } })

describe('errorAnswer', () => {
  test.each([
    ['application/grpc', 'application/grpc'],
    ['application/grpc+proto', 'application/grpc'],
    ['Application/GRPC; charset=utf-8', 'application/grpc'],
    ['application/grpc-web', 'application/grpc-web'],
    ['application/grpc-web+proto', 'application/grpc-web+proto'],
    ['application/grpc-web-text+proto; x=y', 'application/grpc-web-text+proto'],
  ])('is trailers alone for a request of %s', (type, expected) => {
    const answer = errorAnswer(new ProxyError('no_endpoint', { detail: 'of 10.0.0.7' }), asked(type))
    expect([answer.status, answer.body.length, [...answer.headers]]).toEqual([
      200,
      0,
      [
        ['Content-Type', expected],
        ['Proxy-Status', 'gatewright; error=destination_unavailable'],
        ['Retry-After', '1'],
        ['grpc-status', '14'],
        ['grpc-message', 'No endpoint can serve the request'],
      ],
    ])
  })

  test.each(['application/grpcx', 'application/grpc-webx', 'application/json', 'xapplication/grpc'])(
    'is a problem document for a request of %s',
    (type) => {
      const { status, headers } = errorAnswer(new ProxyError('no_endpoint'), asked(type))
      expect([status, headers.get('content-type')]).toEqual([503, 'application/problem+json'])
    },
  )

  test.each(['GET', 'HEAD', 'OPTIONS'])(
    'is a problem document for %s, which no call of gRPC has',
    (method) => {
      const one = exchange({ method, headers: { 'content-type': 'application/grpc' } })
      // With a status of 200, a cache could keep it for what is no call.
      expect(errorAnswer(new ProxyError('no_endpoint'), one).status).toBe(503)
    },
  )

  test("is of the client's type where the request goes on as one of gRPC", () => {
    const one = asked('application/grpc')
    one.set(clientGrpcWebType, 'application/grpc-web-text')
    expect(errorAnswer(new ProxyError('no_endpoint'), one).headers.get('content-type')).toBe(
      'application/grpc-web-text',
    )
  })

  test("tells what is wrong where the fault is the client's, encoded", () => {
    const error = new ProxyError('request_malformed', { detail: '100 % größer' })
    expect(errorAnswer(error, asked('application/grpc')).headers.get('grpc-message')).toBe(
      'The request is malformed: 100 %25 gr%C3%B6%C3%9Fer',
    )
  })

  test('has the fields that were asked for, whatever its form', () => {
    const one = exchange({})
    one.set(attribute('other'), 1)
    addErrorFields(one, HeaderList.from({ 'x-a': '1', vary: 'Origin' }))
    const { headers } = errorAnswer(new ProxyError('no_endpoint'), one)
    expect([headers.get('x-a'), headers.get('vary')]).toEqual(['1', 'Origin'])
  })

  test('has those that several have asked for, the outer ones first, and leaves their lists as they are', () => {
    const one = exchange({})
    const first = HeaderList.from({ 'x-a': '1', vary: 'Origin' })
    const second = HeaderList.from([
      ['x-a', '2'],
      ['x-b', '3'],
      ['x-b', '4'],
      ['vary', 'Accept'],
      ['Vary', 'Origin'],
    ])
    addErrorFields(one, first)
    addErrorFields(one, second)
    const { headers } = errorAnswer(new ProxyError('no_endpoint'), one)
    expect([headers.get('x-a'), headers.getAll('x-b'), headers.get('vary')]).toEqual([
      '1',
      ['3', '4'],
      'Origin, Accept',
    ])
    expect([first.size, second.size]).toEqual([2, 5])
  })
})

describe('grpcStatusOf', () => {
  const EXPECTED: Readonly<Record<ProxyErrorCode, GrpcStatus>> = {
    request_malformed: 'INTERNAL',
    request_target_too_long: 'RESOURCE_EXHAUSTED',
    request_head_too_large: 'RESOURCE_EXHAUSTED',
    request_body_too_large: 'RESOURCE_EXHAUSTED',
    request_head_timeout: 'DEADLINE_EXCEEDED',
    request_body_timeout: 'DEADLINE_EXCEEDED',
    request_version_unsupported: 'INTERNAL',
    request_coding_unsupported: 'UNIMPLEMENTED',
    method_not_implemented: 'UNIMPLEMENTED',
    expectation_failed: 'UNKNOWN',
    client_aborted: 'CANCELLED',
    client_stalled: 'CANCELLED',
    concurrency_exceeded: 'RESOURCE_EXHAUSTED',
    destination_denied: 'PERMISSION_DENIED',
    unauthenticated: 'UNAUTHENTICATED',
    access_denied: 'PERMISSION_DENIED',
    rate_limited: 'RESOURCE_EXHAUSTED',
    request_content_unsupported: 'INTERNAL',
    request_content_invalid: 'INVALID_ARGUMENT',
    route_not_found: 'UNIMPLEMENTED',
    method_not_allowed: 'UNIMPLEMENTED',
    loop_detected: 'INTERNAL',
    internal_error: 'INTERNAL',
    tunnel_timeout: 'DEADLINE_EXCEEDED',
    exchange_aborted: 'CANCELLED',
    proxy_closed: 'UNAVAILABLE',
    hedge_lost: 'CANCELLED',
    endpoint_drained: 'UNAVAILABLE',
    circuit_open: 'UNAVAILABLE',
    overloaded: 'UNAVAILABLE',
    identity_unavailable: 'UNAVAILABLE',
    limiter_unavailable: 'UNAVAILABLE',
    nothing_stored: 'DEADLINE_EXCEEDED',
    fault_injected: 'UNAVAILABLE',
    no_endpoint: 'UNAVAILABLE',
    pool_queue_full: 'UNAVAILABLE',
    pool_queue_timeout: 'UNAVAILABLE',
    upstream_dns_failed: 'UNAVAILABLE',
    upstream_refused: 'UNAVAILABLE',
    upstream_unreachable: 'UNAVAILABLE',
    upstream_connect_timeout: 'UNAVAILABLE',
    upstream_tls_timeout: 'UNAVAILABLE',
    upstream_tls_failed: 'UNAVAILABLE',
    upstream_certificate_invalid: 'UNAVAILABLE',
    upstream_reset: 'UNAVAILABLE',
    upstream_stream_refused: 'UNAVAILABLE',
    upstream_head_timeout: 'DEADLINE_EXCEEDED',
    upstream_attempt_timeout: 'DEADLINE_EXCEEDED',
    upstream_deadline: 'DEADLINE_EXCEEDED',
    upstream_head_too_large: 'INTERNAL',
    upstream_response_malformed: 'INTERNAL',
    upstream_response_incomplete: 'INTERNAL',
    upstream_body_timeout: 'DEADLINE_EXCEEDED',
    upstream_body_too_large: 'INTERNAL',
    upstream_upgrade_failed: 'INTERNAL',
    upstream_write_timeout: 'DEADLINE_EXCEEDED',
  }

  test.each(Object.keys(PROXY_ERRORS) as ProxyErrorCode[])('is what a client should make of %s', (code) => {
    expect(grpcStatusOf(new ProxyError(code))).toBe(EXPECTED[code])
  })

  test.each([
    [401, 'UNAUTHENTICATED'],
    [403, 'PERMISSION_DENIED'],
  ])('of an error with status %i is %s', (status, expected) => {
    expect(grpcStatusOf({ status, retry: 'never' })).toBe(expected)
  })

  test('names codes that gRPC has', () => {
    expect(Object.values(GRPC_STATUS)).toEqual(Array.from({ length: 17 }, (_, code) => code))
  })
})

describe('grpcMessage', () => {
  test('leaves printable ASCII but the percent sign', () => {
    expect(grpcMessage(' a~%\n\u{7f}é')).toBe(' a~%25%0A%7F%C3%A9')
  })
})
