import { generateKeyPairSync, sign } from 'node:crypto'
import { jwt } from 'gatewright/filters/jwt'
import type { FilterCost } from './filter-cost.ts'

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 })

const issuer = 'https://id.example.com'
const audience = 'https://api.example.com'

/** As identity providers make them: some 700 characters. */
function token(): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const claims = {
    iss: issuer,
    aud: audience,
    sub: 'auth0|5f7c8ec7c33c6c004bbafe82',
    exp: 4_102_444_800,
    scope: 'openid profile email orders:read orders:write',
    roles: ['customer', 'beta'],
  }
  const input = `${part({ alg: 'RS256', typ: 'at+jwt', kid: 'key-2026-01' })}.${part(claims)}`
  return `${input}.${sign('sha256', Buffer.from(input), privateKey).toString('base64url')}`
}

const headers = { authorization: `Bearer ${token()}` }
const usual = { algorithms: ['RS256'], issuer, audience, keys: publicKey } as const

export const costs: readonly FilterCost[] = [
  { name: 'jwt, known token', filters: () => [jwt(usual)], headers },
  {
    name: 'jwt, known token, claims in fields, token removed',
    filters: () => [
      jwt({ ...usual, forward: false, claimsToHeaders: { 'x-user': 'sub', 'x-roles': 'roles' } }),
    ],
    headers,
  },
  { name: 'jwt, verified each time (RS256)', filters: () => [jwt({ ...usual, cacheBytes: 0 })], headers },
]
