/**
 * For staging and tests: faults on purpose, injected as if the network or the service had them.
 *
 * @module holdfast/chaos
 */
export { type Chaos, chaos } from './chaos.ts';
export type {
  BlackHoleFault,
  ChaosFault,
  ChaosOptions,
  ChaosRules,
  ChaosScope,
  CorruptFault,
  DnsFault,
  LatencyFault,
  RatedFault,
  RefusedFault,
  ResetFault,
  SlowBodyFault,
  StatusFault,
  TruncateFault,
} from './options.ts';
