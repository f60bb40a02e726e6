import { createRequire } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { errorMessage } from '../common/index.ts';
import { type ContentContext, decodeContent, encodeContent } from '../lwm2m/content/content.ts';
import { CONTENT_FORMATS } from '../lwm2m/content/content-formats.ts';
import type { Node } from '../lwm2m/content/value.ts';
import { ObjectModels } from '../lwm2m/model/object-models.ts';
import type { Row } from './tables.ts';
import { textTable } from './text-table.ts';

// How fast the content codecs are on an instance of ten resources, alone or beside npm peers that are installed in a folder:
// node dist/bench/content-codecs.js [--peers FOLDER], the folder made by npm install --prefix FOLDER lwm2m-codec cbor-x cbor

const WARM_UP_MS = 200;
const ROUND_MS = 100;
const ROUNDS = 7;

/** One thing that is measured; `who` is we or a peer, `note` what it leaves undone of our work. */
interface Subject {
  readonly format: string;
  readonly work: 'decode' | 'encode';
  readonly who: string;
  readonly note: string;
  readonly run: () => unknown;
}

const VALUES: readonly (readonly [resourceId: number, value: string | number])[] = [
  [0, 'Open Mobile Alliance'],
  [1, 'Lightweight M2M Client'],
  [2, '345000123'],
  [3, '1.0'],
  [9, 100],
  [10, 15],
  [13, 1_367_491_215],
  [14, '+02:00'],
  [15, 'Europe/Berlin'],
  [16, 'U'],
];

const NODES = VALUES.map(([resourceId, value]): Node => ({ path: { objectId: 3, instanceId: 0, resourceId }, value }));
const MODELS = ObjectModels.official();
const CONTEXT: ContentContext = { base: { objectId: 3, instanceId: 0 }, find: (objectId) => MODELS.find(objectId) };

function ours(): Subject[] {
  return [11542, 11543, 110, 112, 11544].flatMap((format) => {
    const payload = encodeContent(format, NODES, CONTEXT);
    const name = `${CONTENT_FORMATS.get(format)?.codec} (${payload.length} bytes)`;
    const subject = { format: name, who: 'lwm2m-ipe', note: '' };
    return [
      { ...subject, work: 'decode', run: () => decodeContent(format, payload, CONTEXT) },
      { ...subject, work: 'encode', run: () => encodeContent(format, NODES, CONTEXT) },
    ] as const;
  });
}

interface Lwm2mCodec {
  encode(format: string, path: string, value: unknown): unknown;
  decode(format: string, path: string, payload: Buffer): unknown;
}

interface CborX {
  readonly Encoder: new (options: object) => { encode(value: unknown): Buffer; decode(payload: Buffer): unknown };
}

interface NodeCbor {
  decodeFirstSync(payload: Buffer): unknown;
  encode(value: unknown): Buffer;
}

/** The packages of a folder that code LwM2M or SenML; what is not there is left out. */
function peers(folder: string): Subject[] {
  const load = createRequire(resolve(folder, 'package.json'));
  const found: Subject[] = [];
  const attempt = (who: string, subjects: () => Subject[]): void => {
    try {
      found.push(...subjects());
    } catch (error) {
      process.stderr.write(`${who} left out: ${errorMessage(error)}\n`);
    }
  };
  attempt('lwm2m-codec', () => lwm2mCodec(load('lwm2m-codec') as Lwm2mCodec));
  attempt('cbor-x', () => cborX(load('cbor-x') as CborX));
  attempt('cbor', () => nodeCbor(load('cbor') as NodeCbor));
  return found;
}

function lwm2mCodec(codec: Lwm2mCodec): Subject[] {
  const value = Object.fromEntries(VALUES);
  return (
    [
      ['tlv', 11542],
      ['json', 11543],
    ] as const
  ).flatMap(([name, format]) => {
    const payload = encodeContent(format, NODES, CONTEXT);
    const subject = { format: name === 'tlv' ? 'tlv' : 'lwm2m-json', who: 'lwm2m-codec', note: 'no paths, no times' };
    return [
      { ...subject, work: 'decode', run: () => codec.decode(name, '/3/0', payload) },
      { ...subject, work: 'encode', run: () => codec.encode(name, '/3/0', value) },
    ] as const;
  });
}

interface Record {
  readonly bn?: string;
  readonly n: string;
  readonly v?: number;
  readonly vs?: string;
}

function recordsOf(nodes: readonly Node[]): Record[] {
  return nodes.map(({ path, value }, index) => ({
    ...(index === 0 ? { bn: '/3/0/' } : {}),
    n: String(path.resourceId),
    ...(typeof value === 'number' ? { v: value } : { vs: value as string }),
  }));
}

/** The least that a program does with records to have what we give: paths and values. */
function nodesOf(records: readonly Record[]): Node[] {
  let base = '';
  return records.map(({ bn, n, v, vs }) => {
    if (bn !== undefined) base = bn;
    const [, objectId, instanceId, resourceId] = `${base}${n}`.split('/').map(Number) as [
      number,
      number,
      number,
      number,
    ];
    return { path: { objectId, instanceId, resourceId }, value: (v ?? vs) as string | number };
  });
}

function cborX({ Encoder }: CborX): Subject[] {
  const keyMap = { bn: -2, bt: -3, n: 0, v: 2, vs: 3, vb: 4, t: 6, vd: 8 };
  const encoder = new Encoder({ keyMap, mapsAsObjects: true, useRecords: false });
  const payload = encodeContent(112, NODES, CONTEXT);
  const records = recordsOf(NODES);
  const bare = { format: 'senml-cbor', who: 'cbor-x', note: 'CBOR only: no paths, no types, no bounds' };
  const whole = { format: 'senml-cbor', who: 'cbor-x and paths', note: 'no types, no bounds' };
  return [
    { ...whole, work: 'decode', run: () => nodesOf(encoder.decode(payload) as Record[]) },
    { ...whole, work: 'encode', run: () => encoder.encode(recordsOf(NODES)) },
    { ...bare, work: 'decode', run: () => encoder.decode(payload) },
    { ...bare, work: 'encode', run: () => encoder.encode(records) },
  ];
}

function nodeCbor(cbor: NodeCbor): Subject[] {
  const payload = encodeContent(112, NODES, CONTEXT);
  const records = cbor.decodeFirstSync(payload);
  const subject = { format: 'senml-cbor', who: 'cbor', note: 'CBOR only: no paths, no types, no bounds' };
  return [
    { ...subject, work: 'decode', run: () => cbor.decodeFirstSync(payload) },
    { ...subject, work: 'encode', run: () => cbor.encode(records) },
  ];
}

/** Calls per second over at least so many milliseconds. */
function rate(run: () => unknown, milliseconds: number): number {
  const start = performance.now();
  let calls = 0;
  let elapsed = 0;
  do {
    for (let count = 0; count < 64; count++) run();
    calls += 64;
    elapsed = performance.now() - start;
  } while (elapsed < milliseconds);
  return (calls * 1000) / elapsed;
}

/** The median rate of each subject; rounds take turns, so that a disturbance meets all. */
function measure(subjects: readonly Subject[]): number[] {
  for (const { run } of subjects) rate(run, WARM_UP_MS);
  const rounds = subjects.map((): number[] => []);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, { run }] of subjects.entries()) rounds[index]?.push(rate(run, ROUND_MS));
  }
  return rounds.map((rates) => rates.sort((a, b) => a - b)[ROUNDS >> 1] as number);
}

function rowsOf(subjects: readonly Subject[], rates: readonly number[]): Row[] {
  return subjects.map(({ format, work, who, note }, index) => {
    const codec = format.split(' ')[0];
    const base = subjects.findIndex(
      (other) => other.who === 'lwm2m-ipe' && other.format.split(' ')[0] === codec && other.work === work,
    );
    const times =
      who === 'lwm2m-ipe' ? '' : `ours ${((rates[base] as number) / (rates[index] as number)).toFixed(1)} x`;
    return { cells: [format, work, who, Math.round(rates[index] as number).toLocaleString('en'), times, note] };
  });
}

function main(folder: string | undefined): void {
  const subjects = [...ours(), ...(folder === undefined ? [] : peers(folder))];
  const rows = rowsOf(subjects, measure(subjects));
  const columns = ['format', 'work', 'codec', 'ops/s', 'ratio', 'leaves undone'];
  const notes = [`Node ${process.version}, one thread, median of ${ROUNDS} rounds of ${ROUND_MS} ms that take turns.`];
  process.stdout.write(
    `${textTable({ title: 'Content codecs: an instance of ten resources', columns, rows, notes })}\n`,
  );
}

main(parseArgs({ options: { peers: { type: 'string' } } }).values.peers);
