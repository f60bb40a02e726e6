import { Agent, request } from 'undici';

/** A CSE that the contract is held against. */
export interface Subject {
  readonly name: string;
  readonly url: string;
  /** resourceName of the CSEBase. */
  readonly base: string;
  /** CSE-ID with its slash. */
  readonly cseId: string;
  readonly admin: string;
  stop(): Promise<void>;
}

/** An answer as it came over HTTP. */
export interface Answer {
  readonly status: number;
  readonly rsc: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** The content, or undefined where there is none. */
  // biome-ignore lint/suspicious/noExplicitAny: representations are looked into member by member
  readonly body: any;
}

export type Attributes = Readonly<Record<string, unknown>>;

const NAMES: Readonly<Record<number, string>> = {
  1: 'm2m:acp',
  2: 'm2m:ae',
  3: 'm2m:cnt',
  4: 'm2m:cin',
  5: 'm2m:cb',
  9: 'm2m:grp',
  14: 'm2m:nod',
  23: 'm2m:sub',
};

let count = 0;
const agent = new Agent({ connections: 8, pipelining: 1 });

/** A name that no other case has. */
export function unique(prefix = 'x'): string {
  return `${prefix}-${process.pid}-${++count}`;
}

/** Milliseconds from now as a timestamp in the basic format. */
export function fromNow(milliseconds: number): string {
  return new Date(Date.now() + milliseconds).toISOString().replace(/[-:]/g, '').slice(0, 15);
}

/** One originator's plain HTTP requests to one CSE; headers are set here and nowhere else. */
export class Caller {
  readonly subject: Subject;
  readonly originator: string | undefined;

  constructor(subject: Subject, originator: string | undefined) {
    this.subject = subject;
    this.originator = originator;
  }

  /** The same CSE for another originator. */
  as(originator: string | undefined): Caller {
    return new Caller(this.subject, originator);
  }

  async send(
    method: string,
    path: string,
    options: { body?: unknown; headers?: Record<string, string | undefined>; text?: string } = {},
  ): Promise<Answer> {
    const headers: Record<string, string> = {};
    const wanted: Record<string, string | undefined> = {
      'X-M2M-Origin': this.originator,
      'X-M2M-RI': `r${++count}`,
      'X-M2M-RVI': '3',
      Accept: 'application/json',
      ...options.headers,
    };
    for (const [name, value] of Object.entries(wanted)) if (value !== undefined) headers[name] = value;
    const text = options.text ?? (options.body === undefined ? undefined : JSON.stringify(options.body));
    if (text !== undefined) headers['Content-Type'] ??= 'application/json';
    const url = `${this.subject.url}${path.startsWith('/') ? path : `/${path}`}`;
    const response = await request(url, {
      method: method as 'GET',
      headers,
      dispatcher: agent,
      headersTimeout: 15_000,
      ...(text === undefined ? {} : { body: text }),
    });
    const content = await response.body.text();
    return {
      status: response.statusCode,
      rsc: Number(response.headers['x-m2m-rsc']),
      headers: response.headers,
      body: content === '' ? undefined : parse(content),
    };
  }

  create(parent: string, ty: number, attributes: Attributes, query = ''): Promise<Answer> {
    return this.send('POST', parent + query, {
      body: { [NAMES[ty] ?? `m2m:${ty}`]: attributes },
      headers: { 'Content-Type': `application/json;ty=${ty}` },
    });
  }

  retrieve(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  update(path: string, ty: number, attributes: Attributes, query = ''): Promise<Answer> {
    return this.send('PUT', path + query, { body: { [NAMES[ty] ?? `m2m:${ty}`]: attributes } });
  }

  delete(path: string): Promise<Answer> {
    return this.send('DELETE', path);
  }

  /** Structured addresses that a discovery gives. */
  async discover(path: string, query: string): Promise<string[]> {
    const answer = await this.send('GET', `${path}?fu=1&${query}`);
    return (answer.body?.['m2m:uril'] ?? [`rsc ${answer.rsc}`]) as string[];
  }

  /** Registers an AE of a fresh name and gives its caller and its address. */
  async application(attributes: Attributes = {}): Promise<{ caller: Caller; path: string; aei: string }> {
    const rn = unique('app');
    const caller = this.as(`C${rn}`);
    const answer = await caller.create(this.subject.base, 2, { ...ae(rn), ...attributes });
    if (answer.rsc !== 2001) throw new Error(`no AE: ${JSON.stringify(answer.body)}`);
    return { caller, path: `${this.subject.base}/${rn}`, aei: `C${rn}` };
  }
}

/** The attributes that every AE needs. */
export function ae(rn?: string): Attributes {
  return { ...(rn === undefined ? {} : { rn }), api: 'Ncontract', rr: false, srv: ['2a', '3'] };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
