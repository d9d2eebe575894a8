import { defineConfig } from 'vitest/config';

/** A run of its own: what it needs is installed beside it. */
export default defineConfig({
  test: {
    include: ['test/bundlers/**/*.test.ts'],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // A browser on a machine that may be busy.
    expect: { poll: { timeout: 60_000 } },
    fileParallelism: false,
  },
});
