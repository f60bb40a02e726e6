import { TEXT } from './content-formats.ts';
import { type Answered, BAD_REQUEST, type Managed, NOT_ALLOWED, UNSUPPORTED } from './managed.ts';
import type { Target } from './target.ts';
import type { Body } from './write.ts';

/** `arglist` of LwM2M 1.1 6.3.5: digits, each with an optional value in single quotes. */
const ARGUMENTS = /^[0-9](='[ !#-&(-[\]-~]*')?(,[0-9](='[ !#-&(-[\]-~]*')?)*$/;

/** Execute (LwM2M 1.1 6.3.5). */
export function execute({ tree }: Managed, target: Target, { contentFormat, payload }: Body): Answered {
  const { path, resource, instances } = target;
  const [instance] = instances;
  if (!resource || !instance || resource.operations !== 'E') return NOT_ALLOWED;
  if (contentFormat !== undefined && contentFormat !== TEXT) return UNSUPPORTED;
  const text = payload.toString();
  if (text !== '' && !ARGUMENTS.test(text)) return BAD_REQUEST;
  if (!tree.execute(instance, resource)) return NOT_ALLOWED;
  return { code: '2.04', effects: [{ type: 'executed', path, arguments: text }] };
}
