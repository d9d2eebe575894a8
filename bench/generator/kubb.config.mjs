/** kubb has no options on its command line for what its plugins write. */
import { defineConfig } from '@kubb/core';
import { pluginOas } from '@kubb/plugin-oas';
import { pluginZod } from '@kubb/plugin-zod';

export default defineConfig({
  input: { path: process.env.BENCH_INPUT },
  output: { path: process.env.BENCH_OUTPUT, clean: true },
  plugins: [pluginOas({ generators: [] }), pluginZod({ output: { path: 'zod' } })],
});
