import type { RequestPrimitive, ResponsePrimitive } from '../../cse-client/index.ts';
import { EmbeddedCse, type EmbeddedCseOptions } from '../../embedded-cse/index.ts';

/** A request without what every request has. */
export type Ask = Partial<Omit<RequestPrimitive, 'op' | 'to'>>;

export const [CREATE, RETRIEVE, UPDATE, DELETE] = [1, 2, 3, 4] as const;

/** Requests to an embedded CSE without HTTP. */
export class InProcess {
  readonly cse: EmbeddedCse;

  constructor(options: EmbeddedCseOptions = {}) {
    this.cse = new EmbeddedCse(options);
  }

  async ask(op: RequestPrimitive['op'], to: string, fr: string, more: Ask = {}): Promise<ResponsePrimitive> {
    return await this.cse.handle({ op, to, fr, rqi: 'r', rvi: '3', ...more });
  }

  create(to: string, fr: string, ty: number, pc: unknown): Promise<ResponsePrimitive> {
    return this.ask(CREATE, to, fr, { ty, pc });
  }

  /** Registers `C<name>` under `<name>`. */
  async register(name: string, attributes: object = {}): Promise<string> {
    const pc = { 'm2m:ae': { rn: name, api: 'Ntest', rr: false, srv: ['3'], ...attributes } };
    const { rsc, pc: said } = await this.create(this.cse.cseBase, `C${name}`, 2, pc);
    if (rsc !== 2001) throw new Error(`no AE: ${rsc} ${JSON.stringify(said)}`);
    return `${this.cse.cseBase}/${name}`;
  }

  /** The representation of a successful answer. */
  async retrieve(to: string, fr: string): Promise<Record<string, unknown>> {
    const { rsc, pc } = await this.ask(RETRIEVE, to, fr);
    if (rsc !== 2000) throw new Error(`no resource: ${rsc}`);
    return Object.values(pc as object)[0] as Record<string, unknown>;
  }
}
