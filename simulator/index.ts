export {
  SIMULATE_OPTIONS,
  SIMULATION_DEFAULTS,
  type SimulateOption,
  type SimulationOptions,
} from './cli-options.ts';
export { CoapPort, type PortReply } from './coap/coap-port.ts';
export { DEMO_DEVICES } from './demo-devices.ts';
export { Fleet, type FleetSettings } from './fleet.ts';
export type { FleetSummary } from './fleet-summary.ts';
export * from './misbehaviour.ts';
export { type ObjectSelection, ObjectTree } from './object-tree.ts';
export { parseObjects } from './option-readers.ts';
export * from './options.ts';
export { parseServerUri, type ServerAddress } from './server-uri.ts';
export { SimulatedDevice, type UpdateContent } from './simulated-device.ts';
export { runSimulation } from './simulation.ts';
