import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

// Most of what a program does that a test starts is to compile its packages, the same ones each time.
process.env.NODE_COMPILE_CACHE ??= fileURLToPath(new URL('node_modules/.cache/compiled', import.meta.url));

export default defineConfig({
  test: {
    // For what hangs. What passes takes seconds, on a slow and busy machine a minute: this is no bound on anything.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // By default one core is left alone, which on a machine with two is half of it; and many files wait for programs.
    maxWorkers: availableParallelism(),
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
