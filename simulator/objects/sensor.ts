import type { ObjectDefinition, ResourceDefinition, ValueContext } from './definition.ts';

const SENSOR_VALUE = 5700;
const MIN_MEASURED = 5601;
const MAX_MEASURED = 5602;

/** What makes one IPSO sensor different from another. */
export interface Sensor {
  readonly id: number;
  readonly name: string;
  /** A SenML unit. */
  readonly unit: string;
  /** What the sensor can measure. */
  readonly range: readonly [min: number, max: number];
  readonly reading: (context: ValueContext) => number;
}

/** An object with the resources that all IPSO sensors have: value, unit, extremes since the last reset, range. */
export function sensorObject({ id, name, unit, range: [min, max], reading }: Sensor): ObjectDefinition {
  const measure = (context: ValueContext) => {
    const value = reading(context);
    const { state } = context;
    state.set(MIN_MEASURED, Math.min(value, Number(state.get(MIN_MEASURED) ?? value)));
    state.set(MAX_MEASURED, Math.max(value, Number(state.get(MAX_MEASURED) ?? value)));
    return value;
  };
  const float = (resourceId: number, title: string, value: ResourceDefinition['value']): ResourceDefinition => {
    return { id: resourceId, name: title, operations: 'R', type: 'float', ...(value && { value }) };
  };
  return {
    id,
    name,
    multiple: true,
    versions: {},
    resources: [
      float(SENSOR_VALUE, 'Sensor Value', measure),
      { id: 5701, name: 'Sensor Units', operations: 'R', type: 'string', value: () => unit },
      // Kept in the state by the first reading.
      float(MIN_MEASURED, 'Min Measured Value', measure),
      float(MAX_MEASURED, 'Max Measured Value', measure),
      float(5603, 'Min Range Value', () => min),
      float(5604, 'Max Range Value', () => max),
      {
        id: 5605,
        name: 'Reset Min and Max Measured Values',
        operations: 'E',
        executed: (state) => {
          state.delete(MIN_MEASURED);
          state.delete(MAX_MEASURED);
          return true;
        },
      },
    ],
  };
}
