import bcryptjs from 'bcryptjs'
import { afterAll, describe, expect, test } from 'vitest'
import { BcryptChecker } from './bcrypt-checker.ts'
import { hashPassword, isPassword, type PasswordHash, passwordHash } from './password-hash.ts'

const bcrypt = new BcryptChecker()
afterAll(() => bcrypt[Symbol.dispose]())

function read(text: string): PasswordHash {
  const hash = passwordHash(text)
  if (typeof hash === 'string') throw new Error(hash)
  return hash
}

// RFC 7914 section 12: "pleaseletmein", with N=16384, r=8, p=1.
const RFC_7914 = `$scrypt$ln=14,r=8,p=1$${Buffer.from('SodiumChloride').toString('base64').replace(/=+$/, '')}$${Buffer.from(
  '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
  'hex',
)
  .toString('base64')
  .replace(/=+$/, '')}`

describe('isPassword', () => {
  test('knows the password of a scrypt hash of RFC 7914', async () => {
    expect(await isPassword('pleaseletmein', read(RFC_7914), bcrypt)).toBe(true)
    expect(await isPassword('pleaseletmeout', read(RFC_7914), bcrypt)).toBe(false)
  })

  test.each(['2a', '2b', '2y'])('knows the password of a bcrypt hash of $%s$', async (version) => {
    const hash = read(bcryptjs.hashSync('a:ö', 4).replace('$2b$', `$${version}$`))
    expect(await isPassword('a:ö', hash, bcrypt)).toBe(true)
    expect(await isPassword('a:o', hash, bcrypt)).toBe(false)
  })

  test('knows what hashPassword has made, which is another each time', async () => {
    const [one, other] = [await hashPassword('secret'), await hashPassword('secret')]
    expect(one).not.toBe(other)
    expect(await isPassword('secret', read(one), bcrypt)).toBe(true)
    expect(await isPassword('Secret', read(other), bcrypt)).toBe(false)
  })
})

describe('BcryptChecker', () => {
  test('keeps answers apart, fails over a hash that is none, and goes on after its end', async () => {
    const checker = new BcryptChecker()
    const hash = bcryptjs.hashSync('a', 4)
    const answers = await Promise.allSettled([
      checker.check('a', hash),
      checker.check('b', hash),
      checker.check('a', 7 as unknown as string),
      checker.check('a', hash),
    ])
    expect(answers.map((it) => (it.status === 'fulfilled' ? it.value : it.status))).toEqual([
      true,
      false,
      'rejected',
      true,
    ])
    const last = checker.check('a', hash)
    checker[Symbol.dispose]()
    expect(await last).toBe(true)
    expect(await checker.check('b', hash)).toBe(false)
    checker[Symbol.dispose]()
  })
})

describe('passwordHash refuses', () => {
  test.each<[string, RegExp]>([
    ['', /no plain text/],
    ['secret', /no plain text/],
    ['$apr1$abcdefgh$0123456789abcdefghijkl', /apr1/],
    ['{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=', /no SHA/],
    ['$6$salt$hash', /no crypt/],
    [`$2y$15$${'a'.repeat(53)}`, /cost/],
    [`$2y$03$${'a'.repeat(53)}`, /cost/],
    [`$2y$10$${'a'.repeat(52)}`, /cost/],
    [`$2x$10$${'a'.repeat(53)}`, /cost/],
    [RFC_7914.replace('ln=14', 'ln=22'), /256 MiB/],
    [RFC_7914.replace('ln=14', 'ln=0'), /256 MiB/],
    [RFC_7914.replace('r=8', 'r=0'), /256 MiB/],
    [RFC_7914.replace('p=1', 'p=17'), /256 MiB/],
    [RFC_7914.replace(/\$[^$]*$/, '$short'), /no plain text/],
  ])('%s', (text, why) => {
    expect(passwordHash(text)).toMatch(why)
  })
})
