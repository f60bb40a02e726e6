import type { Command } from 'commander';
import { IpeError, type Logger, systemClock } from '../../common/index.ts';
import { type Configuration, FILE_VARIABLE, isLoopback, loadConfiguration } from '../configuration/index.ts';
import type { CseFinding, CseReport } from '../inspect-cse.ts';
import { createLogger } from '../log.ts';
import type { Surroundings } from './surroundings.ts';

const EXAMPLES = `
Prints what the CSE is and what the IPE may do there, and leaves the CSE as it was; which files of object definitions
(lwm2m.modelsFolder) are wrong; and whether keys, certificates and OpenSSL for lwm2m.coaps are to be had. Exit code 1 when
the IPE could not work: a wrong configuration, a CSE that is away, is no CSE or refuses what is needed.

Examples:
  $ lwm2m-ipe check --config /etc/lwm2m-ipe.yaml
  $ IPE_CSE_URL=http://127.0.0.1:8080 lwm2m-ipe check`;

const MARKS: Readonly<Record<CseFinding['level'], string>> = {
  ok: 'ok      ',
  degraded: 'degraded',
  error: 'error   ',
};

function line(name: string, text: string): string {
  return `${name.padEnd(16)}${text}`;
}

/** Findings that follow from the configuration alone. */
function localFindings({ cse, http }: Configuration): CseFinding[] {
  if (cse.url === undefined || http.publicUrl !== undefined) return [];
  const apart = !isLoopback(new URL(cse.url).hostname) && isLoopback(http.host);
  if (!apart) return [];
  const text = `the CSE cannot reach the IPE at ${http.host}: set http.host (IPE_HTTP_HOST) or http.publicUrl (IPE_HTTP_PUBLIC_URL)`;
  return [{ level: 'degraded', text }];
}

function reportText(report: CseReport, findings: readonly CseFinding[], embedded: boolean): string {
  const where = embedded ? 'the embedded one (cse.url is not set)' : report.url;
  const address = [report.cseId, report.base].filter((part) => part !== undefined).join('/');
  return [
    line('CSE', where),
    line('  is', `${report.title}, ${address}`),
    line('  speaks', `release versions ${report.releaseVersions.join(', ') || 'not told'}`),
    line('  knows', `resource types ${report.resourceTypes.join(', ') || 'not told'}`),
    ...findings.map(({ level, text }) => line(`  ${MARKS[level]}`, text)),
  ].join('\n');
}

/** Nothing where there are none of the operator's own; rejects where their folder cannot be read, as a start would. */
async function checkDefinitions(folder: string | undefined, stdout: Surroundings['stdout']): Promise<void> {
  if (folder === undefined) return;
  const { inspectDefinitions } = await import('../inspect-definitions.ts');
  const { definitions, skipped } = await inspectDefinitions(folder);
  const lines = [
    line('objects', `${definitions} of your own in ${folder}`),
    ...skipped.map((text) => line(`  ${MARKS.degraded}`, `skipped: ${text}`)),
  ];
  stdout.write(`${lines.join('\n')}\n`);
}

/** Nothing where devices come without security; rejects where keys or certificates cannot be used, as a start would. */
async function checkDeviceSecurity(
  configuration: Configuration,
  logger: Logger,
  stdout: Surroundings['stdout'],
): Promise<void> {
  const { DeviceSecurity } = await import('../device-security.ts');
  const { assertBootstrapServed, bootstrapDoors } = await import('../bootstrap/bootstrap-doors.ts');
  const security = new DeviceSecurity(configuration, systemClock, logger);
  assertBootstrapServed(configuration, security);
  security.close();
  const doors = bootstrapDoors(configuration);
  const { templates } = configuration.bootstrap;
  if (doors.length > 0)
    stdout.write(`${line('bootstrap', `by ${doors.join(' and ')}; templates: ${templates.length}`)}\n`);
  if (security.coaps === undefined) return;
  const { loadOpenssl } = await import('../../lwm2m/index.ts');
  const { version, rawPublicKeys } = await loadOpenssl(configuration.lwm2m.coaps.libssl);
  const { securityModes, identities } = security.facts({ version, rawPublicKeys: rawPublicKeys !== undefined });
  stdout.write(`${line('devices', `by coaps: ${securityModes.join(', ')}; ${identities} identities; ${version}`)}\n`);
}

async function check(file: string | undefined, { env, stdout, stderr }: Surroundings): Promise<void> {
  const configuration = loadConfiguration({ file, env });
  const name = file ?? env[FILE_VARIABLE] ?? 'no file';
  stdout.write(`${line('configuration', `valid (${name} and the environment)`)}\n`);
  const logger = createLogger({ level: 'error', format: 'text', stream: stderr });
  await checkDefinitions(configuration.lwm2m.modelsFolder, stdout);
  await checkDeviceSecurity(configuration, logger, stdout);
  const { inspectCse } = await import('../inspect-cse.ts');
  const report = await inspectCse(configuration, logger);
  const findings = [...report.findings, ...localFindings(configuration)];
  stdout.write(`${reportText(report, findings, configuration.cse.url === undefined)}\n`);
  const errors = findings.filter(({ level }) => level === 'error').length;
  if (errors > 0)
    throw new IpeError('check/failed', 'the IPE could not work with this CSE, see the lines marked error');
}

/** `lwm2m-ipe check`: validates the configuration, asks the CSE what it is and may do. */
export function addCheckCommand(program: Command, surroundings: Surroundings): void {
  program
    .command('check')
    .description('validate the configuration and ask the CSE what the IPE may do there')
    .option('-c, --config <file>', 'configuration file (YAML); else the one that IPE_CONFIG names, if any')
    .addHelpText('after', EXAMPLES)
    .action((options: { config?: string }) => check(options.config, surroundings));
}
