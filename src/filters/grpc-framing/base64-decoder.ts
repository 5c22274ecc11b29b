const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
const PADDING = 0x3d
/** What each byte stands for; 255 for one that is not of the alphabet. */
const VALUES: Uint8Array = new Uint8Array(256).fill(255)
for (let value = 0; value < 64; value++) VALUES[ALPHABET.charCodeAt(value)] = value

/**
 * Reads base64 (RFC 4648 section 4) as it comes, strictly: no white space, no other alphabet, no padding that is missing, and no
 * bits in it. Several texts may follow one another, each with its padding, since clients encode message by message. Holds
 * three bytes at most.
 */
export class Base64Decoder {
  /** What the group that has begun holds: its bits, and its characters, those of padding included. */
  #bits = 0
  #count = 0
  #padding = 0

  /** Whether nothing of a group is missing. */
  get whole(): boolean {
    return this.#count === 0
  }

  /** The bytes that are whole now; `undefined` where it is no base64. */
  decode(text: Uint8Array): Uint8Array | undefined {
    const bytes = new Uint8Array(Math.ceil((this.#count + text.byteLength) / 4) * 3)
    let size = 0
    for (let i = 0; i < text.byteLength; i++) {
      const code = text[i]!
      if (code === PADDING) {
        if (this.#count < 2) return undefined
        this.#padding++
        this.#bits <<= 6
      } else {
        const value = VALUES[code]!
        if (value === 255 || this.#padding > 0) return undefined
        this.#bits = (this.#bits << 6) | value
      }
      if (++this.#count < 4) continue
      const bits = this.#bits
      const padding = this.#padding
      if ((padding === 1 && (bits & 0xff) !== 0) || (padding === 2 && (bits & 0xffff) !== 0)) return undefined
      bytes[size++] = bits >>> 16
      if (padding < 2) bytes[size++] = (bits >>> 8) & 0xff
      if (padding < 1) bytes[size++] = bits & 0xff
      this.#bits = 0
      this.#count = 0
      this.#padding = 0
    }
    return bytes.subarray(0, size)
  }
}
