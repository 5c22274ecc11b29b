/** Calls when the event loop has been through all that is ready now. */
export function atEndOfTurn(call: () => void): void {
  setImmediate(call)
}
