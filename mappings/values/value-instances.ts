import type { CreateAttributes } from '../../cse-client/index.ts';
import type { DataType, Node } from '../../lwm2m/index.ts';
import { contentInformation } from './content-information.ts';
import { type ContentForm, valueContent } from './value-content.ts';

/** Label of a contentInstance that holds an encoded Object Instance (TS-0014 table 7.2-1). */
export const ENCAPSULATION_LABEL = 'LWM2M-Object-Encapsulation';

/** A payload as the device sent it. */
export interface EncodedContent {
  /** CoAP Content-Format number. */
  readonly format: number;
  readonly payload: Buffer;
}

/** Everything beside the value that a contentInstance is made from. */
export interface ValueInstanceContext {
  readonly form: ContentForm;
  /** Address of the endpoint's AE, for links between objects. */
  readonly aeAddress: string;
  /** Type by the object model; undefined: unknown. */
  readonly type: DataType | undefined;
  /** Writes a time as the CSE takes it (TS-0004 6.3.3). */
  readonly timestamp: (milliseconds: number) => string;
}

const NAME = /^v([0-9a-z]{1,12})-([0-9a-z]{1,11})$/;

/**
 * resourceName of the contentInstance number `sequence` of one run of the IPE. Sessions of later runs are later in order of
 * length and text, so that names tell which is newer.
 */
export function valueInstanceName(session: string, sequence: number): string {
  return `v${session}-${sequence.toString(36)}`;
}

/** True for a resourceName that `valueInstanceName` gives: the contentInstance is the IPE's, of this run or an earlier one. */
export function isValueInstanceName(name: string): boolean {
  return NAME.test(name);
}

/** The newest of names that `valueInstanceName` gave. */
export function latestName(names: readonly string[]): string | undefined {
  return names.reduce<string | undefined>(
    (latest, name) => (latest === undefined || isLater(name, latest) ? name : latest),
    undefined,
  );
}

function isLater(name: string, other: string): boolean {
  const [, session = '', sequence = ''] = NAME.exec(name) ?? [];
  const [, otherSession = '', otherSequence = ''] = NAME.exec(other) ?? [];
  return session === otherSession ? isGreater(sequence, otherSequence) : isGreater(session, otherSession);
}

/** Numbers in base 36 without zeros in front. */
function isGreater(number: string, other: string): boolean {
  return number.length === other.length ? number > other : number.length > other.length;
}

/** The furthest that a Date reaches, milliseconds. */
const LAST_TIME = 8_640_000_000_000_000;

/** Attributes of the contentInstance of a value (TS-0014 8.2.1); the device's own time is a label, and `dgt` where known. */
export function valueInstance(node: Node, context: ValueInstanceContext): CreateAttributes<4> {
  const { form, aeAddress, type, timestamp } = context;
  const { con, ...content } = valueContent(node.value, type, form, aeAddress);
  if (node.time === undefined || !(Math.abs(node.time) <= LAST_TIME)) return { con, ...content };
  const generated = form.dataGenerationTime ? { dgt: timestamp(node.time) } : {};
  return { con, ...content, ...generated, lbl: [`LWM2MTIME:${new Date(node.time).toISOString()}`] };
}

/** Attributes of the contentInstance that holds an encoded Object Instance (TS-0014 7.2). */
export function encapsulatedInstance({ format, payload }: EncodedContent): CreateAttributes<4> {
  const { contentInfo, text } = contentInformation(format);
  return { con: payload.toString(text ? 'utf8' : 'base64'), cnf: contentInfo, lbl: [ENCAPSULATION_LABEL] };
}
