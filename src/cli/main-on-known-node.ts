import { endProcess, stayAlive } from '../workers/processes/child-worker.ts'
import { runCli } from './run-cli.ts'

// Whoever reads may stop to, as `head` does.
for (const stream of [process.stdout, process.stderr])
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })

// A module may wait for what keeps no process alive; it is told of when it has waited for too long.
const release = stayAlive()
const code = await runCli(process.argv.slice(2), {
  out: (text) => void process.stdout.write(text),
  err: (text) => void process.stderr.write(text),
  isTerminal: process.stdout.isTTY === true,
  env: process.env,
  cwd: process.cwd(),
})
release()
// Unless the end of the proxy has said that something went wrong.
if (code !== 0) process.exitCode = code
// What a module has begun may keep the process alive: a connection to a store, say. A proxy that has ended leaves it a moment.
if (code === 0 && process.argv[2] === 'run') endProcess()
else {
  await new Promise<void>((resolve) => process.stdout.write('', () => resolve()))
  process.exit()
}
