import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decodedComponent, lowerCased, matchingForm, normalizePath, otherReadings } from './path.ts'

const REFUSED = undefined

describe('normalizePath', () => {
  it.each<[raw: string, normalized: string | undefined]>([
    // What is plain stays as it is.
    ['/', '/'],
    ['/api', '/api'],
    ['/api/', '/api/'],
    ['/api/users/7', '/api/users/7'],
    ["/a-b_c~d.e!f$g&h'i(j)k*l+m,n;o=p:q@r", "/a-b_c~d.e!f$g&h'i(j)k*l+m,n;o=p:q@r"],
    ['/a|b^c`d{e}f[g]h', '/a|b^c`d{e}f[g]h'],
    ['/file.txt', '/file.txt'],
    ['/a.b/c..d/e...', '/a.b/c..d/e...'],
    ['/.well-known/acme', '/.well-known/acme'],
    ['/.../x', '/.../x'],
    ['/..x', '/..x'],
    ['/a;v=1/b', '/a;v=1/b'],
    // Case of letters is kept.
    ['/ADMIN', '/ADMIN'],
    ['/Api/Users', '/Api/Users'],
    // Unreserved characters lose their encoding, the rest keeps it in upper case.
    ['/%61dmin', '/admin'],
    ['/%41', '/A'],
    ['/%7euser', '/~user'],
    ['/%7Euser%2dx%5Fy', '/~user-x_y'],
    ['/%30%39', '/09'],
    ['/a%20b', '/a%20b'],
    ['/%e2%82%ac', '/%E2%82%AC'],
    ['/%E9', '/%E9'],
    ['/a%3fb', '/a%3Fb'],
    ['/a%23b', '/a%23b'],
    ['/%40me', '/%40me'],
    ['/a%2bb', '/a%2Bb'],
    ['/a%3Bb', '/a%3Bb'],
    ['/a%0d%0ab', '/a%0D%0Ab'],
    // Encoded twice stays encoded once too often.
    ['/%2541', '/%2541'],
    ['/%252e%252e/admin', '/%252e%252e/admin'],
    ['/public/%252e%252e%252fadmin', '/public/%252e%252e%252fadmin'],
    ['/%25%32%65', '/%252e'],
    // Several slashes are one.
    ['//admin', '/admin'],
    ['///', '/'],
    ['/a//b///c', '/a/b/c'],
    ['/a//', '/a/'],
    // Dot segments, RFC 3986 section 5.2.4.
    ['/./admin', '/admin'],
    ['/a/.', '/a/'],
    ['/a/./', '/a/'],
    ['/a/..', '/'],
    ['/a/b/..', '/a/'],
    ['/a/b/../', '/a/'],
    ['/a/b/c/./../../g', '/a/g'],
    ['/mid/content=5/../6', '/mid/6'],
    ['/public/../admin', '/admin'],
    ['/public/%2e%2e/admin', '/admin'],
    ['/public/%2E./admin', '/admin'],
    ['/public/.%2e/admin', '/admin'],
    ['/%2e/admin', '/admin'],
    ['/a//../b', '/b'],
    ['/a/%2e%2e//b', '/b'],
    // Above the root.
    ['/..', REFUSED],
    ['/../', REFUSED],
    ['/%2e%2e/admin', REFUSED],
    ['/a/../../admin', REFUSED],
    ['/./../x', REFUSED],
    ['//../x', REFUSED],
    // Encoded slashes and backslashes stay, and must not hide dot segments.
    ['/a%2Fb', '/a%2Fb'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%5cb', '/a%5Cb'],
    ['/group%2Fproject/issues', '/group%2Fproject/issues'],
    ['/a%2F..b', '/a%2F..b'],
    ['/a%2F...', '/a%2F...'],
    ['/public/..%2fadmin', REFUSED],
    ['/public/..%2Fadmin', REFUSED],
    ['/public/%2e%2e%2fadmin', REFUSED],
    ['/public%2f..%2fadmin', REFUSED],
    ['/public%2f%2e%2e', REFUSED],
    ['/public%2f.', REFUSED],
    ['/.%2fadmin', REFUSED],
    ['/public%5c..%5cadmin', REFUSED],
    ['/public%5C..%2fadmin', REFUSED],
    ['/public/..%5cadmin', REFUSED],
    ['/public%2f..;x%2fadmin', REFUSED],
    ['/public%2f..%3bx', REFUSED],
    // Path parameters behind dots, which Tomcat and others cut off.
    ['/public/..;/admin', REFUSED],
    ['/public/..;x=1/admin', REFUSED],
    ['/public/.;/admin', REFUSED],
    ['/public/.;x', REFUSED],
    ['/public/..%3b/admin', REFUSED],
    ['/public/%2e%2e;/admin', REFUSED],
    // Backslashes and bytes outside the grammar.
    ['/public\\..\\admin', REFUSED],
    ['/a\\b', REFUSED],
    ['/a b', REFUSED],
    ['/a\tb', REFUSED],
    ['/a\u0000b', REFUSED],
    ['/caf\u00e9', REFUSED],
    ['/\uff0e\uff0e/admin', REFUSED],
    ['/a?b', REFUSED],
    ['/a#b', REFUSED],
    ['/a"b', REFUSED],
    ['/a<b>', REFUSED],
    // Encodings that are broken or only ever an attack.
    ['/admin%00', REFUSED],
    ['/%00', REFUSED],
    ['/%', REFUSED],
    ['/%4', REFUSED],
    ['/%zz', REFUSED],
    ['/%u002e', REFUSED],
    ['/%%34%31', REFUSED],
    ['/%c0%ae%c0%ae/admin', REFUSED],
    ['/..%c0%afadmin', REFUSED],
    ['/..%c1%9cadmin', REFUSED],
    ['/%e0%80%ae', REFUSED],
    ['/%f0%80%80%af', REFUSED],
    ['/%c0%80', REFUSED],
    // No path at all.
    ['', REFUSED],
    ['admin', REFUSED],
    ['*', REFUSED],
    ['http://host/', REFUSED],
  ])('makes of %j: %j', (raw, normalized) => {
    expect(normalizePath(raw)).toBe(normalized)
  })

  it('changes nothing when applied again', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const once = normalizePath(raw)
        if (once !== undefined) expect(normalizePath(once)).toBe(once)
      }),
      { numRuns: 3000 },
    )
  })

  it('leaves no dot segment behind, however a service decodes the path once', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const path = normalizePath(raw)
        if (path === undefined) return
        for (const decoded of onceDecoded(path)) {
          for (const segment of decoded.split(/[/\\]/)) expect(segment).not.toMatch(/^\.\.?(?:;|$)/)
          expect(decoded).not.toContain('\0')
        }
      }),
      { numRuns: 3000 },
    )
  })

  it('keeps what a service resolves below the literal segments it had', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const path = normalizePath(raw)
        if (path === undefined) return
        const literal = /^(?:\/[A-Za-z0-9.]+(?=\/|$))*/.exec(path)![0]
        for (const decoded of onceDecoded(path)) {
          // `URL` would decode dots a second time.
          const plain = decoded.replace(/\/+/g, '/').replaceAll('%', '%25').replaceAll('?', '%3F')
          const resolved = new URL(`http://x${plain}`).pathname
          expect(resolved.startsWith(literal)).toBe(true)
        }
      }),
      { numRuns: 3000 },
    )
  })
})

describe('matchingForm', () => {
  it.each([
    ['/%40me', '/@me'],
    ['/a%2Bb%24', '/a+b$'],
    ['/a%7Cb%22', '/a|b"'],
    ['/a%2Fb%5Cc%3Bd%25e', '/a%2Fb%5Cc%3Bd%25e'],
    ['/a%20b%E2%82%AC', '/a%20b%E2%82%AC'],
    ['/plain', '/plain'],
    ['/a%2f%e9', '/a%2F%E9'],
  ])('makes of %s: %s', (path, form) => {
    expect(matchingForm(path)).toBe(form)
  })

  it('stays the same when lower-cased, in its encoded octets', () => {
    expect(lowerCased('/A%2FB%C3%89C')).toBe('/a%2Fb%C3%89c')
    expect(lowerCased('/ABC')).toBe('/abc')
  })
})

describe('otherReadings', () => {
  it.each([
    ['/plain/path', []],
    ['/a%20b', []],
    ['/a%2Fb', ['/a/b']],
    ['/%2Fadmin', ['/admin']],
    ['/admin;v=1/x', ['/admin/x']],
    ['/;x/admin', ['/admin']],
    ['/admin%3Bv=1/x', ['/admin;v=1/x', '/admin/x']],
    ['/secret;%2Fx', ['/secret;/x', '/secret', '/secret/x']],
    ['/a%5Cb', ['/a/b']],
  ])('gives for %s: %j', (path, readings) => {
    expect(otherReadings(path)).toEqual(readings)
  })
})

describe('decodedComponent', () => {
  it('keeps what is no UTF-8', () => {
    expect(decodedComponent('a%20b')).toBe('a b')
    expect(decodedComponent('%E9')).toBe('%E9')
  })
})

const hostilePath = fc
  .array(
    fc.constantFrom(
      ...[
        '/',
        '//',
        '.',
        '..',
        '%2e',
        '%2E',
        '%2f',
        '%2F',
        '%5c',
        '%5C',
        ';',
        '%3b',
        'a',
        'B',
        '7',
        'admin',
        '%61',
      ],
      ...['%25', '%252e', '%00', '\\', '%c3%a9', '%E9', '%40', '~', '%7e', '%', 'x=1', '?', ' ', '%c0%ae'],
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`)

function onceDecoded(path: string): string[] {
  return [
    decodedComponent(path),
    path.replace(/%2F/g, '/').replace(/%5C/g, '\\'),
    path.replace(/%3B/g, ';').replace(/;[^/]*/g, ''),
    path.replace(/%[0-7][0-9A-F]/g, (octet) => decodeURIComponent(octet)),
  ]
}
