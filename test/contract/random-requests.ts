import type { Answer, Attributes, Caller } from './caller.ts';

/** A request of a random walk, the same for every CSE. */
export interface Step {
  readonly originator: string;
  readonly method: 'POST' | 'GET' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly ty?: number;
  readonly body?: unknown;
}

/** A small generator whose run a seed fixes (mulberry32). */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let t = this.#state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }

  some<T>(items: readonly T[], share: number): T[] {
    return items.filter(() => this.next() < share);
  }
}

const ORIGINATORS = ['CwalkA', 'CwalkB', 'CwalkC', 'CAdmin'];
const AES = ['walkA', 'walkB', 'walkC'];
const NAMES = ['a', 'b', 'c', 'd'];
const TYPES: readonly [number, string][] = [
  [1, 'm2m:acp'],
  [2, 'm2m:ae'],
  [3, 'm2m:cnt'],
  [3, 'm2m:cnt'],
  [3, 'm2m:cnt'],
  [4, 'm2m:cin'],
  [4, 'm2m:cin'],
  [9, 'm2m:grp'],
  [14, 'm2m:nod'],
  [23, 'm2m:sub'],
];
const FAR = '20991231T000000';

/** Attributes of a CREATE or UPDATE, mostly right, sometimes not. */
function attributes(random: Random, ty: number, base: string, update: boolean): Attributes {
  const anything: [string, unknown][] = [
    ['lbl', random.pick([['x'], ['x', 'y z'], ['LWM2MURI:/3/0'], [], null])],
    ['et', random.pick([FAR, '20400101T000000', '20200101T000000', null, 'soon'])],
    ['acpi', random.pick([[`${base}/acp1`], [`${base}/acp2`], ['nothing'], null])],
    ['cstn', random.pick(['CwalkA', 'CwalkB', null])],
    ['foo', 1],
    ['cr', random.pick([null, 'Cx'])],
  ];
  const chosen = random.some(anything, update ? 0.25 : 0.12);
  const own: Record<number, () => Attributes> = {
    1: () => ({
      pv: {
        acr: [{ acor: [random.pick(['all', 'CwalkA', 'Cwalk*', 'CwalkB'])], acop: random.pick([1, 2, 34, 63, 15]) }],
      },
      pvs: { acr: [{ acor: random.pick([ORIGINATORS, ['CwalkA']]), acop: 63 }] },
    }),
    2: () => ({ api: random.pick(['Nx', 'Nx', 'x']), rr: random.pick([false, true]), srv: ['3'] }),
    3: () =>
      Object.fromEntries(
        random.some(
          [
            ['mni', 2],
            ['mbs', 6],
            ['or', 'urn:x'],
            ['disr', false],
          ],
          0.3,
        ),
      ),
    4: () => ({
      con: random.pick(['a', 'bcd', 'abcdefgh', 7, { a: 1 }]),
      ...(random.next() < 0.2 ? { cnf: 'text/plain:0' } : {}),
    }),
    9: () => ({
      mnm: random.pick([1, 9]),
      mid: random.some([`${base}/walkA`, `${base}/walkA/a`, `${base}/walkB/a`, 'CwalkB'], 0.5),
    }),
    14: () => ({ ni: 'x' }),
    23: () => ({
      nu: [random.pick(ORIGINATORS)],
      ...(random.next() < 0.5 ? { enc: { net: [random.pick([1, 3, 4])] } } : {}),
    }),
  };
  const mandatory = update ? random.some(Object.entries(own[ty]?.() ?? {}), 0.5) : Object.entries(own[ty]?.() ?? {});
  return Object.fromEntries([...mandatory, ...chosen]);
}

/** The steps of a walk. */
export function walk(seed: number, length: number, base: string): Step[] {
  const random = new Random(seed);
  const somewhere = () => {
    const path = [base, random.pick([...AES, ...AES, 'acp1', 'acp2', 'node1', 'nothing'])];
    while (random.next() < 0.45 && path.length < 5) path.push(random.pick([...NAMES, 'la', 'ol', 'fopt']));
    return random.next() < 0.15 ? base : path.join('/');
  };
  const create = (): Step => {
    const [ty, name] = random.pick(TYPES);
    const originator = random.pick(ORIGINATORS);
    const atBase = ty === 2 || ty === 14 || (ty === 1 && random.next() < 0.7);
    const rn =
      ty === 2
        ? originator.slice(1)
        : ty === 1 && atBase
          ? random.pick(['acp1', 'acp2'])
          : ty === 14
            ? 'node1'
            : ty === 9
              ? 'g'
              : random.pick(NAMES);
    const path = atBase && random.next() < 0.9 ? base : somewhere();
    const query = random.pick(['', '', '', '?rcn=0', '?rcn=2', '?rcn=3']);
    return {
      originator,
      method: 'POST',
      path: path + query,
      ty,
      body: { [name]: { rn, ...attributes(random, ty, base, false) } },
    };
  };
  const retrieve = (): Step => {
    const criteria = [
      'lbl=x',
      'lbl=nothing',
      'ty=3',
      'ty=4',
      'rn=a',
      'rn=*',
      'lvl=1',
      'lvl=2',
      'lim=2',
      'ofst=2',
      'fo=2',
      'drt=2',
      'cni=1',
    ];
    const query = random.pick(['', '?rcn=4', '?rcn=5', '?rcn=6', '?rcn=8&ty=3', '?fu=1', '?fu=1&rcn=6']);
    const target = somewhere();
    const chosen = new Map(random.some(criteria, 0.12).map((one) => one.split('=') as [string, string]));
    // What lies below the CSEBase from the start differs, so that cutting its children would too.
    if (query === '' || target === base)
      for (const name of query === '' ? [...chosen.keys()] : ['lim', 'ofst']) chosen.delete(name);
    const filter = [...chosen].map(([name, value]) => `&${name}=${value}`).join('');
    return { originator: random.pick(ORIGINATORS), method: 'GET', path: target + query + filter };
  };
  const update = (): Step => {
    const [ty, name] = random.pick(TYPES);
    const body = { [name]: attributes(random, ty, base, true) };
    return {
      originator: random.pick(ORIGINATORS),
      method: 'PUT',
      path: somewhere() + random.pick(['', '', '?rcn=0', '?rcn=9']),
      body,
    };
  };
  const remove = (): Step => ({
    originator: random.pick(ORIGINATORS),
    method: 'DELETE',
    path: somewhere() + random.pick(['', '?rcn=1']),
  });
  return Array.from({ length }, () =>
    random.pick([create, create, create, create, retrieve, retrieve, retrieve, update, update, update, remove])(),
  );
}

export function take(caller: Caller, step: Step): Promise<Answer> {
  const headers = step.ty === undefined ? {} : { 'Content-Type': `application/json;ty=${step.ty}` };
  return caller.as(step.originator).send(step.method, step.path, { body: step.body, headers });
}

const GENERATED = /\b(cnt|cin|acp|grp|sub|nod)_?[A-Za-z0-9]{10}\b/g;
const TIME = /^\d{8}T\d{6}(,\d{6})?$/;

/** Types below ACME's CSEBase that the embedded CSE does not have. */
const OF_ACME_ALONE = [26, 43];
function isOfAcmeAlone(item: unknown): boolean {
  if (typeof item === 'string') return /\/(defaultNTP|AEContactList)$/.test(item);
  return OF_ACME_ALONE.includes((item as { typ?: number } | null)?.typ ?? 0);
}

/** Members that say which CSE it is. */
const PARTICULAR = ['m2m:ntp', 'm2m:alst', 'srt', 'csz', 'poa'];

/** Turns generated identifiers into numbers by their first appearance, and times into a word. */
export class Normaliser {
  readonly #known = new Map<string, string>();

  of(answer: Answer): unknown {
    // Of two things that are wrong with a request, either may be named.
    if (answer.status === 400) return { status: 400 };
    if (!(answer.rsc < 4000)) return { status: answer.status, rsc: answer.rsc };
    return { status: answer.status, rsc: answer.rsc, body: this.#value(answer.body) };
  }

  #value(value: unknown): unknown {
    if (typeof value === 'string') {
      if (TIME.test(value)) return value.startsWith('20991231') || value.startsWith('2040') ? value : 'time';
      return value.replace(GENERATED, (id) => {
        const known = this.#known.get(id) ?? `#${this.#known.size}`;
        this.#known.set(id, known);
        return known;
      });
    }
    if (Array.isArray(value)) {
      return value.filter((item) => !isOfAcmeAlone(item)).map((item) => this.#value(item));
    }
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value)
      .filter(([name]) => !PARTICULAR.includes(name))
      .sort(([a], [b]) => (a < b ? -1 : 1));
    return Object.fromEntries(entries.map(([name, member]) => [name, this.#value(member)]));
  }
}
