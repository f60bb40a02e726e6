import { ResourceType } from '../cse-client/index.ts';
import type { Resource } from './resource.ts';

/** The tree as lines that an application developer can read: name, type, what it is known by, labels, value. */
export function dumpTree(root: Resource): string[] {
  const lines: string[] = [];
  write(root, '', '', lines);
  return lines;
}

function write(resource: Resource, lead: string, below: string, lines: string[]): void {
  const facts = describe(resource).filter((fact) => fact !== '');
  lines.push(
    `${lead}${resource.rn} <${resource.type.name.slice('m2m:'.length)}>${facts.map((fact) => ` ${fact}`).join('')}`,
  );
  const children = [...(resource.children?.values() ?? [])];
  // The instances of a container are told by its last value.
  const shown = children.filter((child) => child.ty !== ResourceType.contentInstance);
  shown.forEach((child, index) => {
    const last = index === shown.length - 1;
    write(child, `${below}${last ? '└─ ' : '├─ '}`, `${below}${last ? '   ' : '│  '}`, lines);
  });
}

function describe(resource: Resource): string[] {
  const { attributes } = resource;
  const labels = Array.isArray(attributes.lbl) ? `[${attributes.lbl.join(', ')}]` : '';
  switch (resource.ty) {
    case ResourceType.cseBase:
      return [`csi=${String(attributes.csi)}`];
    case ResourceType.ae:
      return [`aei=${String(attributes.aei)}`, named('apn', attributes.apn), named('nl', attributes.nl), labels];
    case ResourceType.node:
      return [named('ni', attributes.ni), named('hael', attributes.hael), labels];
    case ResourceType.container: {
      const last = resource.instances?.at(-1)?.attributes.con;
      return [labels, last === undefined ? '' : `= ${text(last)} (${String(attributes.cni)})`];
    }
    case ResourceType.subscription:
      return [named('net', (attributes.enc as { net?: unknown }).net), named('nu', attributes.nu)];
    case ResourceType.group:
      return [named('cnm', attributes.cnm), labels];
    default:
      return [labels];
  }
}

function named(name: string, value: unknown): string {
  return value === undefined ? '' : `${name}=${Array.isArray(value) ? value.join(',') : String(value)}`;
}

function text(value: unknown): string {
  const line = typeof value === 'string' ? value : JSON.stringify(value);
  return line.length > 60 ? `${line.slice(0, 57)}…` : line;
}
