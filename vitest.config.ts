import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Most of what a program does that a test starts is to compile its packages, the same ones each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

/** Those that take longest, for the most part waiting. */
const slow = [
  'examples/observability',
  'test/storms',
  'examples/migrating',
  'undici/limits',
  'generator/emit',
  'examples/servers',
  'test/generator/depth',
  'test/generator/verify',
  'integrations/test/programs',
  'integrations/test/llm',
  'test/register/register',
  'test/generator/compile',
  'test/package',
];

/** What takes long begins first, so that at the end no core waits for one file. */
class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => {
      const at = slow.findIndex(part => moduleId.includes(part));
      return at < 0 ? slow.length : at;
    };
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other));
  }
}

export default defineConfig({
  test: {
    // For what hangs. What passes takes seconds, on a slow and busy machine a minute: this is no bound on anything.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // One more than there are cores: many files wait for programs and timers.
    maxWorkers: availableParallelism() + 1,
    sequence: { sequencer: SlowFirst },
    projects: [
      {
        extends: true,
        test: {
          name: 'holdfast',
          // The integrations have packages of their own beside them.
          include: ['test/**/*.test.ts', 'examples/integrations/test/*.test.ts'],
          // With packages, and a run, of their own.
          exclude: ['**/node_modules/**', 'test/bundlers/**', 'test/runtimes/**'],
          // Of the whole repository it is asked by `npm run types`.
          typecheck: {
            enabled: true,
            include: ['test/types/**/*.test-d.ts'],
            tsconfig: 'test/types/tsconfig.json',
          },
        },
      },
      {
        extends: true,
        test: {
          name: 'over undici',
          // The others script a transport of their own, which goes the same way in both projects.
          include: [
            'test/integration/*.test.ts',
            'test/regression/*.test.ts',
            'test/telemetry/{chaos,undici-instrumentation}.test.ts',
          ],
          setupFiles: ['test/support/over-undici.ts'],
          env: { TRANSPORT: 'undici' },
        },
      },
    ],
  },
});
