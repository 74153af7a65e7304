import { describe, expect, test } from '@jest/globals';
import { createRunningParts } from '../../../../src/actors/kernel/running-parts.js';
import { createSilentLogger } from '../../../support/fake-ports.js';

describe('the parts of a process', () => {
  const recorded = () => {
    const stopped: string[] = [];
    const part = (name: string) => ({ stop: () => void stopped.push(name) });
    return { stopped, part, parts: createRunningParts() };
  };

  test('stop in the reverse order of their start', async () => {
    const { stopped, part, parts } = recorded();
    for (const name of ['database', 'journal', 'http']) parts.add(name, part(name));
    await parts.stopAll(createSilentLogger());
    expect(stopped).toEqual(['http', 'journal', 'database']);
    expect(parts.left).toEqual([]);
  });

  test('a part that fails to stop holds up no other, and stands as left while it stops', async () => {
    const { stopped, part, parts } = recorded();
    parts.add('database', part('database'));
    parts.add('journal', {
      stop() {
        stopped.push(`journal, left: ${parts.left.join()}`);
        throw new Error('broken');
      },
    });
    await parts.stopAll(createSilentLogger());
    expect(stopped).toEqual(['journal, left: database,journal', 'database']);
  });

  test('a part that is still starting is waited for, and the one that all rely on stops last', async () => {
    const { stopped, part, parts } = recorded();
    parts.add('database', part('database'));
    let begin: (started: { stop(): void }) => void = () => undefined;
    parts.addStarting('Kafka', new Promise((resolve) => (begin = resolve)), 'last');
    parts.add('http', part('http'));
    const stopping = parts.stopAll(createSilentLogger());
    await new Promise(setImmediate);
    expect(stopped).toEqual(['http', 'database']);
    begin(part('Kafka'));
    await stopping;
    expect(stopped).toEqual(['http', 'database', 'Kafka']);
  });

  test('a start that failed leaves nothing to stop', async () => {
    const { stopped, part, parts } = recorded();
    parts.add('database', part('database'));
    parts.addStarting('Postgres', Promise.reject(new Error('no disk')));
    await parts.stopAll(createSilentLogger());
    expect(stopped).toEqual(['database']);
  });
});
