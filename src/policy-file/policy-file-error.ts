/** Where something stands in a file, counted from 1. */
export interface Position {
  readonly line: number;
  /** In UTF-16 units, as editors count. */
  readonly column: number;
}

/** One thing that is wrong with a policy file. */
export interface PolicyFileIssue {
  /** Undefined where the file as a whole will not do. */
  readonly position: Position | undefined;
  /** The option, such as `retry.maxRetries` or `hosts['payments.internal'].retry`; empty for the whole. */
  readonly option: string;
  /** What is wrong, what is allowed and what was given. */
  readonly message: string;
}

/** A message should fit on a screen; `issues` has them all. */
const maxShown = 10;

/** A policy file that cannot be read, has a syntax error, or says what a policy cannot say. */
export class PolicyFileError extends Error {
  readonly code = 'POLICY_FILE';
  /** The file, as it was given. */
  readonly path: string;
  /** In the order of the file; at least one. */
  readonly issues: readonly PolicyFileIssue[];

  constructor(path: string, issues: readonly PolicyFileIssue[], options?: ErrorOptions) {
    super(messageOf(path, issues), options);
    this.path = path;
    this.issues = issues;
  }

  /** Line of the first issue, from 1. */
  get line(): number | undefined {
    return this.issues[0]?.position?.line;
  }

  /** Column of the first issue, from 1. */
  get column(): number | undefined {
    return this.issues[0]?.position?.column;
  }
}

Object.defineProperty(PolicyFileError.prototype, 'name', {
  value: 'PolicyFileError',
  configurable: true,
  writable: true,
});

function messageOf(path: string, issues: readonly PolicyFileIssue[]): string {
  const lines = issues.slice(0, maxShown).map(({ position, message }) => {
    const place = position ? `${path}:${position.line}:${position.column}` : path;
    return `${place}: ${message}`;
  });
  if (issues.length === 1) return lines.join('');
  const rest = issues.length - lines.length;
  if (rest > 0) lines.push(`and ${rest} more`);
  return [`${path} has ${issues.length} problems:`, ...lines].join('\n  ');
}
