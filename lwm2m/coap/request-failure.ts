import { IpeError } from '../../common/index.ts';
import { peerKey } from './peers.ts';
import type { Peer } from './types.ts';

const MESSAGES = {
  'coap/timeout': 'the device did not answer in time',
  'coap/reset': 'the device answered with a reset',
  'coap/aborted': 'the request to the device was called off',
  'coap/closed': 'the CoAP endpoint is closed',
  'coap/busy': 'too many requests to devices are in progress',
  'coap/too-large': 'the request to the device is too long',
  'coap/token': 'a token has at most 8 bytes',
  'coap/blocks': 'the device answered with blocks that do not fit what was asked or sent',
  'coap/changed': 'what the device answered changed while its blocks were fetched',
  'coap/reply-too-large': 'the answer of the device is too long',
} as const;

/** Why a request of ours has no reply. */
export type RequestFailureCode = keyof typeof MESSAGES;

const RETRYABLE: ReadonlySet<RequestFailureCode> = new Set(['coap/timeout', 'coap/busy', 'coap/changed']);

/** The error that a request to a peer rejects with. */
export function requestFailure(code: RequestFailureCode, peer: Peer): IpeError {
  const details = { peer: peerKey(peer.address, peer.port) };
  return new IpeError(code, MESSAGES[code], { retryable: RETRYABLE.has(code), details });
}
