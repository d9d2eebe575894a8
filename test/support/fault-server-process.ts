import type { Message, NumberedCommand } from './fault-server/protocol.ts';
import { FaultyService } from './fault-server/server.ts';

/** The process behind `startFaultServer()`: plays what it is told over IPC, and ends with its parent. */

const services = new Map<number, FaultyService>();

const tell = (message: Message): void => {
  if (process.connected) process.send?.(message);
};

async function obey({ command }: NumberedCommand): Promise<number> {
  if (command.kind === 'listen') {
    const service = new FaultyService(command.server, command.options, event =>
      tell({ kind: 'event', event }),
    );
    services.set(command.server, service);
    return service.listen();
  }
  const service = services.get(command.server);
  if (!service) throw new Error(`no server ${command.server}`);
  switch (command.kind) {
    case 'close':
      services.delete(command.server);
      await service.stopListening();
      return 0;
    case 'stop-listening':
      await service.stopListening();
      return 0;
    case 'listen-again':
      return service.listen();
    case 'close-idle':
      service.closeIdle();
      return 0;
    case 'release':
      service.release(command.path);
      return 0;
    case 'sync':
      await takeInWhatHasArrived();
      return 0;
  }
}

/** Loopback delivers at once, but accepting, reading and answering each take a turn of the event loop. */
async function takeInWhatHasArrived(): Promise<void> {
  for (let turn = 0; turn < 10; turn++) await new Promise(resolve => setImmediate(resolve));
}

process.on('message', async message => {
  const numbered = message as NumberedCommand;
  const port = await obey(numbered);
  tell({ kind: 'done', number: numbered.number, port });
});
process.on('disconnect', () => process.exit());
