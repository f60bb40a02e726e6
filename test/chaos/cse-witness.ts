import type { StateWritten, Stored } from './evidence.ts';
import type { Exchange } from './http-relay.ts';
import type { Moments } from './moments.ts';

const CONTENT_INSTANCE = 4;
const CREATED = 2001;

/** Learns from the answers of the CSE what the bridge has made there. */
export class CseWitness {
  readonly stored: Stored[] = [];
  readonly states: StateWritten[] = [];
  /** How often the CSE has lost everything. */
  generation = 0;
  requests = 0;
  /** Resources that the bridge has made. */
  created = 0;
  readonly #base: string;
  readonly #counted: ReadonlySet<string>;
  readonly #moments: Moments;

  /** Only the resources at these paths count, e.g. `/3303/0/5700`. */
  constructor(base: string, paths: readonly string[], moments: Moments) {
    this.#base = base;
    this.#counted = new Set(paths);
    this.#moments = moments;
  }

  answered({ method, path, type, body, rsc, answer }: Exchange): void {
    this.requests += 1;
    const [base, endpoint, ...below] = path.split('/');
    if (method === 'POST' && rsc === CREATED) this.created += 1;
    if (base !== this.#base || endpoint === undefined) return;
    if (method !== 'POST' || rsc !== CREATED || type !== CONTENT_INSTANCE) return;
    const [container = '', resource = ''] = below;
    if (container === 'responses') this.#state(contentOf(body), parentOf(answer));
    else this.#value(endpoint, `/${container.replace('_', '/')}/${resource}`, contentOf(body));
  }

  #state(content: unknown, container: string): void {
    const { id, state } = (content ?? {}) as { readonly id?: unknown; readonly state?: unknown };
    if (typeof id !== 'string' || typeof state !== 'string') return;
    this.states.push({ id, state, container, at: this.#moments.next() });
  }

  #value(endpoint: string, path: string, content: unknown): void {
    if (!this.#counted.has(path) || typeof content !== 'number') return;
    this.stored.push({ endpoint, path, value: content, at: this.#moments.next(), generation: this.generation });
  }
}

function contentOf(body: string): unknown {
  const content = instanceOf(body)?.con;
  try {
    return typeof content === 'string' && content.startsWith('{') ? JSON.parse(content) : content;
  } catch {
    return undefined;
  }
}

/** Resource ID of the container in which the contentInstance was made: another one after the container was made anew. */
function parentOf(answer: string): string {
  return String(instanceOf(answer)?.pi ?? '');
}

function instanceOf(body: string): { readonly con?: unknown; readonly pi?: unknown } | undefined {
  try {
    const { 'm2m:cin': instance } = JSON.parse(body) as { readonly 'm2m:cin'?: { readonly [name: string]: unknown } };
    return instance;
  } catch {
    return undefined;
  }
}
