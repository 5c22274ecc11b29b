/** Two real nginx servers behind one pool, one of them with twice the weight. Skipped where nginx is not installed. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pool, proxy } from 'gatewright'

// Debian installs it where only root looks.
process.env.PATH = `${process.env.PATH}:/usr/local/sbin:/usr/sbin`
if (spawnSync('nginx', ['-v']).error !== undefined) {
  console.log('skipped: nginx is not installed')
  process.exit(0)
}

const folder = mkdtempSync(join(tmpdir(), 'gatewright-nginx-'))
const servers = [await startNginx('small'), await startNginx('large')]
try {
  const running = await proxy()
    .listen(0)
    .route('/', pool([servers[0]!.url, { url: servers[1]!.url, weight: 2 }]).weightedRoundRobin())
    .start({ signals: false })

  const answers: string[] = []
  for (let i = 0; i < 6; i++) answers.push(await (await fetch(running.url)).text())
  await running.close()

  console.log(answers.join(', '))
  assert.equal(answers.filter((it) => it === 'large').length, 4)
  assert.equal(answers.filter((it) => it === 'small').length, 2)
} finally {
  for (const { child } of servers) {
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }
  rmSync(folder, { recursive: true })
}

async function startNginx(name: string): Promise<{ url: string; child: ChildProcess }> {
  const port = await freePort()
  const file = join(folder, `${name}.conf`)
  writeFileSync(
    file,
    `daemon off; master_process off; pid ${folder}/${name}.pid; error_log stderr;
     events {}
     http {
       access_log off;
       client_body_temp_path ${folder}/${name}-body; proxy_temp_path ${folder}/${name}-proxy;
       fastcgi_temp_path ${folder}/${name}-fastcgi; uwsgi_temp_path ${folder}/${name}-uwsgi;
       scgi_temp_path ${folder}/${name}-scgi;
       server { listen 127.0.0.1:${port}; return 200 "${name}"; }
     }`,
  )
  const child = spawn('nginx', ['-c', file, '-p', folder, '-e', 'stderr'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const url = `http://127.0.0.1:${port}`
  // It says nothing when it is ready, so it is asked.
  while ((await fetch(url).catch(() => undefined)) === undefined) {
    if (child.exitCode !== null) throw new Error(`nginx (${name}) ended with ${child.exitCode}`)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  return { url, child }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}
