/**
 * Cuts schemas that are themselves with nothing in between: neither a type nor a parse of one would have an end.
 *
 * @see {@link https://json-schema.org/draft/2020-12/json-schema-core#section-9.4.1 | JSON Schema, 9.4.1}
 */
import type { Node } from '../document/node.ts';
import type { Problems } from '../document/problems.ts';
import type { Direction } from '../schemas.ts';
import { anything, type Model, nothing, type Reference, type Rule, ruled } from './model.ts';

/** What the cutting has to know of a document. */
export interface Surroundings {
  read(node: Node, direction: Direction): Model;
  /** Whether a schema stands before another, wherever the two are asked for. */
  isBefore(one: Node, other: Node): boolean;
  readonly problems: Problems;
}

export class Loops {
  readonly #surroundings: Surroundings;
  readonly #circles = { sent: new Circles(), received: new Circles() };
  readonly #cut = new Map<string, Model>();

  constructor(surroundings: Surroundings) {
    this.#surroundings = surroundings;
  }

  /** What a named schema says, without the references of it that lead back to it. */
  read(target: Node, direction: Direction): Model {
    const key = `${direction} ${target.id}`;
    let model = this.#cut.get(key);
    if (!model) {
      model = this.#withoutLoops(this.#surroundings.read(target, direction), target, direction);
      this.#cut.set(key, model);
    }
    return model;
  }

  #withoutLoops(model: Model, target: Node, direction: Direction): Model {
    if (directReferences(model).length === 0) return model;
    const { problems, read, isBefore } = this.#surroundings;
    const circles = this.#circles[direction];
    circles.find(target, node => directReferences(read(node, direction)).map(reference => reference.target));
    // Of the references that make a circle, one at least leads back.
    const isLoop = (reference: Reference): boolean =>
      circles.areOne(reference.target, target) && !isBefore(target, reference.target);
    const cutting: Cutting = {
      isLoop,
      leavesOut: () =>
        problems.warn(
          'This schema refers to itself with nothing in between.',
          'The reference is left out.',
          target,
        ),
      leavesUnchecked: keyword =>
        problems.note(
          `${keyword} leads back to this schema with nothing in between.`,
          'It is not checked.',
          target.get(keyword) ?? target,
        ),
    };
    return directReferences(model).some(isLoop) ? cut(model, cutting) : model;
  }
}

interface Cutting {
  isLoop(reference: Reference): boolean;
  leavesOut(): void;
  leavesUnchecked(keyword: string): void;
}

/** @param instead - what takes the place of the reference: an option is none, what is asked beside others is not asked. */
function cut(model: Model, cutting: Cutting, instead: Model = anything): Model {
  switch (model.kind) {
    case 'reference':
      if (!cutting.isLoop(model)) return model;
      cutting.leavesOut();
      return instead;
    case 'union':
      return { ...model, options: model.options.map(option => cut(option, cutting, nothing)) };
    case 'intersection':
      return { ...model, parts: model.parts.map(part => cut(part, cutting)) };
    case 'ruled':
      return ruled(
        cut(model.of, cutting, instead),
        model.rules.flatMap(rule => cutRule(rule, cutting)),
      );
    default:
      return model;
  }
}

/**
 * A rule that leads back is left out as a whole: without a part of it, it could refuse what the document takes. Of a
 * condition, what it leads to may be left out alone.
 */
function cutRule(rule: Rule, { isLoop, leavesUnchecked }: Cutting): Rule[] {
  const leadsBack = (model: Model): boolean => directReferences(model).some(isLoop);
  if (rule.rule === 'when' && !leadsBack(rule.condition)) {
    const [met, unmet] = [leadsBack(rule.met), leadsBack(rule.unmet)];
    if (met) leavesUnchecked('then');
    if (unmet) leavesUnchecked('else');
    return [{ ...rule, met: met ? anything : rule.met, unmet: unmet ? anything : rule.unmet }];
  }
  if (!modelsOfSameValue(rule).some(leadsBack)) return [rule];
  leavesUnchecked(keywordOf(rule));
  return [];
}

function keywordOf(rule: Rule): string {
  switch (rule.rule) {
    case 'when':
      return 'if';
    case 'exactly one':
      return 'oneOf';
    case 'when member':
      return 'dependentSchemas';
    case 'unevaluated':
      return rule.of === 'members' ? 'unevaluatedProperties' : 'unevaluatedItems';
    default:
      return rule.rule;
  }
}

/** What a rule asks of the value itself, and not of something in it. */
function modelsOfSameValue(rule: Rule): readonly Model[] {
  switch (rule.rule) {
    case 'not':
    case 'matches':
    case 'when member':
      return [rule.model];
    case 'when':
      return [rule.condition, rule.met, rule.unmet];
    case 'exactly one':
      return rule.options;
    case 'unevaluated':
      return rule.evaluated.flatMap(({ conditions }) => conditions.map(({ model }) => model));
    default:
      return [];
  }
}

/** References to what is asked of the same value, however deep. */
function directReferences(model: Model): Reference[] {
  switch (model.kind) {
    case 'reference':
      return [model];
    case 'union':
      return model.options.flatMap(directReferences);
    case 'intersection':
      return model.parts.flatMap(directReferences);
    case 'ruled':
      return [model.of, ...model.rules.flatMap(modelsOfSameValue)].flatMap(directReferences);
    default:
      return [];
  }
}

/** A schema on the way, and those that it refers to. */
interface Step {
  readonly id: string;
  readonly index: number;
  readonly targets: readonly Node[];
  next: number;
  lowest: number;
}

/**
 * Which schemas lead to each other: the strongly connected components of a graph that is looked at as it is asked for.
 *
 * @see {@link https://doi.org/10.1137/0201010 | Tarjan, Depth-first search and linear graph algorithms}
 */
class Circles {
  readonly #circleOf = new Map<string, number>();
  readonly #indexes = new Map<string, number>();

  areOne(one: Node, other: Node): boolean {
    const circle = this.#circleOf.get(one.id);
    return circle !== undefined && circle === this.#circleOf.get(other.id);
  }

  /** Everything that can be reached. Without recursion: chains may be longer than the stack. */
  find(from: Node, targetsOf: (node: Node) => readonly Node[]): void {
    if (this.#circleOf.has(from.id)) return;
    const met: string[] = [];
    const way: Step[] = [];
    const enter = (node: Node): void => {
      const index = this.#indexes.size;
      this.#indexes.set(node.id, index);
      met.push(node.id);
      way.push({ id: node.id, index, targets: targetsOf(node), next: 0, lowest: index });
    };
    enter(from);
    for (let step = way.at(-1); step; step = way.at(-1)) {
      const target = step.targets[step.next++];
      if (target) {
        const known = this.#indexes.get(target.id);
        if (known === undefined) enter(target);
        else if (!this.#circleOf.has(target.id)) step.lowest = Math.min(step.lowest, known);
        continue;
      }
      way.pop();
      const before = way.at(-1);
      if (before) before.lowest = Math.min(before.lowest, step.lowest);
      if (step.lowest < step.index) continue;
      for (const id of met.splice(met.lastIndexOf(step.id))) this.#circleOf.set(id, step.index);
    }
  }
}
