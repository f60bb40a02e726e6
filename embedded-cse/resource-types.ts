import { ResourceType } from '../cse-client/index.ts';
import type { ValueType } from './attribute-values.ts';

/** Whether a request must, may or may not carry an attribute (columns of the tables in TS-0004 7.4). */
export type Presence = 'M' | 'O' | 'NP';

/** One attribute of a resource type: its value, its presence in CREATE and UPDATE, and whether null may remove it. */
export interface AttributeRow {
  readonly value: ValueType;
  readonly create: Presence;
  readonly update: Presence;
  readonly removable: boolean;
}

/** One resource type: its table (`clause`), what may lie below it, and where its access rights come from. */
export interface TypeRow {
  readonly name: string;
  readonly clause: string;
  readonly children: readonly number[];
  readonly attributes: Readonly<Record<string, AttributeRow>>;
  /** Own policies (`acpi`), the parent's rights (contentInstance), or its own self-privileges (accessControlPolicy). */
  readonly rights: 'acpi' | 'parent' | 'self';
  readonly updatable: boolean;
}

const { acp, ae, container, contentInstance, cseBase, group, node, subscription } = ResourceType;

/** `name value create/update`, `!` behind it where null cannot remove it. */
function rows(...lines: readonly string[]): Record<string, AttributeRow> {
  const table: Record<string, AttributeRow> = {};
  for (const line of lines) {
    const [names = '', value = '', presence = '', keep] = line.split(' ');
    const [create, update] = presence.split('/');
    for (const name of names.split(',')) {
      table[name] = {
        value: value as ValueType,
        create: create as Presence,
        update: update as Presence,
        removable: keep !== '!',
      };
    }
  }
  return table;
}

/** TS-0004 7.4.1.1, table 7.4.1.1-1: what every resource has. */
const UNIVERSAL = rows(
  'ty nonNegative NP/NP !',
  'ri,pi,ct,lt string NP/NP !',
  'rn string O/NP !',
  'et timestamp O/O',
  'lbl tokens+ O/O',
);
/** TS-0004 7.4.1.1, table 7.4.1.1-2: what several resource types have. */
const ACPI = rows('acpi,daci strings+ O/O', 'cstn string O/O');
const ANNOUNCEABLE = rows('at,aa strings+ O/O', 'ast nonNegative O/O');
const CREATOR = rows('cr string O/NP');
const STATE = rows('st nonNegative NP/NP !');

/** The resource types of the embedded CSE, each with its table of TS-0004 7.4. */
export const RESOURCE_TYPES: Readonly<Record<number, TypeRow>> = {
  [acp]: {
    name: 'm2m:acp',
    clause: 'TS-0004 7.4.2',
    children: [subscription],
    rights: 'self',
    updatable: true,
    attributes: {
      ...UNIVERSAL,
      ...ANNOUNCEABLE,
      ...rows('pv privileges M/O !', 'pvs selfPrivileges M/O !', 'adri,apri,airi strings O/O'),
    },
  },
  [ae]: {
    name: 'm2m:ae',
    clause: 'TS-0004 7.4.5',
    children: [acp, container, group, subscription],
    rights: 'acpi',
    updatable: true,
    attributes: {
      ...UNIVERSAL,
      ...ACPI,
      ...ANNOUNCEABLE,
      ...rows(
        'api string M/NP !',
        'aei string NP/NP !',
        'rr boolean M/O !',
        'srv strings M/O',
        'apn,nl,or,regs,mei,esi string O/O',
        'poa,scp strings+ O/O',
        'csz strings O/O',
        'tren,trps boolean O/O',
        'loc object O/O',
      ),
    },
  },
  [container]: {
    name: 'm2m:cnt',
    clause: 'TS-0004 7.4.6',
    children: [contentInstance, container, subscription],
    rights: 'acpi',
    updatable: true,
    attributes: {
      ...UNIVERSAL,
      ...ACPI,
      ...ANNOUNCEABLE,
      ...CREATOR,
      ...STATE,
      ...rows(
        'mni,mbs,mia nonNegative O/O',
        'cni,cbs nonNegative NP/NP !',
        'li string NP/NP',
        'or string O/O',
        'disr boolean O/O',
        'loc object O/O',
      ),
    },
  },
  [contentInstance]: {
    name: 'm2m:cin',
    clause: 'TS-0004 7.4.7',
    children: [],
    rights: 'parent',
    updatable: false,
    attributes: {
      ...UNIVERSAL,
      ...ANNOUNCEABLE,
      ...CREATOR,
      ...STATE,
      ...rows(
        'cnf string O/NP',
        'con json O/NP',
        'cs nonNegative NP/NP',
        'conr objects O/NP',
        'or string O/O',
        'dcnt positive O/NP',
        'dgt timestamp O/O',
        'loc object O/O',
      ),
    },
  },
  [cseBase]: {
    name: 'm2m:cb',
    clause: 'TS-0004 7.4.3',
    children: [acp, ae, container, group, node, subscription],
    rights: 'acpi',
    updatable: false,
    attributes: {
      ...UNIVERSAL,
      ...ACPI,
      ...rows(
        'csi,spi string M/NP !',
        'ici,nl string NP/NP',
        'cst nonNegative O/NP',
        'srt,srv,csz strings O/NP',
        'ctm timestamp NP/NP',
        'poa strings O/O !',
      ),
    },
  },
  [group]: {
    name: 'm2m:grp',
    clause: 'TS-0004 7.4.13',
    children: [subscription],
    rights: 'acpi',
    updatable: true,
    attributes: {
      ...UNIVERSAL,
      ...ACPI,
      ...ANNOUNCEABLE,
      ...CREATOR,
      ...rows(
        'mt nonNegative O/NP !',
        'cnm nonNegative NP/NP !',
        'mnm positive M/O !',
        'mid strings M/O !',
        'macp strings O/O',
        'mtv,ssi boolean NP/NP',
        'csy nonNegative O/NP',
        'gn string O/O',
        'spty nonNegative O/NP',
      ),
    },
  },
  [node]: {
    name: 'm2m:nod',
    clause: 'TS-0004 7.4.18',
    children: [subscription],
    rights: 'acpi',
    updatable: true,
    attributes: {
      ...UNIVERSAL,
      ...ACPI,
      ...ANNOUNCEABLE,
      ...rows(
        'ni string M/O !',
        'hcl string O/O',
        'hael strings+ O/O',
        'hsl,mgca strings O/O',
        'nid string NP/NP',
        'rms boolean NP/NP',
        'nty nonNegative O/O',
      ),
    },
  },
  [subscription]: {
    name: 'm2m:sub',
    clause: 'TS-0004 7.4.8',
    children: [],
    rights: 'acpi',
    updatable: true,
    attributes: {
      ...UNIVERSAL,
      ...ACPI,
      ...CREATOR,
      ...rows(
        'nu strings+ M/O !',
        'enc eventCriteria O/O',
        'nct contentType O/O !',
        'su string O/NP',
        'exc positive O/O',
        'gpi,nfu string O/O',
        'pn,nec nonNegative O/O',
        'psn positive O/NP',
        'nsp positive O/O',
        'ln,nse,eeno boolean O/O',
        'rl object O/O',
        'acrs strings O/O',
        'ma duration O/O',
      ),
    },
  },
};

/** The row of a type that the embedded CSE has, or undefined. */
export function resourceType(ty: number): TypeRow | undefined {
  return Object.hasOwn(RESOURCE_TYPES, ty) ? RESOURCE_TYPES[ty] : undefined;
}
