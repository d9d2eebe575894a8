/** Compares schemas: each pair once, wherever it is referred to from. */
import type { Documents } from '../document/documents.ts';
import type { Node } from '../document/node.ts';
import { tagsOf } from '../schema/discriminator.ts';
import { type Effect, type Finding, levelOf, listed, quoted, type Side } from './change.ts';
import { effectOf } from './facets.ts';
import { ComponentNames } from './names.ts';
import { matchOptions, nameOfOption } from './options.ts';
import { sentence, subjectOf } from './subject.ts';
import { type View, viewOf } from './view.ts';

/** Two schemas, of which the second took the place of the first. */
export interface Pair {
  readonly findings: Finding[];
  /** What is inside. */
  readonly inner: Pair[];
}

export class SchemaComparison {
  readonly #from: Documents;
  readonly #to: Documents;
  readonly #pairs = new Map<string, Pair>();
  readonly #open: (() => void)[] = [];
  readonly #names: { readonly from: ComponentNames; readonly to: ComponentNames };

  constructor(from: Documents, to: Documents) {
    this.#from = from;
    this.#to = to;
    this.#names = { from: new ComponentNames(from), to: new ComponentNames(to) };
  }

  /** What is found in it is there once {@link finish} has been called. */
  compare(from: Node, to: Node, side: Side): Pair {
    const [source, target] = [followed(from, this.#from), followed(to, this.#to)];
    const key = `${side} ${source.id} ${target.id}`;
    let pair = this.#pairs.get(key);
    if (!pair) {
      const fresh: Pair = { findings: this.#renamed(from, to, side), inner: [] };
      pair = fresh;
      this.#pairs.set(key, fresh);
      this.#open.push(() => {
        const views = [viewOf(source, side, this.#from), viewOf(target, side, this.#to)] as const;
        const documents = [this.#from, this.#to] as const;
        new ViewComparison(...views, side, fresh, documents, (one, other) =>
          this.compare(one, other, side),
        ).run();
      });
    }
    return pair;
  }

  /** Nothing of a name is on the wire; but code that imports the type by a name that is gone no longer compiles. */
  #renamed(from: Node, to: Node, side: Side): Finding[] {
    const { from: old, to: fresh } = this.#names;
    const [was, is] = [old.of(from), fresh.of(to)];
    if (!was || !is || was.name === is.name || fresh.has(was.name)) return [];
    const message = old.has(is.name)
      ? `The schema \`${was.name}\` is gone: \`${is.name}\` is in its place.`
      : `The schema \`${was.name}\` is called \`${is.name}\` now.`;
    return [{ level: 'note', code: 'schema-renamed', message, side, from: was.node, to: is.node }];
  }

  /** Looks at everything that is to be compared, and at what is inside of it. */
  finish(): void {
    for (let next = this.#open.pop(); next; next = this.#open.pop()) next();
  }
}

/** A reference with something beside it is a schema of its own. */
function followed(schema: Node, documents: Documents): Node {
  const target = documents.follow(schema);
  return target && !target.siblings ? target.node : schema;
}

class ViewComparison {
  readonly #from: View;
  readonly #to: View;
  readonly #side: Side;
  readonly #pair: Pair;
  readonly #documents: readonly [from: Documents, to: Documents];
  readonly #compare: (from: Node, to: Node) => Pair;
  readonly #subject: string;

  constructor(
    from: View,
    to: View,
    side: Side,
    pair: Pair,
    documents: readonly [from: Documents, to: Documents],
    compare: (from: Node, to: Node) => Pair,
  ) {
    this.#documents = documents;
    this.#from = from;
    this.#to = to;
    this.#side = side;
    this.#pair = pair;
    this.#compare = compare;
    this.#subject = sentence(subjectOf(to.node));
  }

  run(): void {
    if (!this.#compareTypes()) return;
    this.#compareNull();
    const [from, to] = [this.#from.options.length > 0, this.#to.options.length > 0];
    if (from !== to) {
      if (this.#from.types && this.#to.types) this.#compareOptions();
      return;
    }
    this.#compareValues();
    this.#compareFacets();
    this.#compareProperties();
    this.#compareOthers();
    this.#compareItems();
    if (from) this.#compareOptions();
  }

  #tell(effect: Effect, code: string, message: string, from?: Node, to?: Node): void {
    this.#pair.findings.push({
      level: levelOf(effect, this.#side),
      code,
      message,
      side: this.#side,
      from: from ?? this.#from.node,
      to: to ?? this.#to.node,
    });
  }

  #into(from: Node, to: Node): void {
    this.#pair.inner.push(this.#compare(from, to));
  }

  /** Whether it makes sense to look further. */
  #compareTypes(): boolean {
    const [from, to] = [typesBesideNull(this.#from), typesBesideNull(this.#to)];
    const lost = from ? [...from].filter(type => !accepts(to, type)) : to ? ['anything else'] : [];
    const gained = to ? [...to].filter(type => !accepts(from, type)) : from ? ['anything'] : [];
    const message = `${this.#subject} was ${named(from)}, and is ${named(to)}.`;
    if (lost.length > 0 && gained.length > 0) this.#tell('changed', 'type-changed', message);
    else if (lost.length > 0) this.#tell('narrowed', 'type-narrowed', message);
    else if (gained.length > 0) this.#tell('widened', 'type-widened', message);
    return lost.length === 0 || gained.length === 0;
  }

  #compareNull(): void {
    const isOpen = (view: View) => view.types === undefined;
    if (isOpen(this.#from) || isOpen(this.#to)) return;
    if (!this.#from.isNullable && this.#to.isNullable)
      this.#tell('widened', 'null-added', `${this.#subject} may be null now.`);
    if (this.#from.isNullable && !this.#to.isNullable)
      this.#tell('narrowed', 'null-removed', `${this.#subject} is never null now.`);
  }

  #compareValues(): void {
    const [from, to] = [this.#from.values, this.#to.values];
    if (!from && to)
      this.#tell('narrowed', 'values-limited', `${this.#subject} is one of ${listed([...to])} now.`);
    if (from && !to) this.#tell('widened', 'values-freed', `${this.#subject} may have any value now.`);
    if (!from || !to) return;
    const lost = [...from].filter(value => !to.has(value));
    const gained = [...to].filter(value => !from.has(value));
    if (lost.length > 0)
      this.#tell('narrowed', 'values-removed', `${this.#subject} is no longer ${either(lost)}.`);
    if (gained.length > 0)
      this.#tell('widened', 'values-added', `${this.#subject} may be ${either(gained)} now.`);
  }

  #compareFacets(): void {
    const [from, to] = [this.#from.facets, this.#to.facets];
    for (const keyword of new Set([...from.keys(), ...to.keys()])) {
      const [before, after] = [from.get(keyword), to.get(keyword)];
      if (keyword === 'default') {
        this.#compareDefault(before?.value, after?.value, before?.node, after?.node);
        continue;
      }
      const effect = effectOf(keyword, before?.value, after?.value);
      if (!effect) continue;
      const was = before ? quoted(before.value) : 'not there';
      const is = after ? quoted(after.value) : 'gone';
      const code = {
        narrowed: 'constraint-narrowed',
        widened: 'constraint-widened',
        changed: 'constraint-changed',
      };
      const message = `${this.#subject}: \`${keyword}\` was ${was}, and is ${is}.`;
      this.#tell(effect, code[effect], message, before?.node, after?.node);
    }
  }

  /** What the service takes where a caller gives nothing; of what is received, no client makes anything of it. */
  #compareDefault(before: unknown, after: unknown, from: Node | undefined, to: Node | undefined): void {
    if (this.#side === 'response' || JSON.stringify(before) === JSON.stringify(after)) return;
    if (before === undefined) {
      const message = `${this.#subject} is ${quoted(after)} now where it is left out.`;
      this.#tell('widened', 'default-added', message, from, to);
      return;
    }
    const now =
      after === undefined ? 'has no default any more' : `is ${quoted(after)} now where it is left out`;
    this.#tell(
      'changed',
      after === undefined ? 'default-removed' : 'default-changed',
      `${this.#subject} ${now}; it was ${quoted(before)}.`,
      from,
      to,
    );
  }

  #compareProperties(): void {
    const [from, to] = [this.#from, this.#to];
    for (const name of new Set([...from.properties.keys(), ...from.required])) {
      const [before, after] = [from.properties.get(name), to.properties.get(name)];
      if (before && after) this.#into(before, after);
      // Whoever wrote the member down, or reads it, has code that no longer fits.
      if (before && !after && !to.required.has(name))
        this.#tell('changed', 'property-removed', `\`${name}\` is gone.`, before);
      else this.#compareRequired(name, before, after);
    }
    for (const name of new Set([...to.properties.keys(), ...to.required]))
      if (!from.properties.has(name) && !from.required.has(name)) this.#tellNew(name);
  }

  #compareRequired(name: string, before: Node | undefined, after: Node | undefined): void {
    const [was, is] = [this.#from.required.has(name), this.#to.required.has(name)];
    if (was && !is)
      this.#tell('widened', 'property-optional', `\`${name}\` may be left out now.`, before, after);
    if (!was && is)
      this.#tell('narrowed', 'property-required', `\`${name}\` is required now.`, before, after);
  }

  #tellNew(name: string): void {
    const property = this.#to.properties.get(name);
    const { others } = this.#from;
    const isRequired = this.#to.required.has(name);
    const message = `\`${name}\` is new${isRequired ? ', and required' : ''}.`;
    if (this.#side === 'request') {
      this.#tell(isRequired ? 'narrowed' : 'widened', 'property-added', message, undefined, property);
      return;
    }
    // Clients pass over members that they do not know, unless their document said that there are none.
    this.#tell(others === false ? 'widened' : 'narrowed', 'property-added', message, undefined, property);
    if (typeof others === 'object' && property) this.#into(others, property);
  }

  #compareOthers(): void {
    const [from, to] = [this.#from.others, this.#to.others];
    if (typeof from === 'object' && typeof to === 'object') this.#into(from, to);
    const rank = (others: boolean | Node) => (typeof others === 'object' ? 1 : others ? 2 : 0);
    if (rank(from) === rank(to)) return;
    const words = ['of no other name', 'of other names of one kind', 'of any other name'];
    const message = `${this.#subject} had members ${words[rank(from)]}, and has members ${words[rank(to)]}.`;
    if (rank(from) > rank(to)) this.#tell('narrowed', 'others-narrowed', message);
    else this.#tell('widened', 'others-widened', message);
  }

  #compareItems(): void {
    const [from, to] = [this.#from, this.#to];
    if (from.items && to.items) this.#into(from.items, to.items);
    else if (from.items)
      this.#tell('widened', 'items-widened', `An item of ${this.#subject} may be anything now.`, from.items);
    else if (to.items)
      this.#tell(
        'narrowed',
        'items-narrowed',
        `An item of ${this.#subject} may not be anything now.`,
        undefined,
        to.items,
      );
    const length = Math.max(from.firstItems.length, to.firstItems.length);
    for (let index = 0; index < length; index++) {
      const [before, after] = [from.firstItems[index], to.firstItems[index]];
      if (before && after) this.#into(before, after);
      else this.#tell('changed', 'items-changed', `${this.#subject} has other first items.`, before, after);
    }
  }

  #compareOptions(): void {
    const { matched, removed, added } = matchOptions(
      optionsOf(this.#from),
      optionsOf(this.#to),
      this.#documents,
    );
    for (const [before, after] of matched)
      if (before !== this.#from.node || after !== this.#to.node) this.#into(before, after);
    for (const option of removed)
      this.#tell(
        'narrowed',
        'option-removed',
        `${this.#subject} is no longer ${optionName(option)}.`,
        option,
      );
    for (const option of added)
      this.#tell(
        'widened',
        'option-added',
        `${this.#subject} may be ${optionName(option)} now.`,
        undefined,
        option,
      );
    if (this.#from.options.length === 0 || this.#to.options.length === 0) return;
    this.#compareDiscriminator();
    for (const [before, after] of matched) this.#compareTags(before, after);
  }

  /** Where nothing else is said, an option is told apart by its name, which is on the wire then. */
  #compareTags(before: Node, after: Node): void {
    const [from, to] = this.#documents;
    const [was, is] = [tagsIn(this.#from, before, from), tagsIn(this.#to, after, to)];
    if (!was || !is) return;
    const isSame = was.length === is.length && was.every(tag => is.includes(tag));
    if (!isSame)
      this.#tell(
        'changed',
        'discriminator-changed',
        `${optionName(after)} was told apart by ${either(was.map(quoted))}, and is by ${either(is.map(quoted))}.`,
        before,
        after,
      );
  }

  #compareDiscriminator(): void {
    const [before, after] = [this.#from, this.#to].map(({ node }) =>
      node.get('discriminator')?.get('propertyName'),
    );
    if (before?.value !== after?.value)
      this.#tell(
        'changed',
        'discriminator-changed',
        `${this.#subject} was told apart by ${named(before && [before.value])}, and is by ${named(after && [after.value])}.`,
        before,
        after,
      );
  }
}

/** The values that choose an option; undefined where nothing chooses, or the option has its own, compared as all are. */
function tagsIn({ node }: View, option: Node, documents: Documents): string[] | undefined {
  const discriminator = node.get('discriminator');
  const name = discriminator?.text('propertyName');
  const target = option.text('$ref') === undefined ? undefined : documents.follow(option)?.node;
  if (!discriminator || name === undefined || !target) return undefined;
  const own = viewOf(target, 'response', documents).properties.get(name);
  const isOwn = own && viewOf(own, 'response', documents).values !== undefined;
  return isOwn ? undefined : tagsOf(discriminator, option, target, documents);
}

/** What is no choice is one of one. */
const optionsOf = ({ options, node }: View): readonly Node[] => (options.length > 0 ? options : [node]);

const typesBesideNull = ({ types }: View): ReadonlySet<string> | undefined => {
  const others = types && new Set([...types].filter(type => type !== 'null'));
  return others?.size === 0 ? new Set(['null']) : others;
};

const accepts = (types: ReadonlySet<string> | undefined, type: string): boolean =>
  types === undefined || types.has(type) || (type === 'integer' && types.has('number'));

const named = (types: Iterable<unknown> | undefined): string =>
  types === undefined ? 'anything' : [...types].map(String).join(' or ');

const either = (values: Iterable<string>): string => [...values].join(' or ');

const optionName = (option: Node): string => {
  const name = nameOfOption(option) ?? option.text('title');
  return name ? `\`${name}\`` : `another ${named(option.get('type') && [option.get('type')?.value])}`;
};
