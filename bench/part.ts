/** A part of the bench with a section of its own in the README. */
import type { Finding } from './probe.ts';

export interface PartRequest {
  readonly build: string;
  readonly quick: boolean;
  report(progress: string): void;
}

export interface PartResult {
  /** Markdown, above the table of findings. */
  readonly text: string;
  readonly findings: readonly Finding[];
  /** For `--json`. */
  readonly results: unknown;
}

export interface Part {
  readonly name: string;
  run(request: PartRequest): Promise<PartResult>;
}
