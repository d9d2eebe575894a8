/** What is different between two documents, and whether callers notice. */
import type { Node } from '../document/node.ts';

/** Where something stands. */
export interface Place {
  /** Relative to the folder of the document. */
  readonly file: string;
  /** JSON Pointer within the file. */
  readonly pointer: string;
  readonly line: number;
  readonly column: number;
}

export interface Change {
  /**
   * `breaking`: a client made from the old document fails with the new service, or code around it no longer compiles
   * once it is made anew. `compatible`: neither. `note`: no caller notices, but code that imports a type by its name has
   * to be changed once the client is made anew.
   */
  readonly level: 'breaking' | 'compatible' | 'note';
  /** What kind of change it is, such as `parameter-removed`: for programs, and the same in every version. */
  readonly code: string;
  readonly message: string;
  /** Whether it is about what callers send or what they receive; undefined for both, and for neither. */
  readonly side: Side | undefined;
  /** The operations that it reaches, such as `GET /tickets`; none if it is about the whole document. */
  readonly operations: readonly string[];
  /** In the old document; of what is new, where it would have been. */
  readonly from: Place | undefined;
  /** In the new document; of what is gone, where it was. */
  readonly to: Place | undefined;
}

export type Side = 'request' | 'response';

/** A change before it is known where it reaches. */
export interface Finding {
  readonly level: Change['level'];
  readonly code: string;
  readonly message: string;
  readonly side?: Side;
  readonly from: Node | undefined;
  readonly to: Node | undefined;
}

/** What a change does to the values that a schema takes; `changed` is neither less nor more. */
export type Effect = 'narrowed' | 'widened' | 'changed';

/** Callers send less than before without harm, and receive less: it is the other way round that breaks. */
export const levelOf = (effect: Effect, side: Side): Change['level'] =>
  effect === (side === 'request' ? 'widened' : 'narrowed') ? 'compatible' : 'breaking';

export const placeOf = (node: Node | undefined): Place | undefined =>
  node && { file: node.file.name, pointer: node.pointer, ...node.position };

export const quoted = (value: unknown): string => JSON.stringify(value) ?? 'nothing';

/** `a, b and c` */
export const listed = (items: readonly string[]): string =>
  items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
