import { describe, expect, test } from 'vitest';
import { decodeContent, encodeContent } from '../../../lwm2m/content/content.ts';
import { find } from './models.ts';
import { baseOf, VECTORS } from './vectors.ts';

describe('payloads of the specifications', () => {
  for (const { name, format, base, payload, nodes } of VECTORS) {
    test(`decoded: ${name}`, () => {
      expect(decodeContent(format, payload, { base: baseOf(base), find })).toEqual(nodes);
    });
  }

  for (const { name, format, base, payload, nodes } of VECTORS.filter(({ canonical }) => canonical)) {
    test(`encoded to the same bytes: ${name}`, () => {
      expect(encodeContent(format, nodes, { base: baseOf(base), find })).toEqual(payload);
    });
  }

  for (const { name, format, base, nodes } of VECTORS.filter(({ canonical }) => !canonical)) {
    test(`encoded and decoded again: ${name}`, () => {
      const payload = encodeContent(format, nodes, { base: baseOf(base), find });
      expect(decodeContent(format, payload, { base: baseOf(base), find })).toEqual(nodes);
    });
  }
});
