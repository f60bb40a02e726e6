import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { IpeError, type Logger } from '../../common/index.ts';
import { createLogger, type LogOptions } from '../../ipe/log.ts';

function logged(options: Partial<LogOptions> & { terminal?: boolean }, say: (logger: Logger) => void): string {
  const stream = Object.assign(new PassThrough(), { isTTY: options.terminal ?? false });
  const now = () => Date.UTC(2026, 0, 2, 3, 4, 5, 6);
  say(createLogger({ level: 'info', format: 'json', now, ...options, stream }));
  return (stream.read() as Buffer | null)?.toString() ?? '';
}

const json = (say: (logger: Logger) => void) => JSON.parse(logged({}, say));

describe('the log', () => {
  it('writes one JSON object a line, with time, level, message and fields', () => {
    const text = logged({}, (logger) => {
      logger.info('ready', { coapPort: 5683 });
      logger.warn('slow');
    });
    expect(text).toBe(
      '{"level":"info","timestamp":"2026-01-02T03:04:05.006Z","message":"ready","coapPort":5683}\n' +
        '{"level":"warn","timestamp":"2026-01-02T03:04:05.006Z","message":"slow"}\n',
    );
  });

  it('writes a line for people as text', () => {
    const text = logged({ format: 'text' }, (logger) =>
      logger.info('ready', { coapPort: 5683, cse: 'a b', list: [1] }),
    );
    expect(text).toBe('2026-01-02T03:04:05.006Z info  ready coapPort=5683 cse="a b" list=[1]\n');
  });

  it('chooses by itself: colour and text on a terminal, JSON elsewhere', () => {
    expect(logged({ format: 'auto' }, (logger) => logger.info('x'))).toMatch(/^\{/);
    expect(logged({ format: 'auto', terminal: true }, (logger) => logger.info('x'))).toContain('\u001b[32minfo');
  });

  it('leaves out what is below the level', () => {
    expect(logged({ level: 'warn' }, (logger) => logger.info('x'))).toBe('');
    expect(logged({ level: 'debug' }, (logger) => logger.debug('x'))).toContain('"debug"');
  });

  it('adds the fields of a child to each of its lines', () => {
    expect(json((logger) => logger.child({ endpoint: 'a' }).child({ id: 1 }).info('x', { n: 2 }))).toMatchObject({
      endpoint: 'a',
      id: 1,
      n: 2,
    });
  });

  it.each(['adminOriginator', 'password', 'pskKey', 'PSK', 'clientSecret', 'accessToken', 'key', 'privateKey', 'keys'])(
    'never writes a field named %s, at any depth',
    (name) => {
      const text = logged({}, (logger) => {
        logger.child({ [name]: 'hunter2' }).info('x', { [name]: 'hunter2', deep: { list: [{ [name]: 'hunter2' }] } });
        logger.error('x', { error: new IpeError('x/y', 'm', { details: { [name]: 'hunter2' } }) });
      });
      expect(text).toContain('[redacted]');
      expect(text).not.toContain('hunter2');
    },
  );

  it('tells an error by message and code, by stack only at debug', () => {
    const error = new IpeError('coap/timeout', 'no answer', { details: { peer: 'p' } });
    expect(json((logger) => logger.error('x', { error })).error).toEqual({
      message: 'no answer',
      code: 'coap/timeout',
      peer: 'p',
    });
    expect(logged({ level: 'debug' }, (logger) => logger.error('x', { error }))).toContain('    at ');
  });

  it('writes anything, however deep, circular or unserialisable', () => {
    const circular: Record<string, unknown> = { big: 1n, bytes: Buffer.from('ab'), at: new Date(0), run: () => 1 };
    circular.self = circular;
    const line = json((logger) => logger.info('x', circular));
    expect(line).toMatchObject({ big: '1', bytes: '6162', at: '1970-01-01T00:00:00.000Z' });
  });

  it.each(['json', 'text'] as const)('lets no value begin a line or move the cursor (%s)', (format) => {
    const text = logged({ format }, (logger) => logger.info('x', { endpoint: 'a\nb\u001b[2J\u009b\u2028', 'n\n': 1 }));
    expect(text.trimEnd()).not.toMatch(/[\p{Cc}\u2028]/u);
  });
});
