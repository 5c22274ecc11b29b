import { createHook } from 'node:async_hooks'

/** The engines of zlib that were made since, and how many of them were closed: what they hold is outside the heap. */
export class ZlibHandles implements Disposable {
  made = 0
  closed = 0
  readonly #hook = createHook({
    init: (_id, type, _trigger, resource) => {
      if (type !== 'ZLIB') return
      this.made++
      const handle = resource as { close: () => void }
      const close = handle.close.bind(handle)
      let once = false
      handle.close = () => {
        if (!once) this.closed++
        once = true
        close()
      }
    },
  }).enable();

  [Symbol.dispose](): void {
    this.#hook.disable()
  }
}
