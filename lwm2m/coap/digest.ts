const PRIME = 0x0100_0193;

/** A number of 32 bits that stands for some bytes: tells accidents apart, not adversaries (FNV-1a over words). */
export function digestOf(data: Buffer): number {
  let hash = 0x811c_9dc5 ^ data.length;
  let at = 0;
  for (const words = data.length - 3; at < words; at += 4) {
    const word =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    hash = Math.imul(hash ^ word, PRIME);
    hash ^= hash >>> 15;
  }
  for (; at < data.length; at++) hash = Math.imul(hash ^ (data[at] as number), PRIME);
  return hash | 0;
}
