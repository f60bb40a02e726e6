import { describe, expect, it } from 'vitest';
import type { Evidence, Told } from './evidence.ts';
import { breaches, INVARIANTS } from './invariants/index.ts';

const endpoint = 'chaos-01';
const path = '/3303/0/5700';

function told(value: number, at: number, acknowledgedAt?: number): Told {
  return { endpoint, path, value, at, ...(acknowledgedAt === undefined ? {} : { acknowledgedAt }) };
}

function stored(value: number, at: number, generation = 0) {
  return { endpoint, path, value, at, generation };
}

function command(id: string, containerKept = true) {
  return { id, text: `chaos-${id}.`, endpoint, containerKept };
}

/** Written into one `responses`, unless it is made anew. */
function state(id: string, state: string, at: number, container = 'cnt1') {
  return { id, state, at, container };
}

/** A registration as the log names it. */
function begun(registration: string, at: number) {
  return { endpoint, registration, at };
}

/** What the bridge says to have dropped; without a registration where it names none. */
function dropped(registration: string | undefined, at: number, values = 1) {
  return { endpoint, ...(registration && { registration }), values, at };
}

/** A history in which everything is as it should be. */
const SOUND: Evidence = {
  told: [told(1, 10, 11), told(2, 20, 21), told(3, 30)],
  stored: [stored(1, 12), stored(2, 22), stored(3, 32)],
  begun: [begun('r1', 5)],
  dropped: [],
  fresh: [{ endpoint, path, value: 3 }],
  uncommanded: [],
  issued: [command('1'), command('2')],
  states: [state('1', 'sent', 40), state('1', 'done', 41), state('2', 'expired', 42)],
  carried: [{ text: 'chaos-1.', endpoint }],
  devices: [
    { endpoint, registered: true, queueMode: false, containers: ['1_0', '3303_0'] },
    { endpoint: 'chaos-02', registered: false, queueMode: true, containers: [] },
  ],
  tree: {
    top: ['acp-lwm2m-ipe', endpoint, 'lwm2m-ipe', `node-${endpoint}`],
    containers: { [endpoint]: ['1_0', '3303_0', 'requests', 'responses'] },
    requestSubscriptions: { [endpoint]: 1 },
  },
  canaries: [
    { address: 'cse-in/mine', before: 'as it was', now: 'as it was' },
    { address: 'cse-in/chaos-02/canary', before: 'as it was', now: 'lost' },
  ],
  process: { ownEnds: [], heapBefore: 40e6, heapAfter: 45e6 },
};

/** What a history with these changes breaks. */
function broken(changes: Partial<Evidence>): string[] {
  return breaches({ ...SOUND, ...changes }).map(({ invariant }) => invariant);
}

function tree(changes: Partial<Evidence['tree']>): Partial<Evidence> {
  return { tree: { ...SOUND.tree, ...changes } };
}

/** For each invariant, histories that break it and nothing else. */
const BROKEN: readonly (readonly [invariant: string, what: string, changes: Partial<Evidence>])[] = [
  ['every acknowledged value reaches the CSE', 'one is missing', { stored: [stored(2, 22), stored(3, 32)] }],
  [
    'every acknowledged value reaches the CSE',
    'more are missing than were said to be dropped',
    { stored: [stored(3, 32)], dropped: [dropped('r1', 30)] },
  ],
  [
    'every acknowledged value reaches the CSE',
    'it was told after another one was said to be dropped',
    { stored: [stored(3, 32)], dropped: [dropped('r1', 15, 2)] },
  ],
  [
    'every acknowledged value reaches the CSE',
    'it was acknowledged in the next registration, though what is said of the one before is heard later',
    { stored: SOUND.stored.slice(1), begun: [begun('r1', 5), begun('r2', 9)], dropped: [dropped('r1', 15)] },
  ],
  [
    'every acknowledged value reaches the CSE',
    'its device had registered anew before it was acknowledged',
    {
      told: [told(1, 8, 11), told(2, 20, 21), told(3, 30)],
      stored: SOUND.stored.slice(1),
      begun: [begun('r1', 5), begun('r2', 9)],
      dropped: [dropped('r1', 15)],
    },
  ],
  [
    'every acknowledged value reaches the CSE',
    'another registration took the place of the one in which it was acknowledged, and nothing was said to be dropped',
    { stored: SOUND.stored.slice(1), begun: [begun('r1', 5), begun('r2', 13)] },
  ],
  [
    'every acknowledged value reaches the CSE',
    'it is of another device than what was said to be dropped',
    { stored: SOUND.stored.slice(1), dropped: [{ ...dropped('r9', 12), endpoint: 'chaos-02' }] },
  ],
  ['no value is stored more often than it was told', 'twice', { stored: [...SOUND.stored, stored(2, 50)] }],
  ['no value is stored more often than it was told', 'never told', { stored: [...SOUND.stored, stored(9, 50)] }],
  [
    'values of a resource are stored in their order',
    'two are swapped',
    { stored: [stored(2, 12), stored(1, 22), stored(3, 32)] },
  ],
  [
    'a value of a registered device reaches the CSE in the end',
    'nothing flows any more',
    { fresh: [{ endpoint, path, value: 4 }] },
  ],
  [
    'every accepted command has exactly one final state',
    'none',
    { states: SOUND.states.filter(({ state }) => state !== 'expired') },
  ],
  [
    'every accepted command has exactly one final state',
    'two',
    { states: [...SOUND.states, state('1', 'failed', 60)] },
  ],
  [
    'every accepted command has exactly one final state',
    'the same one twice',
    { states: [...SOUND.states, state('1', 'done', 60)] },
  ],
  [
    'every accepted command has exactly one final state',
    'another one after its container was made anew',
    { states: [...SOUND.states, state('1', 'failed', 60, 'cnt2')] },
  ],
  ['values and commands were seen', 'nobody commanded', { issued: [] }],
  ['values and commands were seen', 'no canary lived', { canaries: [] }],
  ['a registered device can be commanded in the end', 'one cannot', { uncommanded: [endpoint] }],
  ['no command is carried out twice', 'twice', { carried: [...SOUND.carried, ...SOUND.carried] }],
  ['what is said of a command is true', 'done by nobody', { carried: [{ text: 'chaos-9.', endpoint }] }],
  [
    'what is said of a command is true',
    'expired and done',
    { carried: [...SOUND.carried, { text: 'chaos-2.', endpoint }] },
  ],
  ['the tree on the CSE is what is registered', 'no node', tree({ top: SOUND.tree.top.slice(0, 3) })],
  ['the tree on the CSE is what is registered', 'an orphan', tree({ top: [...SOUND.tree.top, 'chaos-02'] })],
  ['the tree on the CSE is what is registered', 'two nodes', tree({ top: [...SOUND.tree.top, `node-${endpoint}`] })],
  [
    'the tree on the CSE is what is registered',
    'no own AE',
    tree({ top: SOUND.tree.top.filter((n) => n !== 'lwm2m-ipe') }),
  ],
  [
    'the tree on the CSE is what is registered',
    'a container less',
    tree({ containers: { [endpoint]: ['1_0', 'requests', 'responses'] } }),
  ],
  [
    'the tree on the CSE is what is registered',
    'a container more',
    tree({ containers: { [endpoint]: ['1_0', '3303_0', '5_0', 'requests', 'responses'] } }),
  ],
  ['requests are listened to by one subscription', 'none', tree({ requestSubscriptions: { [endpoint]: 0 } })],
  ['requests are listened to by one subscription', 'two', tree({ requestSubscriptions: { [endpoint]: 2 } })],
  ['nothing foreign is touched', 'gone', { canaries: [{ address: 'a', before: 'as it was', now: 'gone' }] }],
  ['nothing foreign is touched', 'changed', { canaries: [{ address: 'a', before: 'as it was', now: 'other' }] }],
  ['the bridge does not end by itself', 'it did', { process: { ...SOUND.process, ownEnds: ['it ended with 1'] } }],
  ['memory is back where it was', 'it grew', { process: { ...SOUND.process, heapAfter: 140e6 } }],
];

describe('the invariants', () => {
  it('hold in a sound history', () => {
    expect(breaches(SOUND)).toEqual([]);
  });

  it.each(BROKEN)('"%s" is broken alone by: %s', (invariant, _, changes) => {
    expect(broken(changes)).toEqual([invariant]);
  });

  it('each can be broken', () => {
    const names = INVARIANTS.map(({ name }) => name);
    expect(names.filter((name) => !BROKEN.some(([invariant]) => invariant === name))).toEqual([]);
  });

  it('say what they saw', () => {
    const [breach] = breaches({ ...SOUND, stored: [stored(2, 22), stored(3, 32)] });
    expect(breach?.saw).toEqual([`${endpoint} ${path} = 1 was acknowledged (11) and is not on the CSE`]);
  });

  it.each<readonly [string, Partial<Evidence>]>([
    [
      'a value that a newer one overtook',
      { told: [told(2, 10, 15), told(1, 11, 16), told(3, 30)], stored: SOUND.stored.slice(1) },
    ],
    [
      'values that were said to be dropped with their registration',
      { stored: SOUND.stored.slice(2), dropped: [dropped('r1', 30, 2)] },
    ],
    [
      'a value that was told twice and waited once',
      {
        told: [told(1, 10, 11), told(1, 12, 13), told(2, 20, 21), told(3, 30)],
        stored: SOUND.stored.slice(1),
        dropped: [dropped('r1', 15)],
      },
    ],
    [
      'values of two registrations that were said to be dropped in turn',
      {
        stored: SOUND.stored.slice(2),
        begun: [begun('r1', 5), begun('r2', 18)],
        dropped: [dropped('r1', 17), dropped('r2', 25)],
      },
    ],
    [
      'a value on its way when others were said to be dropped, acknowledged afterwards',
      {
        told: [told(1, 10, 13), told(2, 20, 21), told(3, 30)],
        stored: SOUND.stored.slice(1),
        dropped: [dropped('r1', 12)],
      },
    ],
    [
      'a value that was dropped with the registration that took the place of its own',
      { stored: SOUND.stored.slice(1), begun: [begun('r1', 5), begun('r2', 13)], dropped: [dropped('r2', 15)] },
    ],
    [
      'a value that was dropped with a registration of which the device was never told',
      { stored: SOUND.stored.slice(1), dropped: [dropped('r2', 15)] },
    ],
    [
      'a value of a device of which the bridge says no more than that it has left',
      { stored: SOUND.stored.slice(1), dropped: [dropped(undefined, 15)] },
    ],
    ['the same value on a CSE that had lost everything', { stored: [...SOUND.stored, stored(3, 50, 1)] }],
    [
      'a value stored as often as it was told',
      { told: [...SOUND.told, told(3, 40, 41)], stored: [...SOUND.stored, stored(3, 42)] },
    ],
    [
      'a final state told once more after its container was made anew',
      {
        states: [...SOUND.states, state('1', 'done', 60, 'cnt2')],
      },
    ],
    [
      'a command to a device in queue mode whose answer was lost',
      {
        carried: [...SOUND.carried, ...SOUND.carried],
        devices: SOUND.devices.map((device) => ({ ...device, queueMode: true })),
      },
    ],
    ['a command whose container went', { issued: [...SOUND.issued, command('3', false)] }],
    [
      'a value that was read before the one that tells it was sent',
      {
        told: [told(2, 9), told(1, 10, 11), told(2, 20, 21), told(3, 30)],
        stored: [stored(2, 10), stored(1, 12), stored(2, 22), stored(3, 32)],
      },
    ],
    [
      'two values that were on their way at once',
      { told: [told(1, 10, 25), told(2, 20, 21), told(3, 30)], stored: [stored(2, 22), stored(1, 26), stored(3, 32)] },
    ],
  ])('do not ask for more than was promised: %s', (_, changes) => {
    expect(broken(changes)).toEqual([]);
  });
});
