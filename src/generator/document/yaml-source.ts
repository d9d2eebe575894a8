/** YAML 1.2 with its core schema, in which `yes`, `off` and dates are texts, and the merge key, which documents use. */
import {
  CORE_SCHEMA,
  constructFromEvents,
  defineMappingTag,
  defineScalarTag,
  defineSequenceTag,
  EVENT_ID,
  type Event,
  getScalarValue,
  mapTag,
  mergeTag,
  parseEvents,
  SCALAR_STYLE,
  type ScalarEvent,
  seqTag,
  YAMLException,
} from 'js-yaml';
import { type Path, positionAt, type Source, Unreadable } from './position.ts';

/** Some tools have tags of their own: what they stand before is taken as if they were not there. */
const schema = CORE_SCHEMA.withTags(
  mergeTag,
  ...['!', 'tag:'].flatMap(prefix => [
    defineScalarTag(prefix, { matchByTagPrefix: true, resolve: text => text, identify: () => false }),
    defineSequenceTag(prefix, { ...seqTag, matchByTagPrefix: true }),
    defineMappingTag(prefix, { ...mapTag, matchByTagPrefix: true }),
  ]),
);

const maxDepth = 500;
/** So many values may a file come to through its aliases: without a bound, a few lines would fill the memory. */
const maxValues = 5_000_000;

/** @throws Unreadable with the place of the mistake. */
export function readYaml(text: string): Source {
  // They are found again when one is asked for: until then nothing of the parser's is kept.
  let places: Places | undefined;
  return {
    ...parsed(text),
    positionOf(path) {
      places ??= new Places(text, parseEvents(text, { maxDepth }));
      return positionAt(text, places.offsetOf(path));
    },
  };
}

function parsed(text: string): Omit<Source, 'positionOf'> {
  try {
    const events = parseEvents(text, { maxDepth });
    const [value = null, ...others] = constructFromEvents(events, {
      source: text,
      schema,
      json: true,
      maxTotalMergeKeys: maxValues,
    });
    if (others.length > 0) throw new Error('There is more than one document.');
    if (events.some(({ type }) => type === EVENT_ID.ALIAS)) requireBounds(value);
    return { value, repeated: repeatedIn(text, events) };
  } catch (error) {
    if (error instanceof YAMLException && error.mark)
      throw new Unreadable(error.reason, positionAt(text, error.mark.position));
    throw new Unreadable((error as Error).message);
  }
}

/** What is merged may be so several times. */
function repeatedIn(text: string, events: readonly Event[]): Path[] {
  const repeated: Path[] = [];
  const open: { readonly names: Set<string> | undefined; isName: boolean; key: string | number }[] = [];
  for (const event of events) {
    if (event.type === EVENT_ID.POP) {
      open.pop();
      continue;
    }
    const around = open.at(-1);
    if (around?.names && around.isName) {
      const name = event.type === EVENT_ID.SCALAR ? getScalarValue(text, event) : '<<';
      around.key = name;
      if (name !== '<<' && around.names.has(name)) repeated.push(keysOf(open));
      around.names.add(name);
    } else if (around && typeof around.key === 'number') around.key++;
    if (around?.names) around.isName = !around.isName;
    if (event.type === EVENT_ID.SCALAR || event.type === EVENT_ID.ALIAS) continue;
    const isMapping = event.type === EVENT_ID.MAPPING;
    const isList = event.type === EVENT_ID.SEQUENCE;
    open.push({ names: isMapping ? new Set() : undefined, isName: isMapping, key: isList ? -1 : '' });
  }
  return repeated;
}

/** Without that of the document around the whole. */
const keysOf = (open: readonly { readonly key: string | number }[]): Path =>
  open.slice(1).map(({ key }) => key);

/** An alias is the value itself, and may be in it: what is walked through has to have an end. */
function requireBounds(root: unknown): void {
  const sizes = new Map<object, number>();
  const sizeOf = (value: unknown): number => {
    if (typeof value !== 'object' || value === null) return 1;
    const known = sizes.get(value);
    if (known !== undefined) return known;
    // Within itself it is without end.
    sizes.set(value, Number.POSITIVE_INFINITY);
    let size = 1;
    for (const member of Object.values(value)) size += sizeOf(member);
    sizes.set(value, size);
    return size;
  };
  const size = sizeOf(root);
  if (size === Number.POSITIVE_INFINITY) throw new Error('An alias stands within what it stands for.');
  if (size > maxValues) throw new Error(`Its aliases come to more than ${maxValues} values.`);
}

/** Where the parts of a text begin, from the events of its parser. */
class Places {
  readonly #text: string;
  readonly #events: readonly Event[];
  /** For each event, the one behind all that belongs to it. */
  readonly #ends: Uint32Array;

  constructor(text: string, events: readonly Event[]) {
    this.#text = text;
    this.#events = events;
    this.#ends = endsOf(events);
  }

  offsetOf(path: Path): number {
    let index = 1;
    for (const key of path) {
      const member = this.#membersAt(index).get(String(key));
      if (member === undefined) break;
      index = member;
    }
    const event = this.#events[index];
    return event ? startOf(event, this.#text) : 0;
  }

  /** By their names or numbers, the events that they begin with. */
  #membersAt(index: number): ReadonlyMap<string, number> {
    const members = new Map<string, number>();
    const collection = this.#events[index];
    const isMapping = collection?.type === EVENT_ID.MAPPING;
    if (!isMapping && collection?.type !== EVENT_ID.SEQUENCE) return members;
    const end = (this.#ends[index] as number) - 1;
    for (let at = index + 1; at < end; at = this.#ends[at] as number) {
      if (isMapping) for (const name of this.#namesAt(at)) members.set(name, this.#ends[at] as number);
      else members.set(String(members.size), at);
      // The value of a member stands behind its name.
      if (isMapping) at = this.#ends[at] as number;
    }
    return members;
  }

  /** What reads as a number is a name as JavaScript has it. */
  #namesAt(index: number): string[] {
    const event = this.#events[index];
    if (event?.type !== EVENT_ID.SCALAR) return [];
    const text = getScalarValue(this.#text, event);
    return event.style === SCALAR_STYLE.PLAIN ? [text, String(Number(text))] : [text];
  }
}

function endsOf(events: readonly Event[]): Uint32Array {
  const ends = new Uint32Array(events.length);
  const open: number[] = [];
  for (const [index, { type }] of events.entries()) {
    if (type === EVENT_ID.POP) ends[open.pop() as number] = index + 1;
    else if (type === EVENT_ID.SCALAR || type === EVENT_ID.ALIAS) ends[index] = index + 1;
    else open.push(index);
  }
  return ends;
}

function startOf(event: Event, text: string): number {
  switch (event.type) {
    case EVENT_ID.SCALAR:
      return startOfScalar(event, text);
    case EVENT_ID.MAPPING:
    case EVENT_ID.SEQUENCE:
      return event.start;
    case EVENT_ID.ALIAS:
      return event.anchorStart - 1;
    default:
      return 0;
  }
}

function startOfScalar({ style, valueStart }: ScalarEvent, text: string): number {
  if (style === SCALAR_STYLE.PLAIN) return valueStart;
  if (style === SCALAR_STYLE.SINGLE_QUOTED || style === SCALAR_STYLE.DOUBLE_QUOTED) return valueStart - 1;
  // Of a block, what it begins with.
  const first = text.slice(valueStart).search(/\S/);
  return valueStart + Math.max(0, first);
}
