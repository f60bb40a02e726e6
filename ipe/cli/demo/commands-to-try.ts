import { APPLICATION, SEARCHED_LABEL } from './application.ts';

/** Something to type in another terminal. */
export interface CommandToTry {
  readonly what: string;
  readonly command: string;
}

/** Where the parts of the demo listen, and what there is to look at. */
export interface DemoAddresses {
  /** `http://127.0.0.1:8080` */
  readonly cseUrl: string;
  readonly base: string;
  readonly coapPort: number;
  readonly healthUrl: string;
  /** resourceName of a device that is there, and of a light, if any. */
  readonly device: string | undefined;
  readonly light: string | undefined;
  /** How this program is called on this machine. */
  readonly program: string;
}

function curl(url: string): string {
  const headers = [`X-M2M-Origin: ${APPLICATION}`, 'X-M2M-RI: 1', 'X-M2M-RVI: 3', 'Accept: application/json'];
  return `curl -s '${url}' \\\n     ${headers.map((header) => `-H '${header}'`).join(' ')}`;
}

/** A command to a light: its switch goes off. */
function switchOff(url: string): string {
  const request = { operation: 'write', path: '/3311/0/5850', value: false };
  const headers = ['Content-Type: application/json;ty=4'];
  const body = JSON.stringify({ 'm2m:cin': { con: request } });
  return `${curl(`${url}/requests`)} ${headers.map((header) => `-H '${header}'`).join(' ')} \\\n     -d '${body}'`;
}

/** Commands that work while the demo runs, with everything they need. */
export function commandsToTry({
  cseUrl,
  base,
  coapPort,
  healthUrl,
  device,
  light,
  program,
}: DemoAddresses): CommandToTry[] {
  const ofType = `${cseUrl}/${base}?fu=1&lbl=LWM2MRT:urn:oma:lwm2m:ext:3303`;
  const simulate = `${program} simulate --server coap://127.0.0.1:${coapPort} --endpoints 3 --prefix mine-`;
  return [
    { what: 'find everything that comes from LwM2M', command: curl(`${cseUrl}/${base}?fu=1&lbl=${SEARCHED_LABEL}`) },
    { what: 'find every temperature sensor', command: curl(ofType) },
    ...(device === undefined
      ? []
      : [{ what: 'read a device and what is below it', command: curl(`${cseUrl}/${base}/${device}?rcn=4`) }]),
    ...(light === undefined ? [] : [{ what: 'switch a light off', command: switchOff(`${cseUrl}/${base}/${light}`) }]),
    { what: 'ask the bridge how it is', command: `curl -s '${healthUrl}/health/ready'` },
    { what: 'let three more devices register', command: simulate },
  ];
}
