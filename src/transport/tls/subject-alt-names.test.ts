import { expect, test } from 'vitest'
import { subjectAltNames } from './subject-alt-names.ts'

const read = (subjectAltName: string | undefined) =>
  subjectAltNames({ subjectAltName }).map(({ kind, value }) => [kind, value])

test('names of a certificate are told apart, each with its kind', () => {
  expect(read('DNS:a.test, DNS:*.b.test, IP Address:10.0.0.1, URI:spiffe://a/b, email:me@a.test')).toEqual([
    ['DNS', 'a.test'],
    ['DNS', '*.b.test'],
    ['IP Address', '10.0.0.1'],
    ['URI', 'spiffe://a/b'],
    ['email', 'me@a.test'],
  ])
  expect(read('IP Address:2001:DB8:0:0:0:0:0:1')).toEqual([['IP Address', '2001:DB8:0:0:0:0:0:1']])
  expect(read(undefined)).toEqual([])
  expect(read('')).toEqual([])
})

// CVE-2021-44532: a value that holds ", DNS:" must not become a name. Node quotes it.
test('what is within a name of a certificate makes no further one', () => {
  expect(read('DNS:"a.test, DNS:evil.test", DNS:b.test')).toEqual([
    ['DNS', 'a.test, DNS:evil.test'],
    ['DNS', 'b.test'],
  ])
  expect(read('URI:"http://a/\\", DNS:evil.test"')).toEqual([['URI', 'http://a/", DNS:evil.test']])
})
