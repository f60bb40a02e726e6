/** JSON text, with every number as `2.0` where the CSE that is played writes them so. */
export function toJson(value: unknown, decimalNumbers: boolean): string {
  return decimalNumbers ? decimal(value) : JSON.stringify(value);
}

function decimal(value: unknown): string {
  if (typeof value === 'number') return Number.isInteger(value) ? `${value}.0` : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(decimal).join(',')}]`;
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).filter(([, member]) => member !== undefined);
    return `{${members.map(([name, member]) => `${JSON.stringify(name)}:${decimal(member)}`).join(',')}}`;
  }
  return JSON.stringify(value ?? null);
}
