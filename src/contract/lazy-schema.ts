import { ZodLazy, type ZodType } from 'zod';
import { processSchema } from 'zod/v4/core';

/**
 * A schema of zod that is built when it is first looked into, once. So a module of many schemas costs nothing until
 * they are used, schemas may refer to each other in any order, and to themselves, and bundlers drop those that nobody
 * uses. From then on it is the built schema: same definition, same speed.
 *
 * The type of what is built is not compared with `T`: for large schemas the comparison takes the compiler longer than
 * everything else, and what a generator prints agrees by construction.
 *
 * @example
 * interface Tree { name: string; children: Tree[] }
 * const Tree: z.ZodType<Tree> = schema(() => z.object({ name: z.string(), children: z.array(Tree) }));
 */
export function schema<T>(build: () => object): ZodType<T> {
  const lazy = Object.create(prototype()) as object;
  states.set(lazy, { build, built: undefined, standIn: undefined });
  return lazy as ZodType<T>;
}

/** Whether a schema is one that nobody has looked into yet. */
export const isUnbuilt = (schema: object): boolean => {
  const state = states.get(schema);
  return state !== undefined && state.built === undefined;
};

/** Whether a schema is built when it is looked into. */
export const isLazy = (schema: object): boolean => states.has(schema);

interface State {
  /** Undefined while it runs and afterwards. */
  build: (() => object) | undefined;
  built: ZodType | undefined;
  standIn: ZodType | undefined;
}

const states = new WeakMap<object, State>();

/**
 * What stands for the schema when it is looked into while it is being built, as `Tree.refine()` within `Tree` does:
 * a schema that opens the built one when it has something to check.
 */
const standInFor = (lazy: object, state: State): ZodType =>
  (state.standIn ??= new ZodLazy({ type: 'lazy', getter: () => open(lazy) }) as ZodType);

function open(lazy: object): ZodType {
  const state = states.get(lazy) as State;
  if (state.built) return state.built;
  const { build } = state;
  if (!build) return standInFor(lazy, state);
  state.build = undefined;
  try {
    state.built = build() as ZodType;
  } catch (error) {
    // Whoever asks next gets the same error, and not a schema that waits for itself.
    state.build = build;
    throw error;
  }
  describeByReference(lazy, state.built);
  const { _zod, def, type } = state.built;
  // As data of its own: from now on nothing stands between a parse and the built schema.
  Object.defineProperties(lazy, { _zod: { value: _zod }, def: { value: def }, type: { value: type } });
  return state.built;
}

/**
 * What describes a schema of zod in JSON Schema knows the built one, and finds nothing noted of it where it was called
 * for the lazy one: that refers to the built one instead, as `z.lazy()` does.
 */
function describeByReference(lazy: object, built: ZodType): void {
  const { _zod } = built;
  const describe = _zod.processJSONSchema;
  if (!describe) return;
  _zod.processJSONSchema = (context, json, params) => {
    if (params.schemaPath.at(-1) !== lazy) return describe(context, json, params);
    processSchema(built, context, params);
    (context.seen.get(lazy as ZodType) as { ref?: object | null }).ref = built;
  };
}

let shared: object | undefined;

/** Has the methods of every schema of zod, which need nothing but these three. */
function prototype(): object {
  if (shared) return shared;
  const members = Object.getPrototypeOf(new ZodLazy({ type: 'lazy', getter: neverOpened })) as object;
  shared = Object.create(members, {
    _zod: { get: readFromBuilt('_zod') },
    def: { get: readFromBuilt('def') },
    type: { get: readFromBuilt('type') },
  }) as object;
  return shared;
}

const readFromBuilt = (key: '_zod' | 'def' | 'type') =>
  function read(this: object) {
    return open(this)[key];
  };

const neverOpened = (): never => {
  throw new Error('Only its prototype is of use.');
};
