import { type ChildProcess, fork } from 'node:child_process'
import { availableParallelism } from 'node:os'
import type { SocketHandle } from '../../transport/network.ts'
import type { SocketChannel } from '../socket-channel.ts'
import type { ProcessEnd, WorkerProcess } from '../worker-process.ts'
import { type Message, type Peer, ProcessChannel } from './process-channel.ts'

declare module 'child_process' {
  interface ChildProcess {
    /** Node hands over bound sockets too; its types know of servers and connections alone. */
    send(
      message: Message,
      socket: SocketHandle | undefined,
      options: MessageOptions,
      callback: () => void,
    ): boolean
  }
}

/** Tells a process that it is a worker, and its number. */
const VARIABLE = 'GATEWRIGHT_WORKER'

/** Runs this process's script once more, with the same arguments, as a worker. */
export function childWorker(number: number): WorkerProcess {
  const [, script, ...args] = process.argv
  if (script === undefined)
    throw new Error('workers run the same script as the process that starts them, and there is none')
  const child = fork(script, args, {
    env: { ...process.env, [VARIABLE]: `${number}` },
    // The port of a debugger is this process's.
    execArgv: process.execArgv.filter((it) => !it.startsWith('--inspect')),
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  const ended = Promise.withResolvers<ProcessEnd>()
  child.on('exit', (code, signal) => ended.resolve({ code, signal }))
  // Where it could not be made, nothing else tells of its end.
  child.on('error', (error) => {
    if (child.pid === undefined) ended.resolve({ code: null, signal: null, error })
  })
  return {
    pid: child.pid ?? 0,
    channel: new ProcessChannel(peerOf(child)),
    ended: ended.promise,
    kill: () => {
      child.kill('SIGKILL')
    },
  }
}

/** What this process is a worker of. */
export interface Membership {
  readonly number: number
  readonly channel: SocketChannel
}

/** Taken when the script is loaded: a process that it makes itself, also before its call, is not to take itself for a worker. */
const number = process.env[VARIABLE]
delete process.env[VARIABLE]

/** What this process is a worker of; `undefined` where it is none. */
export function membership(): Membership | undefined {
  if (number === undefined || process.send === undefined) return undefined
  return { number: Number(number), channel: new ProcessChannel(parentPeer()) }
}

function peerOf(child: ChildProcess): Peer {
  return {
    get connected() {
      return child.connected
    },
    send: (message, socket, callback) => child.send(message, socket, {}, callback),
    on: (event: 'message' | 'disconnect', listener: (...told: unknown[]) => void) =>
      child.on(event, listener),
    disconnect: () => child.disconnect(),
  }
}

/** The process that made this one. */
function parentPeer(): Peer {
  return {
    get connected() {
      return process.connected
    },
    // A worker has no sockets to hand over.
    send: (message, _socket, callback) => process.send?.(message, undefined, {}, callback) ?? false,
    on: (event: 'message' | 'disconnect', listener: (...told: unknown[]) => void) =>
      process.on(event, listener),
    disconnect: () => process.disconnect(),
  }
}

/** How many processes this machine can run at once, as far as this one may. */
export const processors: () => number = availableParallelism

/** A script may have more that keeps its process alive. It has so long to end by itself when it serves no more. */
const GRACE_MS = 1_000

/** Ends this process: by itself where it can. */
export function endProcess(): void {
  setTimeout(() => process.exit(), GRACE_MS).unref()
}

/** Keeps this process alive until it is called: while all workers are ended, nothing else does. */
export function stayAlive(): () => void {
  const timer = setInterval(() => {}, 2 ** 30)
  return () => clearInterval(timer)
}
