import { defineConfig } from 'vitest/config';

/** A run of its own: what it needs is installed beside it. */
export default defineConfig({
  test: {
    include: ['test/bundlers/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A browser on a machine that may be busy.
    expect: { poll: { timeout: 15_000 } },
    fileParallelism: false,
  },
});
