import { fc, test } from '@fast-check/vitest';
import { expect, test as plainTest } from 'vitest';
import { type OpenCall, OpenCalls } from '../../src/pipeline/open-calls.ts';

const someCall = (onClose: () => void = () => {}): OpenCall => ({ place: -1, close: onClose });

test.prop([fc.array(fc.nat({ max: 9 }), { maxLength: 60 })])(
  'closes exactly those that came and have not left, each once, in any order of coming and leaving',
  steps => {
    const calls = new OpenCalls();
    const closed: number[] = [];
    const all = Array.from({ length: 10 }, (_, index) => someCall(() => closed.push(index)));
    const expected = new Set<number>();
    for (const index of steps) {
      if (expected.delete(index)) calls.remove(all[index]!);
      else {
        calls.add(all[index]!);
        expected.add(index);
      }
    }
    calls.closeAll();
    expect(closed.sort()).toEqual([...expected].sort());
  },
);

plainTest('a call may leave twice, and while all are closed', () => {
  const calls = new OpenCalls();
  const heard: string[] = [];
  const one = someCall(() => {
    heard.push('one');
    calls.remove(one);
  });
  const other = someCall(() => {
    heard.push('other');
    calls.remove(other);
    calls.remove(other);
  });
  calls.add(one);
  calls.add(other);
  calls.closeAll();
  calls.closeAll();
  expect(heard).toEqual(['one', 'other']);
});
