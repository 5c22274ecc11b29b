import { join } from 'node:path'
import type { Command } from '../children.ts'
import type { ProxyPorts } from './nginx.ts'

/** Varnish with its own rules. Its worker is a child of the process that is started; the folder holds its log and its code. */
export function varnishCommand({ port, upstream }: ProxyPorts, folder: string): Command {
  return {
    file: 'varnishd',
    args: [
      ...['-F', '-n', join(folder, 'varnish'), '-j', 'none', '-T', 'none'],
      ...['-a', `127.0.0.1:${port}`, '-b', `127.0.0.1:${upstream}`, '-s', 'malloc,64m'],
      ...['-p', 'timeout_idle=75'],
    ],
  }
}
