/** What it costs to send and to read bodies that weigh something. */
import { HOLDFAST_UNDICI, UNDICI_REQUEST } from './candidates.ts';
import type { Part } from './part.ts';
import { startServer } from './server.ts';
import { table } from './table.ts';
import { senders, transfers, transferTask } from './transfer-tasks.ts';
import { type Entry, median, ratio, takeTurns, withLabs } from './turns.ts';

export const transfersPart: Part = {
  name: 'transfers',
  async run({ build, quick, report }) {
    const server = await startServer();
    const results = [];
    try {
      for (const { name, requestsPerTurn, concurrency } of transfers) {
        report(`transfers: ${name}`);
        const tasks = senders.map(sender => transferTask(name, sender));
        const turn = { slices: 1, requestsPerSlice: requestsPerTurn, concurrency };
        const cpu = await withLabs(tasks, server.url, build, async labs => {
          const entries: Entry[] = [...labs].map(([task, lab]) => ({ name: task, lab, turn }));
          await takeTurns(entries, { blocks: 1, roundsPerBlock: quick ? 2 : 6 });
          return takeTurns(
            entries,
            quick ? { blocks: 3, roundsPerBlock: 3 } : { blocks: 9, roundsPerBlock: 6 },
          );
        });
        const request = transferTask(name, UNDICI_REQUEST);
        for (const sender of senders) {
          const task = transferTask(name, sender);
          results.push({
            transfer: name,
            sender,
            cpuMicros: median(cpu, task),
            toRequest: ratio(cpu, task, request),
          });
        }
      }
    } finally {
      server.close();
    }
    const rows = results.map(({ transfer, sender, cpuMicros, toRequest }) => [
      transfer,
      sender,
      cpuMicros.toFixed(0),
      toRequest.toFixed(2),
    ]);
    const findings = results
      .filter(({ sender }) => sender === HOLDFAST_UNDICI)
      .map(({ transfer, toRequest }) => ({
        what: `CPU of ${HOLDFAST_UNDICI} to that of ${UNDICI_REQUEST}, ${transfer}`,
        measured: toRequest,
        limit: 1.1,
        unit: '×',
      }));
    return { text: table(['', '', 'CPU, µs', `× ${UNDICI_REQUEST}`], rows), findings, results };
  },
};
