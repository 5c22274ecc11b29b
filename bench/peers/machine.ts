import { cpus, release, totalmem } from 'node:os'
import { allowedCpus } from './accounting.ts'
import { versionOf } from './tools.ts'

/** The facts without which a figure says nothing. */
export interface Machine {
  cpu: string
  cores: number
  memoryGib: number
  kernel: string
  node: string
  wrk: string
}

export function machine(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: allowedCpus().length,
    memoryGib: Math.round(totalmem() / 2 ** 30),
    kernel: release(),
    node: process.version,
    wrk: versionOf('wrk'),
  }
}
