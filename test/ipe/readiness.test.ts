import { expect, it } from 'vitest';
import { IpeError } from '../../common/index.ts';
import { type Circumstances, readiness } from '../../ipe/readiness.ts';

const NOW = Date.UTC(2026, 0, 2, 3, 4, 5);
const ready = (changes: Partial<Circumstances> = {}) =>
  readiness({ phase: 'serving', whenAway: 'journal', now: NOW, ...changes });
const away = { away: 'no connection', awayFor: 60_000 };
const AWAY = 'CSE away since 2026-01-02T03:03:05.000Z: no connection';

it('an IPE that serves, and is behind with nothing, is ready', () => {
  expect(ready()).toEqual({ ready: true, reasons: [], degraded: [], missing: [] });
  expect(
    ready({ availability: { away: undefined, awayFor: 0 }, backlog: { waiting: 0, refused: 0 } }).degraded,
  ).toEqual([]);
});

it.each(['starting', 'stopping'] as const)('one that is %s is not', (phase) => {
  expect(ready({ phase })).toMatchObject({ ready: false, reasons: [phase] });
});

it('without its CSE it is degraded since then where devices are accepted, else not ready', () => {
  expect(ready({ availability: away })).toMatchObject({ ready: true, degraded: [AWAY] });
  expect(ready({ availability: away, whenAway: 'refuse' })).toMatchObject({
    ready: false,
    reasons: [AWAY],
    degraded: [],
  });
});

it('one that has not met its CSE since the start is degraded, and one whose CSE is of another kind than at the start', () => {
  expect(ready({ availability: away, recalled: true })).toMatchObject({
    ready: true,
    degraded: [AWAY, 'what a start does on the CSE is still to be done: this run goes by what the last one knew'],
  });
  const unfit = 'started for another kind';
  expect(ready({ recalled: false, acquaintance: { unfit } })).toMatchObject({ ready: true, degraded: [unfit] });
});

it('a store that cannot be written means that nobody new is accepted', () => {
  const fault = new IpeError('store/full', 'the disk is full');
  expect(ready({ store: { fault } })).toMatchObject({ ready: false, reasons: ['the disk is full'] });
});

it('what is behind, and what had to be dropped, degrades it', () => {
  const backlog = { waiting: 3, refused: 1 };
  expect(ready({ backlog, values: { counters: { dropping: 2 } } })).toMatchObject({
    ready: true,
    degraded: [
      '3 registrations wait for the CSE',
      'the CSE refuses the trees of 1 registered devices',
      'values of 2 devices had to be dropped, for too many wait for the CSE',
    ],
  });
});

it('what the CSE can never do is told, but hides no degradation that passes', () => {
  expect(ready({ missing: ['no <node>'] })).toEqual({ ready: true, reasons: [], degraded: [], missing: ['no <node>'] });
});
