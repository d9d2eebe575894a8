/**
 * Schemas as they are printed: what a document says in many keywords, in few forms. A document is read into these
 * once, and they are printed twice, as an expression of zod and as a type.
 */
import type { Node } from '../document/node.ts';

export type Model =
  | Anything
  | Nothing
  | Reference
  | Literals
  | Text
  | Numeric
  | { readonly kind: 'boolean' }
  | { readonly kind: 'null' }
  | Binary
  | List
  | Fields
  | Union
  | Intersection
  | Ruled;

/** Any value. */
export interface Anything {
  readonly kind: 'anything';
}

/** No value: what `false` says. */
export interface Nothing {
  readonly kind: 'nothing';
}

/** A schema that has a declaration of its own. */
export interface Reference {
  readonly kind: 'reference';
  readonly target: Node;
}

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** One of some values. */
export interface Literals {
  readonly kind: 'literals';
  readonly values: readonly Json[];
  /** Values that the document does not know are taken too, as long as they are of the same types. */
  readonly isOpen: boolean;
}

export interface Text {
  readonly kind: 'text';
  readonly format: TextFormat | undefined;
  readonly minLength: number | undefined;
  readonly maxLength: number | undefined;
  readonly patterns: readonly RegExp[];
}

export type TextFormat =
  | 'uuid'
  | 'date-time'
  | 'date'
  | 'email'
  | 'uri'
  | 'ipv4'
  | 'ipv6'
  | 'byte'
  /** A whole number written as text. */
  | 'int64';

export interface Numeric {
  readonly kind: 'number';
  readonly isInteger: boolean;
  readonly format: 'int32' | 'int64' | undefined;
  readonly minimum: number | undefined;
  readonly maximum: number | undefined;
  readonly above: number | undefined;
  readonly below: number | undefined;
  readonly multipleOf: number | undefined;
}

/** Bytes in a form, text elsewhere. */
export interface Binary {
  readonly kind: 'binary';
}

/** Items, the first of which may have schemas of their own. */
export interface List {
  readonly kind: 'list';
  readonly first: readonly Model[];
  /** Of the items behind the first. */
  readonly rest: Model;
  readonly minItems: number | undefined;
  readonly maxItems: number | undefined;
}

/** An object. */
export interface Fields {
  readonly kind: 'fields';
  readonly fields: ReadonlyMap<string, Field>;
  /** Of members that have no name here. */
  readonly others: Model;
}

export interface Field {
  readonly model: Model;
  readonly isRequired: boolean;
  /** Lines of a comment. */
  readonly docs: readonly string[];
}

export interface Union {
  readonly kind: 'union';
  readonly options: readonly Model[];
}

export interface Intersection {
  readonly kind: 'intersection';
  readonly parts: readonly Model[];
}

/** A schema and what it asks beyond what types can say. */
export interface Ruled {
  readonly kind: 'ruled';
  readonly of: Model;
  readonly rules: readonly Rule[];
}

export type Rule =
  /** `if`, `then`, `else`. */
  | { readonly rule: 'when'; readonly condition: Model; readonly met: Model; readonly unmet: Model }
  | { readonly rule: 'not'; readonly model: Model }
  /** Of values that are listed: that they match something else too. */
  | { readonly rule: 'matches'; readonly model: Model }
  /** What `oneOf` asks; nothing to ask where no value can be of two of them. */
  | {
      readonly rule: 'exactly one';
      readonly options: readonly Model[];
      /** Null may be of several. */
      readonly isNullFree: boolean;
    }
  /** Members of objects, or items of lists, that no keyword has looked at. Other values have none. */
  | {
      readonly rule: 'unevaluated';
      readonly of: 'members' | 'items';
      readonly evaluated: readonly Evaluated[];
      readonly model: Model;
    }
  | { readonly rule: 'unique'; readonly ofPlain: boolean }
  | {
      readonly rule: 'contains';
      readonly model: Model;
      readonly min: number;
      readonly max: number | undefined;
    }
  | { readonly rule: 'item count'; readonly min: number | undefined; readonly max: number | undefined }
  | { readonly rule: 'member count'; readonly min: number | undefined; readonly max: number | undefined }
  | { readonly rule: 'member names'; readonly model: Model }
  /** Where a member is there, others are. */
  | { readonly rule: 'with member'; readonly name: string; readonly required: readonly string[] }
  | { readonly rule: 'when member'; readonly name: string; readonly model: Model }
  /** Members whose names match. */
  | { readonly rule: 'matching members'; readonly pattern: RegExp; readonly model: Model }
  /** Members that have no name and match no pattern. */
  | {
      readonly rule: 'other members';
      readonly names: readonly string[];
      readonly patterns: readonly RegExp[];
      readonly model: Model;
    }
  /** A member by a name that every object inherits something by. */
  | {
      readonly rule: 'own member';
      readonly name: string;
      readonly model: Model;
      readonly isRequired: boolean;
    };

/** Members and items that a part of a schema has looked at. */
export interface Evaluated {
  readonly names: readonly string[];
  readonly patterns: readonly RegExp[];
  /** How many of the first items. */
  readonly first: number;
  /** Items that are of one of these. */
  readonly contains: readonly Model[];
  readonly isAll: boolean;
  /** Of the whole value: the part has looked at it only where all of them hold. */
  readonly conditions: readonly { readonly model: Model; readonly isMet: boolean }[];
}

/** Whether a rule can be asked of any value, and not only of those of one kind. */
export const isGeneral = ({ rule }: Rule): boolean =>
  rule === 'when' || rule === 'not' || rule === 'matches' || rule === 'exactly one' || rule === 'unevaluated';

export const anything: Anything = { kind: 'anything' };
export const nothing: Nothing = { kind: 'nothing' };

/** A schema with rules; those that it has already stand first. */
export function ruled(model: Model, rules: readonly Rule[]): Model {
  if (rules.length === 0) return model;
  return model.kind === 'ruled'
    ? { kind: 'ruled', of: model.of, rules: [...model.rules, ...rules] }
    : { kind: 'ruled', of: model, rules };
}
