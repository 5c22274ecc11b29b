import { generateKeyPairSync } from 'node:crypto'
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import type { Network, TlsServer, TlsServerSettings } from '../../core/network.ts'
import { type VirtualClock, virtualClock } from '../../testing/index.ts'
import { makeCertificate } from './certificate.ts'
import type { CertificateOptions } from './certificate-options.ts'
import {
  type CertificateReload,
  type CertificatesOptions,
  type TlsOptions,
  tlsSettings,
} from './listen-options.ts'
import { ListenerTls } from './listener-tls.ts'
import { selfSigned } from './self-signed.ts'

let folder = ''
let clock: VirtualClock
let told: CertificateReload[]
let printed: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'gatewright-certificates-'))
  clock = virtualClock()
  told = []
  printed = []
  vi.spyOn(console, 'error').mockImplementation(
    (line: string) => void printed.push(line.replaceAll(folder, '')),
  )
})

afterEach(() => {
  vi.restoreAllMocks()
  rmSync(folder, { recursive: true, force: true })
  expect(clock.pending, 'timers left').toBe(0)
})

const at = (name: string) => join(folder, name)
const write = (name: string, content: string | Uint8Array) => writeFileSync(at(name), content)

/** Writes a pair as people do. */
function writePair(pair = selfSigned({ names: ['a.test'] })) {
  write('cert.pem', pair.cert)
  write('key.pem', pair.key)
  return pair
}

/** Notes the settings that it is given; the last are those that count. */
class NotedServer implements TlsServer {
  readonly settings: TlsServerSettings[]
  rotations = 0
  refuses: string | undefined

  constructor(settings: TlsServerSettings) {
    this.settings = [settings]
  }

  update(settings: TlsServerSettings) {
    if (this.refuses !== undefined)
      throw Object.assign(new Error('error:0A00:long'), { reason: this.refuses })
    this.settings.push(settings)
  }

  rotateTicketKeys() {
    this.rotations++
  }

  accept(): never {
    throw new Error('no one connects here')
  }
}

async function open(options?: TlsOptions, source?: CertificateOptions | CertificatesOptions) {
  let server: NotedServer | undefined
  const network = {
    tlsServer: (settings: TlsServerSettings) => {
      server = new NotedServer(settings)
      return server
    },
  } as unknown as Network
  const files = { certFile: at('cert.pem'), keyFile: at('key.pem') }
  const settings = tlsSettings({
    ...(source ?? files),
    watchMs: '10s',
    onReload: (it) => told.push(it),
    ...options,
  })
  const tls = await ListenerTls.open(settings, network, clock)
  return {
    tls,
    server: server!,
    shown: () => server!.settings.at(-1)!.certificates[0]!.cert,
    /** Lets the time come at which files are looked at, and the look end. */
    look: async () => {
      await clock.advance('10s')
      // Files are read in threads, on which no clock waits. The next look is planned when this one has ended.
      const timers = options?.ticketKeysFile === undefined ? 2 : 1
      while (clock.pending < timers) await new Promise((resolve) => setImmediate(resolve))
    },
  }
}

/** The certificate of a service that is reached by its address alone. */
function ofAnAddress() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const issuer = { subject: 'b.test', privateKey }
  return {
    cert: makeCertificate({
      subject: 'b.test',
      publicKey,
      issuer,
      names: ['10.0.0.1'],
      validFrom: 0,
      validTo: 1e12,
    }),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  }
}

describe('certificates in files', () => {
  test('are looked at again, and count when both fit', async () => {
    const before = writePair()
    const { tls, server, shown, look } = await open()
    expect(shown()).toBe(before.cert)
    await look()
    expect([server.settings.length, told]).toEqual([1, []])
    const after = writePair()
    await look()
    expect(shown()).toBe(after.cert)
    expect(server.settings.at(-1)?.certificates[0]?.key).toBe(after.key)
    expect(told).toEqual([{ result: 'loaded', files: [at('cert.pem'), at('key.pem')], error: undefined }])
    expect(printed).toEqual([])
    tls.close()
  })

  test('are found where Kubernetes mounts a secret: the folder behind a link is another one', async () => {
    const mount = (name: string) => {
      mkdirSync(at(name))
      const pair = selfSigned()
      write(`${name}/tls.crt`, pair.cert)
      write(`${name}/tls.key`, pair.key)
      symlinkSync(name, at('..new'))
      renameSync(at('..new'), at('..data'))
      return pair
    }
    mount('..2026_01')
    symlinkSync('..data/tls.crt', at('tls.crt'))
    symlinkSync('..data/tls.key', at('tls.key'))
    const { tls, shown, look } = await open({}, { certFile: at('tls.crt'), keyFile: at('tls.key') })
    const second = mount('..2026_02')
    rmSync(at('..2026_01'), { recursive: true })
    await look()
    expect(shown()).toBe(second.cert)
    const third = mount('..2026_03')
    await look()
    expect(shown()).toBe(third.cert)
    tls.close()
  })

  test('that fit only one look later are taken then, and nothing is said of the time between', async () => {
    const before = writePair()
    const { tls, shown, look } = await open()
    const after = selfSigned()
    write('cert.pem', after.cert)
    await look()
    expect(shown()).toBe(before.cert)
    write('key.pem', after.key)
    await look()
    expect(shown()).toBe(after.cert)
    expect([told.map(({ result }) => result), printed]).toEqual([['loaded'], []])
    tls.close()
  })

  test('that stay wrong are said to be, once, and those of before go on', async () => {
    const before = writePair()
    const { tls, server, shown, look } = await open()
    write('cert.pem', selfSigned().cert)
    for (let i = 0; i < 4; i++) await look()
    expect([server.settings.length, shown()]).toEqual([1, before.cert])
    expect(printed).toEqual([
      'gatewright: /cert.pem, /key.pem: the key is not that of the certificate; what was there before goes on',
    ])
    expect(told.map(({ result, error }) => [result, error?.name])).toEqual([['failed', 'CertificateError']])
    // Wrong in another way.
    rmSync(at('key.pem'))
    for (let i = 0; i < 3; i++) await look()
    expect(printed.slice(1)).toEqual([
      'gatewright: /key.pem cannot be read (ENOENT); what was there before goes on',
    ])
    // Right again, as before: nothing to load, and wrong once more is told once more.
    write('cert.pem', before.cert)
    write('key.pem', before.key)
    await look()
    rmSync(at('key.pem'))
    for (let i = 0; i < 3; i++) await look()
    expect([printed.length, told.length, server.settings.length]).toEqual([3, 3, 1])
    tls.close()
  })

  test('that OpenSSL does not accept are said to be, and those of before go on', async () => {
    writePair()
    const { tls, server, look } = await open()
    server.refuses = 'ee key too small'
    writePair()
    for (let i = 0; i < 3; i++) await look()
    expect(printed).toEqual([
      'gatewright: OpenSSL does not accept the certificate: ee key too small; what was there before goes on',
    ])
    server.refuses = undefined
    await look()
    expect(server.settings.length).toBe(2)
    tls.close()
  })

  test('are read at once when someone asks, who hears what is wrong', async () => {
    writePair()
    const { tls, server, shown } = await open()
    const after = writePair()
    await tls.reload()
    expect(shown()).toBe(after.cert)
    write('key.pem', 'nonsense')
    await expect(tls.reload()).rejects.toThrow(`${at('key.pem')}: the key cannot be read as PEM`)
    await expect(tls.reload()).rejects.toThrow('the key cannot be read as PEM')
    expect([server.settings.length, shown(), printed]).toEqual([2, after.cert, []])
    expect(told.map(({ result }) => result)).toEqual(['loaded', 'failed', 'failed'])
    tls.close()
  })

  test('count one by one: one that is wrong does not hold the others up', async () => {
    const first = writePair()
    const other = selfSigned({ names: ['b.test'] })
    write('b.crt', other.cert)
    write('b.key', other.key)
    const certificates = [
      { certFile: at('cert.pem'), keyFile: at('key.pem') },
      { certFile: at('b.crt'), keyFile: at('b.key') },
    ]
    const { tls, server } = await open({}, { certificates })
    write('cert.pem', '')
    const newer = selfSigned({ names: ['b.test', 'c.test'] })
    write('b.crt', newer.cert)
    write('b.key', newer.key)
    await expect(tls.reload()).rejects.toThrow('there is no certificate in PEM')
    const shown = server.settings.at(-1)!.certificates
    expect(shown.map(({ cert }) => cert)).toEqual([first.cert, newer.cert])
    expect(shown[1]?.names).toEqual(['b.test', 'c.test', 'localhost'])
    tls.close()
  })

  test('are not looked at where that is not wanted', async () => {
    writePair()
    const { tls, server } = await open({ watchMs: Number.POSITIVE_INFINITY })
    writePair()
    await clock.advance('11h')
    expect(server.settings.length).toBe(1)
    await tls.reload()
    expect(server.settings.length).toBe(2)
    tls.close()
  })

  test('are looked at no more once it is closed, also by a look that is under way', async () => {
    writePair()
    const { tls, server } = await open()
    writePair()
    const looked = tls.reload()
    tls.close()
    await looked
    await clock.advance('1h')
    expect(server.settings.length).toBe(1)
  })

  test('a listener that throws does no harm', async () => {
    writePair()
    const onReload = () => {
      throw new Error('mine')
    }
    const { tls, look, shown } = await open({ onReload })
    const after = writePair()
    await look()
    expect([shown(), printed]).toEqual([after.cert, ['gatewright: onReload threw']])
    tls.close()
  })
})

describe('the other files', () => {
  test('authorities of clients and keys of tickets are looked at again too', async () => {
    writePair()
    const [one, two] = [selfSigned(), selfSigned()]
    write('ca.pem', one.cert)
    write('tickets', Buffer.alloc(48, 1))
    const { tls, server, look } = await open({
      clientCertificates: 'require',
      clientCaFile: at('ca.pem'),
      ticketKeysFile: at('tickets'),
    })
    expect(server.settings[0]).toMatchObject({ clientCa: [one.cert.trim()], ticketKeys: Buffer.alloc(48, 1) })
    write('ca.pem', one.cert + two.cert)
    write('tickets', Buffer.alloc(48, 2))
    await look()
    expect(server.settings[1]).toMatchObject({
      clientCa: [one.cert.trim(), two.cert.trim()],
      ticketKeys: Buffer.alloc(48, 2),
    })
    write('tickets', Buffer.alloc(47))
    await expect(tls.reload()).rejects.toThrow('ticket keys are 48 bytes, not 47')
    tls.close()
  })

  test('keys of tickets that were not given are made anew every twelve hours', async () => {
    const { tls, server } = await open({}, selfSigned())
    await clock.advance('11h')
    expect(server.rotations).toBe(0)
    await clock.advance('25h')
    expect(server.rotations).toBe(3)
    tls.close()
  })

  test('keys of tickets that were given are not, nor those that nobody needs', async () => {
    for (const options of [{ ticketKeys: Buffer.alloc(48) }, { sessionMs: 0 }]) {
      const { tls, server } = await open(options, selfSigned())
      expect(clock.pending).toBe(0)
      await clock.advance('36h')
      expect(server.rotations).toBe(0)
      tls.close()
    }
  })
})

describe('opening', () => {
  test.each([
    ['a file that is not there', () => rmSync(at('key.pem')), 'ENOENT', '/key.pem cannot be read (ENOENT)'],
    [
      'a key of another certificate',
      () => write('key.pem', selfSigned().key),
      undefined,
      'the key is not that of the certificate',
    ],
    [
      'a certificate that is none',
      () => write('cert.pem', '-----BEGIN CERTIFICATE-----\nxx\n-----END CERTIFICATE-----\n'),
      undefined,
      'the certificate cannot be read',
    ],
    ['an empty file', () => write('cert.pem', ''), undefined, 'there is no certificate in PEM'],
  ])('refuses %s, and says which', async (_, spoil, code = 'ERR_CERTIFICATE_INVALID', message) => {
    writePair()
    spoil()
    const error = (await open().catch((thrown: Error) => thrown)) as NodeJS.ErrnoException
    expect(error.code).toBe(code)
    expect(error.message).toContain(folder)
    expect(error.message.replaceAll(folder, '')).toContain(message)
  })

  test('refuses a certificate that would never be shown', async () => {
    const certificates = [selfSigned(), ofAnAddress()]
    await expect(open({}, { certificates })).rejects.toThrow(
      'tls.certificates[1] names no server, so it would never be shown: give it "names", or put it first',
    )
  })

  test('refuses a network that has no TLS', async () => {
    writePair()
    const settings = tlsSettings({ certFile: at('cert.pem'), keyFile: at('key.pem') })
    await expect(ListenerTls.open(settings, {} as Network, clock)).rejects.toThrow('this network has no TLS')
  })
})
