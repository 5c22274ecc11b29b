import type { HeaderList } from '../../core/headers.ts'
import { RelayedSource } from '../../core/relayed-source.ts'
import { withoutDigests } from './changed-content.ts'

/** A body whose bytes are about to be changed: checksums in its trailers are not of what will be sent. */
export class UndigestedSource extends RelayedSource {
  override onEnd(trailers: HeaderList | undefined): void {
    super.onEnd(withoutDigests(trailers))
  }
}
