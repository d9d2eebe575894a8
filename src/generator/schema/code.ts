/** Expressions as chains of calls, laid out as formatters of TypeScript do it. */
import { broken, group, hardLine, indent, join, type Layout, line, list, softLine } from '../print/layout.ts';
import { numberLiteral, textLiteral } from '../print/literal.ts';

/** An argument, and how much of it there is to read. */
export interface Argument {
  readonly layout: Layout;
  /** Levels of calls and literals within each other; Infinity for functions and what is as complex. */
  readonly depth: number;
  /** An only argument that is a literal of an object or a list opens and closes on the lines of its call. */
  readonly hugs?: boolean;
  readonly isFunction?: boolean;
  /** A call that is given a function: beside other arguments, formatters give each a line. */
  readonly isComposed?: boolean;
}

interface Call {
  readonly layout: Layout;
  readonly depth: number;
  readonly hasFunction: boolean;
}

/** `z.string().optional()`: something and the calls on it. */
export class Chain implements Argument {
  readonly head: string;
  readonly calls: readonly Call[];
  readonly depth: number;

  constructor(head: string, calls: readonly Call[] = [], depth = 1) {
    this.head = head;
    this.calls = calls;
    this.depth = depth;
  }

  call(name: string, ...args: readonly Argument[]): Chain {
    const depth = depthOf(args);
    const hasFunction = args.some(({ isFunction }) => isFunction);
    const call = { layout: [`.${name}`, parenthesized(args)], depth, hasFunction };
    return new Chain(this.head, [...this.calls, call], Math.max(this.depth, depth));
  }

  /** Whether there is nowhere to break it. */
  get isWhole(): boolean {
    const kept = /^[A-Z]/.test(this.head) ? 2 : 1;
    return this.calls.length <= kept && this.calls.every(({ depth }) => depth === 1);
  }

  get isComposed(): boolean {
    return this.calls.at(-1)?.hasFunction === true;
  }

  get layout(): Layout {
    const calls = this.calls.map(({ layout }) => layout);
    // A name that begins with a capital keeps its first call on its line.
    const kept = /^[A-Z]/.test(this.head) ? 1 : 0;
    if (calls.length <= 1 + kept) return [this.head, ...calls];
    const mustBreak = calls.length > 2 && this.calls.some(({ depth }) => depth > 3);
    const first = calls.slice(0, kept);
    const rest = calls.slice(kept);
    return group(
      this.head,
      ...first,
      indent(...rest.flatMap(call => [mustBreak ? hardLine : softLine, call])),
    );
  }
}

/** Arguments count as one level; formatters look two levels deep. */
const depthOf = (args: readonly Argument[]): number =>
  args.reduce((depth, arg) => Math.max(depth, 1 + arg.depth), 1);

function parenthesized(args: readonly Argument[]): Layout {
  const [only, ...more] = args;
  if (only?.hugs && more.length === 0) return ['(', only.layout, ')'];
  const layouts = args.map(({ layout }) => layout);
  if (more.length === 0 || args.every(({ isComposed }) => !isComposed)) return list('(', layouts, ')');
  return broken('(', indent(softLine, ...join([',', line], layouts)), ',', softLine, ')');
}

export const z: Chain = new Chain('z');

/** Code without parts. */
export const code = (text: string): Argument => ({ layout: text, depth: 1 });

export const text = (value: string): Argument => code(textLiteral(value));
export const number = (value: number): Argument => code(numberLiteral(value));

/** `[a, b]`. Numbers fill their lines, everything else has lines of its own. */
export function array(items: readonly Argument[]): Argument {
  const areNumbers = items.every(({ layout }) => typeof layout === 'string' && /^-?[\d.]/.test(layout));
  const layouts = items.map(({ layout }) => layout);
  return {
    layout: areNumbers && items.length > 1 ? filled(layouts as string[]) : list('[', layouts, ']'),
    depth: depthOf(items),
    hugs: true,
  };
}

const filled = (items: readonly string[]): Layout =>
  group(
    '[',
    indent(softLine, { fill: items.map((item, index) => (index < items.length - 1 ? `${item},` : item)) }),
    { broken: ',', flat: '' },
    softLine,
    ']',
  );

/** `value => body`. The parts of the body stand between `||`. */
export const arrow = (parameter: string, ...parts: readonly Layout[]): Argument => ({
  layout: group(`${parameter} =>`, indent({ line: ' ' }, group(...join([' ||', { line: ' ' }], parts)))),
  depth: Number.POSITIVE_INFINITY,
  isFunction: true,
});
