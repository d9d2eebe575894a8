import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    typecheck: { enabled: true, include: ['test/types/**/*.test-d.ts'] },
    // Only tests that start programs and servers come near this; nothing waits for time to pass.
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
