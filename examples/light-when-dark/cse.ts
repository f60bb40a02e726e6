/** What this application needs of a oneM2M CSE: the HTTP binding (TS-0009) with JSON, and nothing of LwM2M. */
export class Cse {
  readonly #url: string;
  readonly #originator: string;
  #requests = 0;

  constructor(url: string, originator: string) {
    this.#url = url.replace(/\/$/, '');
    this.#originator = originator;
  }

  /** Creates a resource of a type, such as `2, 'm2m:ae'`; its representation comes back. */
  create(parent: string, type: number, name: string, attributes: object): Promise<Record<string, unknown>> {
    return this.#send('POST', parent, { [name]: attributes }, type);
  }

  /** The resource at an address. */
  retrieve(address: string): Promise<Record<string, unknown>> {
    return this.#send('GET', address);
  }

  delete(address: string): Promise<Record<string, unknown>> {
    return this.#send('DELETE', address);
  }

  /** Addresses of the resources of a type that carry a label (TS-0001 10.2.6). */
  async discover(base: string, type: number, label: string): Promise<string[]> {
    const query = new URLSearchParams({ fu: '1', ty: String(type), lbl: label });
    const answer = await this.#send('GET', `${base}?${query}`);
    const list = answer['m2m:uril'];
    return Array.isArray(list)
      ? list.map(String)
      : String(list ?? '')
          .split(' ')
          .filter(Boolean);
  }

  async #send(method: string, address: string, body?: object, type?: number): Promise<Record<string, unknown>> {
    this.#requests += 1;
    const content = type === undefined ? 'application/json' : `application/json;ty=${type}`;
    const response = await fetch(`${this.#url}/${address}`, {
      method,
      headers: {
        'X-M2M-Origin': this.#originator,
        'X-M2M-RI': String(this.#requests),
        'X-M2M-RVI': '3',
        Accept: 'application/json',
        ...(body === undefined ? {} : { 'Content-Type': content }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(10_000),
    });
    const text = await response.text();
    const rsc = Number(response.headers.get('X-M2M-RSC'));
    if (!response.ok) throw new Refusal(rsc, `${method} ${address}: ${rsc} ${text.slice(0, 200)}`);
    return text === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
  }
}

/** The CSE said no. */
export class Refusal extends Error {
  /** Response status code (TS-0004 6.6.3). */
  readonly rsc: number;

  constructor(rsc: number, message: string) {
    super(message);
    this.rsc = rsc;
  }
}
