import { describe, expect, test } from 'vitest';
import { decodePaths, encodePaths } from '../../../lwm2m/content/path-list.ts';
import { parsePath } from '../../../lwm2m/model/path.ts';
import { hex } from './vectors.ts';

const paths = ['/3/0/0', '/3/0/9', '/1/0/1', '/5'].map(parsePath);

describe('lists of paths (LwM2M 1.1 6.3.10: Read-Composite)', () => {
  test('SenML JSON with names only', () => {
    const payload = encodePaths(110, paths);
    expect(payload.toString()).toBe('[{"n":"/3/0/0"},{"n":"/3/0/9"},{"n":"/1/0/1"},{"n":"/5"}]');
    expect(decodePaths(110, payload)).toEqual(paths);
  });

  test('SenML CBOR with names only', () => {
    expect(encodePaths(112, [parsePath('/3/0/9')])).toEqual(hex('81 A1 00 66 2F332F302F39'));
    expect(decodePaths(322, encodePaths(322, paths))).toEqual(paths);
  });

  test('base names, and the root', () => {
    const pack = Buffer.from('[{"bn":"/3/0/","n":"0"},{"n":"9"},{"bn":"/","n":"1/0/1"},{"n":"5"}]');
    expect(decodePaths(320, pack)).toEqual(paths);
    expect(decodePaths(110, Buffer.from('[{"n":"/"}]'))).toEqual([undefined]);
    expect(encodePaths(110, [undefined]).toString()).toBe('[{"n":"/"}]');
  });

  test('under an alternate root path', () => {
    const payload = encodePaths(112, [...paths, undefined], { rootPath: '/lwm2m' });
    expect(decodePaths(112, payload, { rootPath: '/lwm2m' })).toEqual([...paths, undefined]);
    expect(() => decodePaths(112, payload)).toThrow(expect.objectContaining({ code: 'content/path' }));
  });

  test('other formats hold no list of paths', () => {
    expect(() => encodePaths(11542, paths)).toThrow(expect.objectContaining({ code: 'content/format' }));
    expect(() => decodePaths(11542, hex('C1 09 64'))).toThrow(expect.objectContaining({ code: 'content/format' }));
  });
});
