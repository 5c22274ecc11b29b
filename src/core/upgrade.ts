/** Whether a protocol to switch to is WebSocket, as RFC 6455 and RFC 8441 name it. */
export function isWebSocket(protocol: string | undefined): boolean {
  return protocol?.toLowerCase() === 'websocket'
}

/** Whether WebSocket is among the protocols of an `Upgrade` field. */
export function offersWebSocket(upgrade: string | undefined): boolean {
  return upgrade?.split(',').some((it) => isWebSocket(it.trim())) === true
}
