/**
 * Keys of session tickets. A worker asks for them with nothing, and is told them: 48 bytes, then and whenever there are new
 * ones. They are secret, and stand in no line of a log.
 */
export const TICKETS = 'tickets'

export const TICKET_KEYS_BYTES = 48
