import { type CseClient, ResourceType } from '../../cse-client/index.ts';

/** Where the CSE sends notifications for the IPE, as only the CSE and the IPE can read it. */
export async function pointOfAccess(client: CseClient, base: string): Promise<string> {
  const { poa } = await client.retrieve(ResourceType.ae, `${base}/lwm2m-ipe`, { originator: 'Clwm2m-ipe' });
  return poa?.[0] ?? '';
}
