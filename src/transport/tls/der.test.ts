import { describe, expect, it } from 'vitest'
import { bitString, boolean, der, integer, objectId, sequence, tagged, time } from './der.ts'

const hex = (bytes: Buffer) => bytes.toString('hex')

// By the examples of ITU-T X.690 and of RFC 5280; openssl asn1parse reads the same.
describe('DER', () => {
  it.each([
    [0, '0400'],
    [1, '0401'],
    [127, '047f'],
    [128, '048180'],
    [255, '0481ff'],
    [256, '04820100'],
    [70_000, '0483011170'],
  ])('has the length of %d bytes before them', (length, head) => {
    const bytes = der(0x04, Buffer.alloc(length))
    expect(hex(bytes).slice(0, head.length)).toBe(head)
    expect(bytes.length).toBe(head.length / 2 + length)
  })

  it('has whole numbers without leading zeros, but for the one that makes them positive', () => {
    expect(hex(integer(Buffer.from([0])))).toBe('020100')
    expect(hex(integer(Buffer.from([0, 0, 1])))).toBe('020101')
    expect(hex(integer(Buffer.from([0x7f])))).toBe('02017f')
    expect(hex(integer(Buffer.from([0x80])))).toBe('02020080')
    expect(hex(integer(Buffer.from([0, 0x80])))).toBe('02020080')
  })

  it.each([
    ['2.5.29.17', '0603551d11'],
    ['1.2.840.10045.4.3.2', '06082a8648ce3d040302'],
    ['1.3.6.1.5.5.7.3.1', '06082b06010505070301'],
  ])('writes the identifier %s', (id, bytes) => {
    expect(hex(objectId(id))).toBe(bytes)
  })

  it('nests', () => {
    expect(hex(sequence(boolean(true), tagged(3, bitString(Buffer.from([0x80]), 7))))).toBe(
      '30090101ffa30403020780',
    )
    expect(hex(tagged(2, Buffer.from('a'), false))).toBe('820161')
  })

  it('writes moments to the second', () => {
    expect(time(Date.UTC(2049, 11, 31, 23, 59, 59, 999)).toString('latin1')).toBe('\x17\x0d491231235959Z')
    expect(time(Date.UTC(2050, 0, 1)).toString('latin1')).toBe('\x18\x0f20500101000000Z')
  })
})
