import { describe, expect, onTestFinished, test } from 'vitest'
import { fakeIo } from '../../../test/cli/fake-io.ts'
import { freePort } from '../../../test/free-port.ts'
import { fakeUpstream } from '../../testing/upstream/fake-upstream.ts'
import { runBench } from './run-bench.ts'

describe('runBench', () => {
  test('puts a load on a real service', async () => {
    const service = await started({})
    const { code, out, err } = await bench(service.url, '--rate', '100', '--duration', '200ms', '--json')
    expect([code, err]).toEqual([0, ''])
    expect(JSON.parse(out)).toMatchObject({
      url: service.url,
      method: 'GET',
      loop: 'open',
      requests: { due: 20, answered: 20, neverSent: 0 },
      statuses: { 200: 20 },
    })
    expect(service.totalRequests).toBe(20)
  })

  test('speaks TLS, to whoever it is told not to look at', async () => {
    const service = await started({ tls: true })
    const args = [service.url, '--rate', '100', '--duration', '50ms', '-c', '2']
    expect(await bench(...args)).toMatchObject({
      code: 3,
      out: '',
      err: expect.stringContaining('no connection could be made: '),
    })
    expect((await bench(...args, '--insecure')).out).toContain('  statuses       200: 5\n')
  })

  test('ends with 1 when nothing is answered', async () => {
    const service = await started({})
    service.reply({ raw: 'no HTTP\r\n\r\n' })
    const { code, out } = await bench(service.url, '--rate', '100', '--duration', '20ms')
    expect([code, out]).toEqual([1, expect.stringContaining('  failures       malformed: 2\n')])
  })

  test('ends with 3 when nobody is there, with 2 when it was asked for nonsense', async () => {
    const refused = await bench(`http://127.0.0.1:${await freePort()}/`, '--duration', '50ms')
    expect(refused).toMatchObject({ code: 3, err: expect.stringContaining('ECONNREFUSED') })
    expect(await bench('nowhere')).toMatchObject({ code: 2, err: expect.stringContaining('"url" must be') })
  })
})

async function started(options: { tls?: true }) {
  const service = await fakeUpstream({ socket: true, ...options }).start()
  onTestFinished(() => service.close())
  return service
}

async function bench(...args: string[]) {
  const io = fakeIo('/')
  const code = await runBench(args, io)
  return { code, out: io.stdout, err: io.stderr }
}
