/** How the endpoints of a contract are called. */
import type { Endpoint } from '../../contract/endpoint.ts';

/** The names of all endpoints, with dots between groups and what is in them. */
export type NamesIn<Definition> = string extends keyof Definition
  ? string
  : {
      [Name in keyof Definition & string]: Definition[Name] extends Endpoint
        ? Name
        : `${Name}.${NamesIn<Definition[Name]>}`;
    }[keyof Definition & string];

/** The options of the endpoint that a name leads to. */
export type OptionsAt<Definition, Name> = Name extends `${infer Group}.${infer Rest}`
  ? OptionsAt<Definition[Group & keyof Definition], Rest>
  : Definition[Name & keyof Definition] extends Endpoint<infer Options>
    ? Options
    : never;
