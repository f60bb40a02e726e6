import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('./corpus/', import.meta.url);

/** Datagrams that are worth starting from, by name: what devices send, what is nearly that, and what is nothing of the kind. */
export function readCorpus(): ReadonlyMap<string, Buffer> {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith('.bin'));
  return new Map(names.sort().map((name) => [name.slice(0, -'.bin'.length), readFileSync(new URL(name, FOLDER))]));
}

/** Whole numbers below a bound, the same for the same seed. */
export function seededNumbers(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 0x1_0000_0000) * below);
  };
}

const MOST_CHANGES = 4;
const LARGEST = 1_280;
/** Bytes that decoders find hard: bounds of lengths, markers, separators. */
const SPITEFUL = [0x00, 0x01, 0x0d, 0x0e, 0x0f, 0x40, 0x7f, 0x80, 0xd0, 0xe0, 0xf0, 0xff, 0x22, 0x2c, 0x3b, 0x3c, 0x3e];

/** A corpus, changed at random in bits, bytes, lengths and order, without end; the same for the same seed. */
export function* mutations(corpus: readonly Buffer[], seed: number): Generator<Buffer, never> {
  const below = seededNumbers(seed);
  const any = (): Buffer => corpus[below(corpus.length)] as Buffer;
  for (;;) {
    let bytes: Buffer = Buffer.from(any());
    for (let left = below(MOST_CHANGES + 1); left > 0; left -= 1) bytes = change(bytes, any, below);
    yield bytes.subarray(0, LARGEST);
  }
}

function change(bytes: Buffer, other: () => Buffer, below: (n: number) => number): Buffer {
  const at = below(bytes.length + 1);
  switch (below(6)) {
    case 0:
      if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ (1 << below(8));
      return bytes;
    case 1:
      if (at < bytes.length) bytes[at] = SPITEFUL[below(SPITEFUL.length)] as number;
      return bytes;
    case 2:
      return bytes.subarray(0, at);
    case 3:
      return Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1 + below(8))]);
    case 4: {
      const inserted = Buffer.alloc(1 + below(16), SPITEFUL[below(SPITEFUL.length)]);
      return Buffer.concat([bytes.subarray(0, at), inserted, bytes.subarray(at)]);
    }
    default: {
      const tail = other();
      return Buffer.concat([bytes.subarray(0, at), tail.subarray(below(tail.length + 1))]);
    }
  }
}
