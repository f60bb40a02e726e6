/** What one scrape said: the type of each family by name, and the value of each series by its name and labels. */
export interface Scrape {
  readonly types: ReadonlyMap<string, string>;
  readonly help: ReadonlyMap<string, string>;
  readonly values: ReadonlyMap<string, number>;
}

const SERIES = /^([a-zA-Z_:][a-zA-Z0-9_:]*(?:\{[^}]*\})?) (\S+)$/;

/** Reads the text exposition format of Prometheus, 0.0.4; throws for a line that is none of it. */
export function readScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const help = new Map<string, string>();
  const values = new Map<string, number>();
  for (const line of text.split('\n')) {
    const [, keyword, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (keyword === 'TYPE') types.set(name, rest);
    else if (keyword === 'HELP') help.set(name, rest);
    else if (line !== '') {
      const [, series = '', value = ''] = SERIES.exec(line) ?? [];
      if (series === '' || (Number.isNaN(Number(value)) && value !== '+Inf') || values.has(series)) {
        throw new SyntaxError(`no line of the exposition format: ${line}`);
      }
      values.set(series, Number(value));
    }
  }
  return { types, help, values };
}

/** Scrapes the HTTP port of an IPE. */
export async function scrape(port: number): Promise<Scrape> {
  const response = await fetch(`http://127.0.0.1:${port}/metrics`);
  if (response.status !== 200) throw new RangeError(`/metrics answers ${response.status}`);
  return readScrape(await response.text());
}
