/**
 * A CSE that says yes at once and stores nothing, for measuring what stands in front of it.
 * `--port P` (0: any), `--host H` (127.0.0.1), `--delay MS` before each answer, `--base NAME` of its CSEBase (cse-in).
 */
import { realpathSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { errorMessage } from '../common/index.ts';
import { formatTimestamp, RESOURCE_NAMES } from '../cse-client/index.ts';

/** Where it listens, the milliseconds it waits before each answer, and the name of its CSEBase. */
export interface NullCseOptions {
  readonly port: number;
  readonly host: string;
  readonly delay: number;
  readonly base: string;
  /** Told of each resource that it is asked to create, before it answers. */
  readonly created?: (ty: number, attributes: Readonly<Record<string, unknown>>) => void;
}

/** A null CSE that runs. */
export interface NullCse {
  readonly address: string;
  readonly port: number;
  /** Requests so far. */
  readonly counts: Readonly<Counts>;
  close(): Promise<void>;
}

interface Counts {
  create: number;
  retrieve: number;
  update: number;
  delete: number;
  notify: number;
  discovery: number;
  refused: number;
}

interface Answer {
  readonly status: number;
  readonly rsc: string;
  readonly body: string;
}

const MAX_BODY = 1024 * 1024;
const DAY = 86_400_000;
const EMPTY = '{}';
/** Result Content: nothing. */
const UNANSWERED = /[?&]rcn=0(?:&|$)/;
const RESOURCE_TYPE = /;\s*ty\s*=\s*(\d{1,5})/i;

const CSE_ID = 'null-cse';

const YES = {
  notFound: { status: 404, rsc: '4004', body: '{"m2m:dbg":"this CSE stores nothing"}' },
  discovered: { status: 200, rsc: '2000', body: '{"m2m:uril":[]}' },
  created: { status: 201, rsc: '2001', body: '' },
  updated: { status: 200, rsc: '2004', body: EMPTY },
  deleted: { status: 200, rsc: '2002', body: '' },
  notified: { status: 200, rsc: '2000', body: '' },
  refused: { status: 400, rsc: '4000', body: '{"m2m:dbg":"not understood"}' },
} as const satisfies Readonly<Record<string, Answer>>;

/** Starts one; resolves when it listens, rejects when it cannot. */
export async function startNullCse(options: NullCseOptions): Promise<NullCse> {
  const counts: Counts = { create: 0, retrieve: 0, update: 0, delete: 0, notify: 0, discovery: 0, refused: 0 };
  const answering = new Answering(counts, options);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    response.sendDate = false;
    const reply = (answer: Answer) => {
      if (options.delay > 0) setTimeout(send, options.delay, request, response, answer);
      else send(request, response, answer);
    };
    if (request.method === 'GET' || request.method === 'DELETE') reply(answering.withoutBody(request));
    else readBody(request, (body) => reply(answering.withBody(request, body)));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port, options.host, 4096, resolve);
  });
  const { address, port } = server.address() as AddressInfo;
  return { address, port, counts, close: () => stop(server) };
}

/** Decides; makes its times and identifiers once in a while, not for each answer. */
class Answering {
  readonly #counts: Counts;
  readonly #base: Answer;
  readonly #basePaths: ReadonlySet<string>;
  readonly #tell: NullCseOptions['created'];
  #next = 0;
  #tail = '';
  #tailUntil = 0;

  constructor(counts: Counts, { base, created }: NullCseOptions) {
    this.#counts = counts;
    this.#tell = created;
    this.#base = { status: 200, rsc: '2000', body: cseBase(base) };
    const forms = ['', `/~/${CSE_ID}`, `/_/null-sp/${CSE_ID}`];
    this.#basePaths = new Set(forms.flatMap((form) => [form, `${form}/-`, `${form}/${base}`, `${form}/${CSE_ID}`]));
  }

  withoutBody(request: IncomingMessage): Answer {
    if (request.method === 'DELETE') {
      this.#counts.delete += 1;
      return YES.deleted;
    }
    const url = request.url ?? '/';
    const query = url.indexOf('?');
    if (query !== -1 && /[?&]fu=1(?:&|$)/.test(url)) {
      this.#counts.discovery += 1;
      return YES.discovered;
    }
    this.#counts.retrieve += 1;
    const path = query === -1 ? url : url.slice(0, query);
    return this.#basePaths.has(path) ? this.#base : YES.notFound;
  }

  withBody(request: IncomingMessage, body: string): Answer {
    if (request.method === 'PUT') {
      this.#counts.update += 1;
      return YES.updated;
    }
    const ty = Number(RESOURCE_TYPE.exec(request.headers['content-type'] ?? '')?.[1]);
    if (request.method === 'POST' && Number.isNaN(ty)) {
      this.#counts.notify += 1;
      return YES.notified;
    }
    const answer = request.method === 'POST' ? this.#created(request, ty, body) : YES.refused;
    if (answer === YES.refused) this.#counts.refused += 1;
    else this.#counts.create += 1;
    return answer;
  }

  #created(request: IncomingMessage, ty: number, body: string): Answer {
    const name = RESOURCE_NAMES[ty] ?? 'm2m:res';
    const sent = firstMember(body);
    if (sent === undefined) return YES.refused;
    this.#tell?.(ty, sent);
    this.#next += 1;
    if (UNANSWERED.test(request.url ?? '')) return YES.created;
    const origin = request.headers['x-m2m-origin'];
    const aei = ty === 2 ? (typeof origin === 'string' && origin.length > 1 ? origin : `C${this.#next}`) : undefined;
    const ri = aei ?? `r${this.#next}`;
    const rn = typeof sent.rn === 'string' ? sent.rn : ri;
    const made = `"ri":${JSON.stringify(ri)},"rn":${JSON.stringify(rn)},"ty":${ty},"pi":"null-cse"`;
    const et = typeof sent.et === 'string' ? `,"et":${JSON.stringify(sent.et)}` : '';
    const id = aei === undefined ? '' : `,"aei":${JSON.stringify(aei)}`;
    return { status: 201, rsc: '2001', body: `{"${name}":{${made}${id}${et}${this.#times(et === '')}}}` };
  }

  #times(withExpiry: boolean): string {
    const now = Date.now();
    if (now >= this.#tailUntil) {
      this.#tail = `,"ct":"${formatTimestamp(now)}","lt":"${formatTimestamp(now)}"`;
      this.#tailUntil = now + 1000;
    }
    return withExpiry ? `${this.#tail},"et":"${formatTimestamp(now + 365 * DAY)}"` : this.#tail;
  }
}

function cseBase(rn: string): string {
  const times = { ct: '20260101T000000', lt: '20260101T000000' };
  const can = { srt: [1, 2, 3, 4, 5, 9, 14, 15, 23], srv: ['2a', '3', '4', '5'], csz: ['application/json'] };
  return JSON.stringify({ 'm2m:cb': { ri: CSE_ID, rn, pi: '', ty: 5, csi: `/${CSE_ID}`, cst: 1, ...can, ...times } });
}

function firstMember(body: string): Record<string, unknown> | undefined {
  try {
    const content: unknown = JSON.parse(body);
    const member: unknown = Object.values(content ?? {})[0];
    return typeof member === 'object' && member !== null ? (member as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function readBody(request: IncomingMessage, done: (body: string) => void): void {
  let body = '';
  request.setEncoding('utf8');
  request.on('data', (chunk: string) => {
    if (body.length + chunk.length > MAX_BODY) request.destroy();
    else body += chunk;
  });
  request.on('end', () => done(body));
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const headers = [
    'Content-Type',
    'application/json',
    'Content-Length',
    String(Buffer.byteLength(answer.body)),
    'X-M2M-RSC',
    answer.rsc,
    'X-M2M-RI',
    header(request, 'x-m2m-ri'),
    'X-M2M-RVI',
    header(request, 'x-m2m-rvi'),
  ];
  response.writeHead(answer.status, headers);
  response.end(answer.body);
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return typeof value === 'string' ? value : '';
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function readOptions(): Omit<NullCseOptions, 'created'> {
  const { values } = parseArgs({
    options: {
      port: { type: 'string', default: '0' },
      host: { type: 'string', default: '127.0.0.1' },
      delay: { type: 'string', default: '0' },
      base: { type: 'string', default: 'cse-in' },
    },
  });
  return { port: Number(values.port), host: values.host, delay: Number(values.delay), base: values.base };
}

async function main(): Promise<void> {
  const cse = await startNullCse(readOptions());
  const say = (fields: object) => process.stdout.write(`${JSON.stringify(fields)}\n`);
  say({ ready: true, address: cse.address, port: cse.port, pid: process.pid });
  const end = async () => {
    await cse.close();
    const requests = Object.values(cse.counts).reduce((sum, count) => sum + count, 0);
    say({ ended: true, requests, ...cse.counts });
  };
  process.once('SIGINT', end);
  process.once('SIGTERM', end);
}

if (process.argv[1] !== undefined && import.meta.filename === realpathSync(process.argv[1])) {
  main().catch((error: unknown) => {
    process.stderr.write(`null-cse: ${errorMessage(error)}\n`);
    process.exitCode = 1;
  });
}
