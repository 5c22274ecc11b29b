import { type Clock, Deadline } from '../../core/clock.ts'
import { secretBytes } from '../../core/secret.ts'
import { TICKET_ROTATION_MS } from '../../transport/tls/listener-tls.ts'
import type { WorkerGroup, WorkerView } from '../worker-group.ts'
import { TICKET_KEYS_BYTES, TICKETS } from './ticket-messages.ts'

/** What ends the sharing: no new keys are made. */
export interface TicketSharing {
  close(): void
}

/**
 * In the supervisor: gives all workers the same keys for session tickets, so that a client may resume its session with any of
 * them, and new ones as often as one process makes them. To be called before there are workers.
 */
export function shareTicketKeys(group: WorkerGroup, clock: Clock): TicketSharing {
  let keys = secretBytes(TICKET_KEYS_BYTES)
  const give = ({ channel }: WorkerView): void => {
    channel.send(TICKETS, keys)
  }
  group.onChange((worker, now) => {
    if (now === 'starting') worker.channel.listen(TICKETS, () => give(worker))
  })
  const rotation = new Deadline(clock, () => {
    keys = secretBytes(TICKET_KEYS_BYTES)
    for (const worker of group.workers) give(worker)
    rotation.arm(TICKET_ROTATION_MS)
  })
  rotation.arm(TICKET_ROTATION_MS)
  return { close: () => rotation.close() }
}
